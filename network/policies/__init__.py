"""Every rule of the network's API."""

from network.policies import (
    floatingips,
    networks,
    ports,
    routers,
    security_groups,
    subnets,
    system,
)

RULES = [*networks.RULES, *subnets.RULES, *ports.RULES, *routers.RULES,
         *floatingips.RULES, *security_groups.RULES, *system.RULES]
