"""Queries of ports."""

import random
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import exc, orm

from network import exceptions
from network.db import changes
from network.db.models import Port, PortGroup

_ROUNDS = 8
#: What a MAC that we choose begins with.
_MAC_BASE = "fa:16:3e"


def get(session: orm.Session, port_id: str) -> Port:
    """Return the port or raise PortNotFound."""
    found = session.get(Port, port_id)
    if found is None:
        raise exceptions.PortNotFound(id=port_id)
    return found


def create(session: orm.Session, mac: str | None = None,
           **values: object) -> Port:
    """Add a port with ``mac``, or one chosen at random.

    :raises MacAddressInUse: if the network has ``mac`` already
    """
    for _ in range(_ROUNDS):
        port = Port(mac_address=mac or _random_mac(), **values)
        try:
            with session.begin_nested():
                session.add(port)
                session.flush()
        except exc.IntegrityError:
            if mac:
                break
            continue
        changes.add(session, "port", port.id)
        return port
    raise exceptions.MacAddressInUse(
        network_id=values["network_id"], mac=mac or "")


def set_mac(session: orm.Session, port: Port, mac: str) -> None:
    """Give the port another MAC.

    :raises MacAddressInUse: if the network has it already
    """
    try:
        with session.begin_nested():
            port.mac_address = mac
            session.flush()
    except exc.IntegrityError:
        raise exceptions.MacAddressInUse(
            network_id=port.network_id, mac=mac) from None


def _random_mac() -> str:
    tail = random.randbytes(3)
    return ":".join([_MAC_BASE, *[f"{byte:02x}" for byte in tail]])


def set_groups(session: orm.Session, port: Port,
               group_ids: Iterable[str]) -> None:
    """Put the port in these security groups and no others."""
    wanted = set(group_ids)
    port.groups = [g for g in port.groups if g.security_group_id in wanted]
    have = {g.security_group_id for g in port.groups}
    port.groups += [PortGroup(port_id=port.id, security_group_id=each)
                    for each in sorted(wanted - have)]


def delete(session: orm.Session, port: Port) -> None:
    """Remove the port; its addresses are free at commit."""
    changes.add(session, "port", port.id)
    session.delete(port)
    session.flush()


def of_device(session: orm.Session, device_id: str,
              owners: Iterable[str]) -> list[Port]:
    """Return the device's ports of some kinds, the oldest first."""
    return list(session.scalars(
        sa.select(Port).where(Port.device_id == device_id,
                              Port.device_owner.in_(list(owners)))
        .order_by(Port.created_at, Port.id)))


def metadata_port(session: orm.Session, network_id: str) -> Port | None:
    """Return the port through which the network's guests get metadata."""
    return session.scalar(sa.select(Port).where(
        Port.network_id == network_id,
        Port.device_owner == "network:distributed"))


def set_status(session: orm.Session, port_id: str, status: str) -> bool:
    """Record what the nodes say; return False where it was so already."""
    done = session.execute(
        sa.update(Port).where(Port.id == port_id, Port.status != status)
        .values(status=status)
        .execution_options(synchronize_session=False))
    return bool(done.rowcount)
