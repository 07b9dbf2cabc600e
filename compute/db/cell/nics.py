"""Queries on the ports of servers."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from compute.db.cell.models import Nic


def of_server(session: orm.Session, server_id: str) -> Sequence[Nic]:
    return session.scalars(
        sa.select(Nic).where(Nic.server_id == server_id)
        .order_by(Nic.position)).all()


def replace(session: orm.Session, server_id: str,
            wanted: Iterable[Nic]) -> None:
    """Give the server exactly these; what is plugged stays plugged."""
    known = {nic.port_id: nic for nic in of_server(session, server_id)}
    for nic in wanted:
        old = known.pop(nic.port_id, None)
        nic.server_id = server_id
        nic.plugged = bool(old and old.plugged) or bool(nic.plugged)
        session.merge(nic)
    for gone in known.values():
        session.delete(gone)
    session.flush()


def append(session: orm.Session, nic: Nic) -> None:
    """Add a NIC behind those that the server has."""
    last = session.scalar(sa.select(sa.func.max(Nic.position)).where(
        Nic.server_id == nic.server_id))
    nic.position = 0 if last is None else last + 1
    session.merge(nic)
    session.flush()


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
