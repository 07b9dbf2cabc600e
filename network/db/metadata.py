"""Queries about who gets metadata where."""

import sqlalchemy as sa
from sqlalchemy import orm

from network.db.models import Allocation, Network, Port


def ports_for(session: orm.Session, host: str) -> list[tuple[Port, int]]:
    """Return the metadata port of each network with a guest on the host.

    Beside each is the network's MTU.
    """
    here = sa.select(Port.network_id).where(
        Port.binding_host_id == host, Port.device_owner.like("compute:%"))
    return list(session.execute(
        sa.select(Port, Network.mtu)
        .join(Network, Network.id == Port.network_id)
        .where(Port.device_owner == "network:distributed",
               Port.network_id.in_(here))
        .order_by(Port.id)))


def guest(session: orm.Session, network_id: str, address: str,
          host: str) -> Port | None:
    """Return the port of a server on the host that has the address."""
    return session.scalar(
        sa.select(Port).join(Allocation, Allocation.port_id == Port.id)
        .where(Port.network_id == network_id,
               Allocation.ip_address == address,
               Port.binding_host_id == host,
               Port.device_owner.like("compute:%")))
