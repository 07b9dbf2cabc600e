"""Queries on which servers there are, and what they count."""

import dataclasses
import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from compute.db.api.models import QuotaLimit, QuotaLock, ServerMapping


@dataclasses.dataclass
class Usage:
    """What a project's servers take."""

    instances: int = 0
    cores: int = 0
    ram: int = 0


def lock(session: orm.Session, project_id: str) -> None:
    """Let one transaction at a time count and add for the project.

    The lock is the project's row, held to the end of the transaction.
    """
    taken: Any = session.execute(
        sa.update(QuotaLock).where(QuotaLock.project_id == project_id)
        .values(taken=QuotaLock.taken + 1))
    if taken.rowcount == 0:
        try:
            with session.begin_nested():
                session.add(QuotaLock(project_id=project_id, taken=1))
        except sa.exc.IntegrityError:
            raise db.Retryable() from None


def usage(session: orm.Session, project_id: str,
          user_id: str | None = None) -> Usage:
    """Count the project's servers, or those of one user in it."""
    found = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(ServerMapping.vcpus), 0),
        sa.func.coalesce(sa.func.sum(ServerMapping.ram_mib), 0),
    ).where(ServerMapping.project_id == project_id)
    if user_id:
        found = found.where(ServerMapping.user_id == user_id)
    count, cores, ram = session.execute(found).one()
    return Usage(int(count), int(cores), int(ram))


def limits(session: orm.Session, project_id: str) -> dict[str, int]:
    """Return the limits set for the project itself."""
    rows = session.execute(
        sa.select(QuotaLimit.resource, QuotaLimit.hard_limit)
        .where(QuotaLimit.project_id == project_id))
    return {row[0]: row[1] for row in rows}


def set_limits(session: orm.Session, project_id: str,
               wanted: dict[str, int]) -> None:
    """Set the limits of the project; others stay."""
    for resource, limit in wanted.items():
        session.merge(QuotaLimit(
            project_id=project_id, resource=resource, hard_limit=limit))


def clear_limits(session: orm.Session, project_id: str) -> None:
    """Give the project the default limits again."""
    session.execute(sa.delete(QuotaLimit).where(
        QuotaLimit.project_id == project_id))


def add(session: orm.Session, mapping: ServerMapping) -> None:
    session.add(mapping)


def remove(session: orm.Session, server_ids: Iterable[str]) -> None:
    """Count these servers no more."""
    session.execute(sa.delete(ServerMapping).where(
        ServerMapping.server_id.in_(list(server_ids))))


def older_than(session: orm.Session, moment: datetime.datetime,
               after: str, limit: int) -> Sequence[str]:
    """Return ids of mapped servers, in order, beyond the id ``after``."""
    return session.scalars(
        sa.select(ServerMapping.server_id)
        .where(ServerMapping.created_at < moment,
               ServerMapping.server_id > after)
        .order_by(ServerMapping.server_id).limit(limit)).all()

