"""Queries on the ports of servers."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from compute import exceptions
from compute.db.cell.models import Nic
from compute.db.cell.servers import worked_on


def of_server(session: orm.Session, server_id: str) -> Sequence[Nic]:
    return session.scalars(
        sa.select(Nic).where(Nic.server_id == server_id)
        .order_by(Nic.position)).all()


def replace(session: orm.Session, server_id: str,
            wanted: Iterable[Nic]) -> None:
    """Give the server exactly these; what is plugged stays plugged.

    Those that come or go are left to the task that sees to it.
    """
    known = {nic.port_id: nic for nic in of_server(session, server_id)}
    for nic in wanted:
        old = known.pop(nic.port_id, None)
        nic.server_id = server_id
        nic.plugged = bool(old and old.plugged) or bool(nic.plugged)
        session.merge(nic)
    for gone in known.values():
        if gone.status == "attached":
            session.delete(gone)
    session.flush()


def put(session: orm.Session, nic: Nic) -> None:
    """Write a NIC; a new one goes behind those that the server has."""
    nic.position = _next_position(session, nic.server_id)
    known = session.get(Nic, nic.port_id)
    if known is not None:
        nic.position = known.position
    session.merge(nic)
    session.flush()


def claim(session: orm.Session, nic: Nic) -> None:
    """Add the NIC of a port that was lent, before anything is done to it.

    :raises PortInUse: another server has it, or this one has it already
    """
    nic.position = _next_position(session, nic.server_id)
    try:
        with session.begin_nested():
            session.add(nic)
    except sa.exc.IntegrityError:
        raise exceptions.PortInUse(port_id=nic.port_id) from None


def _next_position(session: orm.Session, server_id: str) -> int:
    last = session.scalar(sa.select(sa.func.max(Nic.position)).where(
        Nic.server_id == server_id))
    return 0 if last is None else last + 1


def set_status(session: orm.Session, server_id: str, port_id: str, *,
               was: str, status: str) -> bool:
    """Move the NIC on, if its status is ``was``; say whether it was."""
    moved: Any = session.execute(
        sa.update(Nic)
        .where(Nic.server_id == server_id, Nic.port_id == port_id,
               Nic.status == was)
        .values(status=status)
        .execution_options(synchronize_session=False))
    session.expire_all()
    return bool(moved.rowcount)


def abandoned(session: orm.Session, limit: int = 100) -> Sequence[Nic]:
    """Return those that come or go, and no task sees to it."""
    return session.scalars(
        sa.select(Nic).where(Nic.status != "attached",
                             ~worked_on(Nic.server_id))
        .order_by(Nic.port_id).limit(limit)).all()


def set_plugged(session: orm.Session, server_id: str,
                port_ids: Iterable[str], *, plugged: bool = True) -> int:
    """Note that the network wired these ports; return how many."""
    changed: Any = session.execute(
        sa.update(Nic)
        .where(Nic.server_id == server_id,
               Nic.port_id.in_(list(port_ids)))
        .values(plugged=plugged)
        .execution_options(synchronize_session=False))
    return int(changed.rowcount)


def unplugged(session: orm.Session, server_id: str) -> Sequence[str]:
    """Return the ids of the ports that are not wired yet."""
    return session.scalars(sa.select(Nic.port_id).where(
        Nic.server_id == server_id, Nic.plugged.is_(False))).all()


def remove(session: orm.Session, server_id: str, port_id: str) -> bool:
    """Take the port from the server; say whether it was there."""
    gone: Any = session.execute(sa.delete(Nic).where(
        Nic.server_id == server_id, Nic.port_id == port_id))
    return bool(gone.rowcount)
