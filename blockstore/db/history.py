"""What happened to volumes: events, in the transaction of the change."""

import sqlalchemy as sa
from sqlalchemy import orm

from blockstore.db.models import EVENTS, Volume
from common import events


def record(session: orm.Session, volume_id: str, what: str) -> None:
    """Record ``what``, such as ``create.end``, if there is the volume."""
    volume = session.execute(
        sa.select(Volume.project_id, Volume.size_gib, Volume.status)
        .where(Volume.id == volume_id)).first()
    if volume is not None:
        events.add(session, EVENTS, kind=f"volume.{what}",
                   resource_id=volume_id, project_id=volume.project_id,
                   payload={"size_gib": volume.size_gib,
                            "status": volume.status})
