"""Queries on the volumes of servers."""

import datetime
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from compute import exceptions
from compute.db.cell.models import Volume
from compute.db.cell.servers import worked_on

#: The device of a volume that its server starts from.
ROOT = "/dev/vda"


def of_server(session: orm.Session, server_id: str) -> Sequence[Volume]:
    return session.scalars(
        sa.select(Volume).where(Volume.server_id == server_id)
        .order_by(Volume.created_at, Volume.id)).all()


def find(session: orm.Session, server_id: str,
         volume_id: str) -> Volume | None:
    return session.scalar(sa.select(Volume).where(
        Volume.server_id == server_id, Volume.volume_id == volume_id))


def get(session: orm.Session, server_id: str, volume_id: str) -> Volume:
    """Return it, or raise AttachmentNotFound."""
    found = find(session, server_id, volume_id)
    if found is None:
        raise exceptions.AttachmentNotFound(
            server_id=server_id, volume_id=volume_id)
    return found


def add(session: orm.Session, volume: Volume) -> None:
    """Add it; the device name is claimed by a constraint."""
    session.add(volume)
    session.flush()


def set_state(session: orm.Session, row_id: str, *,
              was: str | None = None, **values: Any) -> bool:
    """Change the row, if its status is ``was``; say whether it was."""
    wanted = sa.update(Volume).where(Volume.id == row_id)
    if was is not None:
        wanted = wanted.where(Volume.status == was)
    moved: Any = session.execute(
        wanted.values(**values)
        .execution_options(synchronize_session=False))
    session.expire_all()
    return bool(moved.rowcount)


def remove(session: orm.Session, row_id: str) -> None:
    session.execute(sa.delete(Volume).where(Volume.id == row_id))


def abandoned(session: orm.Session, moment: datetime.datetime,
              limit: int = 100) -> Sequence[Volume]:
    """Return those on the move, since ``moment``, without a task.

    What a server starts from stays its own, built or not.
    """
    return session.scalars(
        sa.select(Volume).where(
            Volume.device != ROOT,
            Volume.status != "attached", Volume.created_at < moment,
            ~worked_on(Volume.server_id))
        .order_by(Volume.created_at).limit(limit)).all()
