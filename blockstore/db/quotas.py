"""Queries on quotas; the caller owns the transaction."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from blockstore.db.models import Project, QuotaLimit, Snapshot, Volume


def take_turn(session: orm.Session, project_id: str) -> None:
    """Make other transactions that charge the project wait for this."""
    turn = (sa.update(Project).where(Project.id == project_id)
            .values(turns=Project.turns + 1)
            .execution_options(synchronize_session=False))
    while not session.execute(turn).rowcount:
        try:
            with session.begin_nested():
                session.execute(sa.insert(Project).values(
                    id=project_id, turns=0))
        except sa.exc.IntegrityError:
            pass  # another was first; its row is the one to lock


def limits(session: orm.Session, project_id: str) -> dict[str, int]:
    """Return the project's own limits."""
    return {row.resource: row.hard_limit for row in session.execute(
        sa.select(QuotaLimit.resource, QuotaLimit.hard_limit)
        .where(QuotaLimit.project_id == project_id))}


def usage(session: orm.Session, project_id: str) -> dict[str, int]:
    """Return how much of each resource the project has."""
    size = sa.func.coalesce(Volume.target_gib, Volume.size_gib)
    used = session.execute(sa.union_all(
        _sum("volumes", size, Volume, project_id),
        _sum("snapshots", Snapshot.size_gib, Snapshot, project_id))).all()
    return {kind: int(number) for kind, number, _ in used} | {
        "gigabytes": sum(int(size) for _, _, size in used)}


def _sum(kind: str, size: Any, model: type[Volume] | type[Snapshot],
         project_id: str) -> sa.Select[Any]:
    """Select kind, number and GiB of what the project has of it."""
    return sa.select(
        sa.literal(kind), sa.func.count(),
        sa.func.coalesce(sa.func.sum(size), 0)).where(
            model.project_id == project_id)


def set_limits(session: orm.Session, project_id: str,
               wanted: dict[str, int]) -> None:
    """Give the project limits of its own."""
    for resource, hard_limit in wanted.items():
        session.merge(QuotaLimit(
            project_id=project_id, resource=resource,
            hard_limit=hard_limit))


def forget_limits(session: orm.Session, project_id: str) -> None:
    """Let the defaults hold for the project again."""
    session.execute(sa.delete(QuotaLimit).where(
        QuotaLimit.project_id == project_id))
