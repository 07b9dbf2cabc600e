"""What OVN has yet to be told, and compute.

A change is written in the transaction of the rows it is about, so none is
lost; it only names what to look at, so any number of them may be folded.
"""

import datetime
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from network.db.models import Allocation, Change, Notice, Port


def add(session: orm.Session, kind: str, *ids: str | None) -> None:
    """Ask that these units of OVN be looked at; None is passed over."""
    rows = [{"kind": kind, "resource_id": each} for each in ids if each]
    if rows:
        session.execute(sa.insert(Change), rows)


def touch(row: object) -> None:
    """Make the row's revision grow with this transaction."""
    row.updated_at = db.utcnow()  # type: ignore[attr-defined]


def pending(session: orm.Session, limit: int) -> list[Change]:
    """Return the oldest changes."""
    return list(session.scalars(
        sa.select(Change).order_by(Change.id).limit(limit)))


def remove(session: orm.Session, ids: Iterable[int]) -> None:
    """Forget changes that OVN shows."""
    session.execute(sa.delete(Change).where(Change.id.in_(list(ids))))


def ports_of_subnet(session: orm.Session, subnet_id: str) -> None:
    """Ask that every port with an address of the subnet be looked at."""
    session.execute(sa.insert(Change).from_select(
        ["kind", "resource_id"],
        sa.select(sa.literal("port"), Allocation.port_id)
        .where(Allocation.subnet_id == subnet_id).distinct()))


def routers_on(session: orm.Session, network_id: str) -> None:
    """Ask that every router with a port on the network be looked at."""
    session.execute(sa.insert(Change).from_select(
        ["kind", "resource_id"],
        sa.select(sa.literal("router"), Port.device_id)
        .where(Port.network_id == network_id,
               Port.device_owner.in_(("network:router_interface",
                                      "network:router_gateway")))
        .distinct()))


def notify(session: orm.Session, name: str, port: Port | None) -> None:
    """Ask that compute be told about a port of one of its servers."""
    if port is None:
        return
    if port.device_id and port.device_owner.startswith("compute:"):
        session.add(Notice(
            name=name, server_id=port.device_id, port_id=port.id))


def due_notices(session: orm.Session, limit: int) -> list[Notice]:
    """Return notices whose time has come, the oldest first.

    One that waits keeps back the later ones of its server.
    """
    now = db.utcnow()
    earlier = orm.aliased(Notice)
    kept_back = sa.exists().where(
        earlier.server_id == Notice.server_id, earlier.id < Notice.id,
        earlier.due_at > now)
    return list(session.scalars(
        sa.select(Notice).where(Notice.due_at <= now, ~kept_back)
        .order_by(Notice.id).limit(limit)))


def drop_notice(session: orm.Session, notice_id: int) -> None:
    """Forget a notice: compute has it, or never will."""
    session.execute(sa.delete(Notice).where(Notice.id == notice_id))


def delay_notice(session: orm.Session, notice_id: int,
                 delay_s: float) -> None:
    """Try again later."""
    due = db.utcnow() + datetime.timedelta(seconds=delay_s)
    session.execute(
        sa.update(Notice).where(Notice.id == notice_id)
        .values(attempts=Notice.attempts + 1, due_at=due))
