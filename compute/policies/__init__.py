"""The rules of compute, one module per group of resources."""

from compute.policies import (
    aggregates,
    cloud,
    flavors,
    keypairs,
    placement,
    servers,
)

RULES = [*servers.RULES, *flavors.RULES, *keypairs.RULES, *cloud.RULES,
         *aggregates.RULES]
PLACEMENT_RULES = placement.RULES
