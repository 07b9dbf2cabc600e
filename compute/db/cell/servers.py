"""Queries on servers.

States move by ``change`` alone: one UPDATE that compares and sets, and
moves the generation on.
"""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from compute import exceptions, states
from compute.db.cell.models import (
    Nic,
    Server,
    ServerTag,
    Volume,
    task_tables,
)

_ALL = (orm.selectinload(Server.nics), orm.selectinload(Server.volumes),
        orm.selectinload(Server.tags))


def get(session: orm.Session, server_id: str,
        project_id: str | None = None) -> Server:
    """Return the server with all that belongs to it.

    :param project_id: whose it must be; None for those who see all
    :raises ServerNotFound: there is none, or it is deleted
    """
    wanted = sa.select(Server).options(*_ALL).where(
        Server.id == server_id, Server.deleted.is_(False))
    if project_id is not None:
        wanted = wanted.where(Server.project_id == project_id)
    found = session.scalar(wanted)
    if found is None:
        raise exceptions.ServerNotFound(server_id=server_id)
    return found


def find(session: orm.Session, server_id: str) -> Server | None:
    """Return the server, deleted or not, or None."""
    return session.scalar(sa.select(Server).options(*_ALL).where(
        Server.id == server_id))


def is_building(session: orm.Session, server_id: str) -> bool:
    """Say whether the server is still to be built."""
    found = session.execute(
        sa.select(Server.vm_state, Server.task_state)
        .where(Server.id == server_id, Server.deleted.is_(False))).first()
    return found is not None and found[0] == states.BUILDING and (
        found[1] != states.DELETING)


def query() -> sa.Select[Any]:
    """Return the select of lists, of servers with all belongings."""
    return sa.select(Server).options(*_ALL)


def on_host(session: orm.Session, host: str) -> Sequence[Server]:
    """Return the servers of a host, in order of creation."""
    return session.scalars(
        query().where(Server.host == host, Server.deleted.is_(False))
        .order_by(Server.created_at, Server.id)).all()


def count_by_host(session: orm.Session) -> dict[str, int]:
    """Return how many servers each host has."""
    rows = session.execute(
        sa.select(Server.host, sa.func.count())
        .where(Server.host.is_not(None), Server.deleted.is_(False))
        .group_by(Server.host))
    return {str(host): count for host, count in rows}


def existing(session: orm.Session, ids: Iterable[str]) -> set[str]:
    """Return those of the ids that are servers and not deleted."""
    return set(session.scalars(sa.select(Server.id).where(
        Server.id.in_(list(ids)), Server.deleted.is_(False))))


def buried(session: orm.Session, ids: Iterable[str]) -> set[str]:
    """Return those of the ids that were servers and are deleted."""
    return set(session.scalars(sa.select(Server.id).where(
        Server.id.in_(list(ids)), Server.deleted.is_(True))))


def create(session: orm.Session, server: Server,
           tags: Iterable[str] = ()) -> Server:
    session.add(server)
    session.flush()
    set_tags(session, server.id, tags)
    return server


def change(session: orm.Session, server_id: str, *,
           vm_state: Iterable[str] | None = None,
           task_state: Iterable[str | None] | None = None,
           generation: int | None = None,
           values: dict[str, Any]) -> int | None:
    """Move the server on, if it is as the arguments say.

    :returns: its new generation, or None where it is not so
    """
    wanted = sa.update(Server).where(
        Server.id == server_id, Server.deleted.is_(False))
    if vm_state is not None:
        wanted = wanted.where(Server.vm_state.in_(list(vm_state)))
    if task_state is not None:
        wanted = wanted.where(_one_of(list(task_state)))
    if generation is not None:
        wanted = wanted.where(Server.generation == generation)
    moved: Any = session.execute(
        wanted.values(generation=Server.generation + 1,
                      updated_at=db.utcnow(), **values)
        .execution_options(synchronize_session=False))
    if moved.rowcount == 0:
        return None
    session.expire_all()
    return session.scalar(
        sa.select(Server.generation).where(Server.id == server_id))


def _one_of(wanted: list[str | None]) -> sa.ColumnElement[bool]:
    named = [state for state in wanted if state is not None]
    clauses = [Server.task_state.in_(named)] if named else []
    if None in wanted:
        clauses.append(Server.task_state.is_(None))
    return sa.or_(*clauses)


def update(session: orm.Session, server_id: str,
           values: dict[str, Any]) -> None:
    """Set what is no state: names, metadata, addresses."""
    session.execute(
        sa.update(Server).where(Server.id == server_id)
        .values(updated_at=db.utcnow(), **values)
        .execution_options(synchronize_session=False))
    session.expire_all()


def update_if(session: orm.Session, server: Server,
              values: dict[str, Any]) -> bool:
    """Set what is no state, unless somebody else did since it was read."""
    moved: Any = session.execute(
        sa.update(Server)
        .where(Server.id == server.id,
               Server.updated_at == server.updated_at)
        .values(updated_at=db.utcnow(), **values)
        .execution_options(synchronize_session=False))
    return bool(moved.rowcount)


def set_power(session: orm.Session, host: str,
              powers: dict[str, int]) -> None:
    """Note the power states that the agent of ``host`` reported."""
    rows = session.execute(
        sa.select(Server.id, Server.power_state)
        .where(Server.host == host, Server.deleted.is_(False),
               Server.id.in_(list(powers))))
    for server_id, known in rows.all():
        if powers[server_id] != known:
            session.execute(
                sa.update(Server).where(Server.id == server_id)
                .values(power_state=powers[server_id])
                .execution_options(synchronize_session=False))


def bury(session: orm.Session, server_id: str) -> bool:
    """Mark the server deleted; say whether it was not yet."""
    buried: Any = session.execute(
        sa.update(Server)
        .where(Server.id == server_id, Server.deleted.is_(False))
        .values(deleted=True, deleted_at=db.utcnow(), task_state=None,
                vm_state=states.DELETED, power_state=0,
                generation=Server.generation + 1, updated_at=db.utcnow())
        .execution_options(synchronize_session=False))
    for kind in (Nic, Volume):
        session.execute(
            sa.delete(kind).where(kind.server_id == server_id)
            .execution_options(synchronize_session=False))
    session.expire_all()
    return bool(buried.rowcount)


def abandoned(session: orm.Session, moment: datetime.datetime,
              limit: int = 100) -> Sequence[Server]:
    """Return servers on the move, since ``moment``, without a task."""
    return session.scalars(
        sa.select(Server).where(
            Server.deleted.is_(False), Server.updated_at < moment,
            sa.or_(Server.task_state.is_not(None),
                   Server.vm_state == states.BUILDING),
            ~worked_on(Server.id))
        .order_by(Server.updated_at).limit(limit)).all()


def resting(session: orm.Session, after: str,
            limit: int) -> Sequence[Server]:
    """Return servers that nothing is done with, in order, beyond ``after``.

    Without what belongs to them.
    """
    return session.scalars(
        sa.select(Server).where(
            Server.deleted.is_(False), Server.task_state.is_(None),
            Server.vm_state != states.BUILDING, Server.id > after,
            ~worked_on(Server.id))
        .order_by(Server.id).limit(limit)).all()


def worked_on(server_id: sa.ColumnElement[str] | Any) -> Any:
    """Return the condition that a task of the server is open."""
    t = task_tables.c
    return sa.exists().where(t.resource == server_id, t.ended.is_(None))


def set_tags(session: orm.Session, server_id: str,
             tags: Iterable[str]) -> None:
    """Give the server exactly these tags."""
    session.execute(sa.delete(ServerTag).where(
        ServerTag.server_id == server_id))
    for tag in sorted(set(tags)):
        session.add(ServerTag(server_id=server_id, tag=tag))
    session.flush()
