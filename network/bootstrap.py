"""What every cloud has: the network named public."""

import ipaddress

from oslo_config import cfg
from sqlalchemy import orm

from common import db
from common.bootstrap import ADMIN_PROJECT_ID
from network import subnets
from network.db import networks
from network.db.models import Network

_NETWORK_ID = "b1f4a2c0-6a35-5d5e-9a5c-1f0c9f6f0001"


def bootstrap(conf: cfg.ConfigOpts) -> None:
    """Make the external network and its subnet, unless they are there."""
    database = db.Database(conf.network.database)
    try:
        with database.writer() as session:
            if session.get(Network, _NETWORK_ID) is None:
                networks.create(
                    session, id=_NETWORK_ID, name="public",
                    project_id=ADMIN_PROJECT_ID, external=True,
                    network_type="flat", mtu=conf.network.underlay_mtu,
                    physical_network=conf.network.public_physical_network)
                _subnet(conf, session)
    finally:
        database.dispose()


def _subnet(conf: cfg.ConfigOpts, session: orm.Session) -> None:
    block = ipaddress.ip_network(conf.network.public_cidr)
    subnets.create(
        session, _NETWORK_ID, cidr=str(block), ip_version=4,
        project_id=ADMIN_PROJECT_ID, name="public",
        gateway_ip=conf.network.public_gateway, enable_dhcp=False,
        allocation_pools=[{
            "start": str(block[conf.network.public_pool_first]),
            "end": str(block[conf.network.public_pool_last])}])
