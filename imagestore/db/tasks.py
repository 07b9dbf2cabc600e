"""Queries on what users see of imports."""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from imagestore import exceptions
from imagestore.db.models import ImageTask

#: For how long an ended task is shown.
_KEPT = datetime.timedelta(hours=48)
_UNDER_WAY = ("pending", "processing")


def add(session: orm.Session, most: int, **values: Any) -> ImageTask:
    """Note a task that is about to run.

    :param most: tasks that the project may have under way
    :raises TooManyImports: if it has as many already
    """
    running = session.execute(
        sa.select(sa.func.count()).select_from(ImageTask).where(
            ImageTask.project_id == values["project_id"],
            ImageTask.status.in_(_UNDER_WAY))).scalar_one()
    if running >= most:
        raise exceptions.TooManyImports(limit=most)
    now = db.utcnow()
    row = ImageTask(created_at=now, updated_at=now, status="pending",
                    message="", **values)
    session.add(row)
    session.flush()
    return row


def get(session: orm.Session, task_id: str) -> ImageTask:
    """Return the task, or raise TaskNotFound."""
    row = session.get(ImageTask, task_id)
    if row is None:
        raise exceptions.TaskNotFound(task_id=task_id)
    return row


def of_image(session: orm.Session, image_id: str) -> list[ImageTask]:
    """Return the tasks of an image, the oldest first."""
    return list(session.execute(
        sa.select(ImageTask).where(ImageTask.image_id == image_id)
        .order_by(ImageTask.created_at, ImageTask.id)).scalars())


def note(session: orm.Session, task_id: str, **values: Any) -> None:
    """Write how the task goes."""
    now = db.utcnow()
    if values.get("status") in ("success", "failure"):
        values["expires_at"] = now + _KEPT
    session.execute(
        sa.update(ImageTask).where(ImageTask.id == task_id)
        .values(updated_at=now, **values))


def purge(session: orm.Session) -> None:
    """Forget those that ended long ago."""
    session.execute(sa.delete(ImageTask).where(
        ImageTask.expires_at < db.utcnow()))
