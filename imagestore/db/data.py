"""Queries on the bytes of images: from upload to removal."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from imagestore import exceptions
from imagestore.db.models import Data, Image

#: Seconds after which an upload that no longer says it lives is dead.
LEASE_S = 60.0


def begin(session: orm.Session, image_id: str, data_id: str,
          owner: str) -> None:
    """Take the image from queued to saving, or raise WrongStatus."""
    if not db.compare_and_set(
            session, Image, where={"id": image_id, "status": "queued"},
            set={"status": "saving", "data_id": data_id,
                 "updated_at": db.utcnow()}):
        image = session.get(Image, image_id)
        if image is None:
            raise exceptions.ImageNotFound(image_id=image_id)
        raise exceptions.WrongStatus(status=image.status, wanted="saving")
    session.execute(sa.insert(Data).values(
        id=data_id, image_id=image_id, state="staged", owner=owner,
        expires_at=db.epoch() + LEASE_S))


def renew(session: orm.Session, data_id: str) -> bool:
    """Say that the upload lives; return whether it still may."""
    return db.compare_and_set(
        session, Data, where={"id": data_id, "state": "staged"},
        set={"expires_at": db.epoch() + LEASE_S})


def finish(session: orm.Session, image_id: str, data_id: str,
           **facts: Any) -> bool:
    """Make the image active; False if it, or the upload, is gone."""
    return db.compare_and_set(
        session, Data, where={"id": data_id, "state": "staged"},
        set={"state": "live"}) and db.compare_and_set(
        session, Image,
        where={"id": image_id, "status": "saving", "data_id": data_id},
        set={"status": "active", "updated_at": db.utcnow(), **facts})


def abandon(session: orm.Session, data_id: str) -> None:
    """Give the upload up; its image waits for another one."""
    if db.compare_and_set(
            session, Data, where={"id": data_id, "state": "staged"},
            set={"state": "doomed"}):
        db.compare_and_set(
            session, Image, where={"data_id": data_id, "status": "saving"},
            set={"status": "queued", "data_id": None,
                 "updated_at": db.utcnow()})


def staged(session: orm.Session) -> list[Any]:
    """Return id, owner and whether its time is over, of each upload."""
    return list(session.execute(
        sa.select(Data.id, Data.owner,
                  (Data.expires_at < db.epoch()).label("expired"))
        .where(Data.state == "staged")).all())


def doomed(session: orm.Session) -> list[str]:
    """Return the ids of data to be removed."""
    return list(session.execute(
        sa.select(Data.id).where(Data.state == "doomed")).scalars())


def forget(session: orm.Session, data_id: str) -> None:
    """Drop the row of removed data."""
    session.execute(sa.delete(Data).where(
        Data.id == data_id, Data.state == "doomed"))
