"""Queries on the bytes of images: from upload to removal."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from imagestore import exceptions
from imagestore.db.models import REACHED_FROM, Data, Image
from imagestore.stores.registry import STAGING, Stores

#: Seconds after which an upload that no longer says it lives is dead.
LEASE_S = 60.0
#: States of an image that has data which count.
HAS_DATA = ("active", "deactivated")


def take(session: orm.Session, image_id: str, status: str,
         data_id: str, **known: Any) -> None:
    """Move an image to the status of an upload.

    :param known: what its columns were when it was decided on the upload
    :raises WrongStatus: if its status does not allow one
    :raises ChangedMeanwhile: if columns are others by now
    """
    wanted = REACHED_FROM[status]
    if not db.compare_and_set(
            session, Image,
            where={"id": image_id, "status": wanted, **known},
            set={"status": status, "data_id": data_id,
                 "updated_at": db.utcnow()}):
        image = session.get(Image, image_id)
        if image is None:
            raise exceptions.ImageNotFound(image_id=image_id)
        if image.status in wanted:
            raise exceptions.ChangedMeanwhile(image_id=image_id)
        raise exceptions.WrongStatus(status=image.status, wanted=status)
    doom(session, Data.image_id == image_id, Data.state == "refused")


def begin(session: orm.Session, image_id: str, data_id: str, owner: str,
          store: str, task_id: str | None = None) -> None:
    """Note bytes that are about to be written."""
    session.execute(sa.insert(Data).values(
        id=data_id, image_id=image_id, state="staged", owner=owner,
        store=store, task_id=task_id, expires_at=db.epoch() + LEASE_S))


def renew(session: orm.Session, data_id: str) -> bool:
    """Say that the upload lives; return whether it still may."""
    return db.compare_and_set(
        session, Data, where={"id": data_id, "state": "staged"},
        set={"expires_at": db.epoch() + LEASE_S})


def keep(session: orm.Session, data_id: str) -> bool:
    """Let the bytes stay, all being there; False if the upload is over."""
    return db.compare_and_set(
        session, Data, where={"id": data_id, "state": "staged"},
        set={"state": "live"})


def activate(session: orm.Session, image_id: str, data_id: str,
             status: str, **facts: Any) -> bool:
    """Make the image active; False if it is gone, or not ``status``."""
    where = {"id": image_id, "status": status}
    if status == "saving":
        where["data_id"] = data_id
    return db.compare_and_set(
        session, Image, where=where,
        set={"status": "active", "data_id": data_id,
             "updated_at": db.utcnow(), **facts})


def abandon(session: orm.Session, data_id: str) -> None:
    """Give the upload up; its image waits for another one."""
    if db.compare_and_set(
            session, Data, where={"id": data_id, "state": "staged"},
            set={"state": "doomed"}):
        db.compare_and_set(
            session, Image,
            where={"data_id": data_id, "status": ["saving", "uploading"]},
            set={"status": "queued", "data_id": None,
                 "updated_at": db.utcnow()})


def doom(session: orm.Session, *where: sa.ColumnElement[bool]) -> None:
    """Leave data to the collector."""
    session.execute(sa.update(Data).where(*where).values(state="doomed"))


def doom_staging(session: orm.Session, image_id: str) -> None:
    """Leave what waits for its import to the collector."""
    doom(session, Data.image_id == image_id, Data.store == STAGING)


def staging(session: orm.Session, image_id: str) -> Data | None:
    """Return the whole bytes that wait for their import."""
    return session.execute(
        sa.select(Data).where(
            Data.image_id == image_id, Data.store == STAGING,
            Data.state == "live")).scalars().first()


def of_image(session: orm.Session, image_id: str) -> list[Data]:
    """Return the live data of an image, in the order they came."""
    return list(session.execute(
        sa.select(Data).where(
            Data.image_id == image_id, Data.state == "live",
            Data.store.is_distinct_from(STAGING))
        .order_by(Data.expires_at, Data.id)).scalars())


def best(session: orm.Session, image_id: str, stores: Stores) -> list[Data]:
    """Return the live data of an image, that to be read first in front."""
    rows = {each.id: each for each in of_image(session, image_id)}
    names = {row.store or stores.default for row in rows.values()}
    order = stores.ordered(names)
    return sorted(rows.values(), key=lambda row: order.index(
        row.store or stores.default))


def refresh(session: orm.Session, image_id: str, stores: Stores,
            **values: Any) -> bool:
    """Note at the image which stores have its data; False if it is gone."""
    session.flush()
    names = set(session.execute(
        sa.select(Data.store).where(
            Data.image_id == image_id,
            Data.state.in_(["live", "refused"]),
            Data.store.is_distinct_from(STAGING)).distinct()).scalars())
    found = stores.ordered({name or stores.default for name in names})
    done: Any = session.execute(
        sa.update(Image).where(Image.id == image_id)
        .values(stores=",".join(found) or None, **values))
    return bool(done.rowcount)


def staged(session: orm.Session) -> list[Any]:
    """Return id, owner and whether its time is over, of each upload."""
    return list(session.execute(
        sa.select(Data.id, Data.owner,
                  (Data.expires_at < db.epoch()).label("expired"))
        .where(Data.state == "staged")).all())


def doomed(session: orm.Session) -> Sequence[Data]:
    """Return the data to be removed."""
    return session.execute(
        sa.select(Data).where(Data.state == "doomed")).scalars().all()


def forget(session: orm.Session, data_id: str) -> None:
    """Drop the row of removed data."""
    session.execute(sa.delete(Data).where(
        Data.id == data_id, Data.state == "doomed"))
