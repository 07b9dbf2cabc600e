"""Queries on how a task is doing, for requests that wait for a step."""

import dataclasses
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from compute.db.cell.models import task_tables


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a task is.

    :param results: of the steps that are done
    :param reason: why it is being undone; None while it goes on
    """

    results: dict[str, Any]
    reason: str | None


def progress(session: orm.Session, task_id: str) -> Progress:
    """Return how far the task is."""
    t = task_tables.c
    results, reason = session.execute(
        sa.select(t.results, t.reason).where(t.id == task_id)).one()
    return Progress(results, reason)
