"""The resources of the network's API, v2.0."""

from collections.abc import Callable

from oslo_config import cfg

from common import db, wsgi
from network import policies
from network.api import errors
from network.api.floatingips import FloatingIPs
from network.api.networks import Networks
from network.api.ports import Ports
from network.api.routers import Routers
from network.api.security_groups import SecurityGroupRules, SecurityGroups
from network.api.subnets import Subnets
from network.api.system import System, Versions


def make(database: db.Database, conf: cfg.ConfigOpts,
         changed: Callable[[], None]) -> wsgi.API:
    """Return the API.

    :param changed: called after each change that OVN must show
    """
    resources = [
        Networks(database, changed, conf.network.underlay_mtu),
        Subnets(database, changed), Ports(database, changed),
        Routers(database, changed), FloatingIPs(database, changed),
        SecurityGroups(database, changed),
        SecurityGroupRules(database, changed), System(database)]
    table = [route for each in resources for route in each.routes()]
    return wsgi.API(
        name="network",
        routes=[*Versions().routes(), *wsgi.mounted(["/v2.0"], table)],
        rules=policies.RULES, faults=errors.style)
