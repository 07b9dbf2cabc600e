"""Queries of networks."""

import sqlalchemy as sa
from sqlalchemy import exc, orm

from network import exceptions
from network.db import changes
from network.db.models import FloatingIP, Network, Port, Subnet

#: Ports that come and go with the network, unlike those of users.
AUTOMATIC = ("network:distributed", "network:dhcp")


def get(session: orm.Session, network_id: str) -> Network:
    """Return the network or raise NetworkNotFound."""
    found = session.get(Network, network_id)
    if found is None:
        raise exceptions.NetworkNotFound(id=network_id)
    return found


def lock(session: orm.Session, network_id: str) -> Network:
    """Return the network, held until the transaction ends.

    Held while its subnets change, so that no two of them overlap.
    """
    found = session.scalar(
        sa.select(Network).where(Network.id == network_id)
        .with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise exceptions.NetworkNotFound(id=network_id)
    return found


def create(session: orm.Session, **values: object) -> Network:
    """Add a network.

    :raises ProviderNetworkInUse: if another is on the same wire
    """
    network = Network(**values)
    try:
        with session.begin_nested():
            session.add(network)
            session.flush()
    except exc.IntegrityError:
        raise exceptions.ProviderNetworkInUse(
            physical_network=network.physical_network,
            segmentation_id=network.segmentation_id) from None
    changes.add(session, "network", network.id)
    return network


def is_in_use(session: orm.Session, network_id: str) -> bool:
    """Say whether a port of a user or a floating IP is on it."""
    port = session.scalar(sa.select(Port.id).where(
        Port.network_id == network_id,
        Port.device_owner.not_in(AUTOMATIC)).limit(1))
    return port is not None


def delete(session: orm.Session, network_id: str) -> None:
    """Remove the network, its subnets and its automatic ports.

    :raises NetworkInUse: while anything else is on it
    """
    network = lock(session, network_id)
    if is_in_use(session, network_id) or session.scalar(
            sa.select(FloatingIP.id).where(
                FloatingIP.floating_network_id == network_id).limit(1)):
        raise exceptions.NetworkInUse(id=network_id)
    automatic = list(session.scalars(sa.select(Port).where(
        Port.network_id == network_id)))
    for port in automatic:
        changes.add(session, "port", port.id)
        session.delete(port)
    session.flush()
    changes.add(session, "subnet", *[s.id for s in network.subnets])
    session.execute(sa.delete(Subnet).where(
        Subnet.network_id == network_id))
    session.expire(network, ["subnets"])
    session.delete(network)
    session.flush()
    changes.add(session, "network", network_id)


def other_projects(session: orm.Session, network: Network) -> bool:
    """Say whether ports of projects other than the owner's are on it."""
    return session.scalar(sa.select(Port.id).where(
        Port.network_id == network.id, Port.project_id != "",
        Port.project_id != network.project_id,
        ~Port.device_owner.startswith("network:")).limit(1)) is not None


def has_gateways(session: orm.Session, network_id: str) -> bool:
    """Say whether routers lead out through it."""
    return session.scalar(sa.select(Port.id).where(
        Port.network_id == network_id,
        Port.device_owner.in_(
            ("network:router_gateway", "network:floatingip"))
    ).limit(1)) is not None
