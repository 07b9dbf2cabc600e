"""End what nothing is at work on."""

import datetime
import logging

import sqlalchemy as sa
from sqlalchemy import orm

from blockstore.db import attachments, volumes
from blockstore.db.models import TASKS, Attachment, Volume
from common import db, loop

LOG = logging.getLogger(__name__)

#: A volume or attachment without a task is left alone for so long.
_GRACE_S = 60
_REASON = "its task was lost"

#: Where a volume goes that is on its way without a task.
_ENDS = {"creating": "error", "downloading": "error",
         "deleting": "error_deleting", "extending": "error_extending"}


class Sweeper(loop.Loop):
    """Moves to an end whatever has been on its way for long by itself.

    That should never be: a task is written with the status, and ends it.
    """

    INTERVAL_S = 60

    def __init__(self, database: db.Database) -> None:
        super().__init__(self.INTERVAL_S)
        self._db = database

    def run_once(self) -> int:
        """Return how many volumes and attachments were moved."""
        with self._db.writer() as session:
            return _sweep_volumes(session) + _sweep_attachments(session)


def _sweep_volumes(session: orm.Session) -> int:
    stuck = session.execute(
        sa.select(Volume.id, Volume.status)
        .where(Volume.status.in_(_ENDS), _is_old(Volume),
               ~_has_task(Volume.id))).all()
    for volume_id, status in stuck:
        LOG.error("Volume %s is %s, and no task is at work on it",
                  volume_id, status)
        volumes.follow(session, volume_id, _ENDS[status], of={status},
                       target_gib=None, reason=_REASON)
    return len(stuck)


def _sweep_attachments(session: orm.Session) -> int:
    stuck = session.execute(
        sa.select(Attachment.id, Attachment.status)
        .where(sa.or_(Attachment.status == "detaching",
                      sa.and_(Attachment.status == "attaching",
                              Attachment.connection_info.is_(None))),
               _is_old(Attachment), ~_has_task(Attachment.volume_id))).all()
    for attachment_id, status in stuck:
        LOG.error("Attachment %s is %s, and no task is at work on it",
                  attachment_id, status)
        give_up = (attachments.give_up_disconnect if status == "detaching"
                   else attachments.give_up_connect)
        give_up(session, attachment_id, _REASON)
    return len(stuck)


def _is_old(model: type[Volume] | type[Attachment]
            ) -> sa.ColumnElement[bool]:
    # By the wall clocks: nothing is decided by it but how long to wait.
    before = db.utcnow() - datetime.timedelta(seconds=_GRACE_S)
    changed = sa.func.coalesce(model.updated_at, model.created_at)
    return changed < sa.bindparam(None, before, type_=db.UTCDateTime())


def _has_task(resource: sa.ColumnElement[str]
              ) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        TASKS.c.resource == resource, TASKS.c.ended.is_(None))
