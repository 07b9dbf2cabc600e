"""Queries on the copies of images that a host keeps nearby."""

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from imagestore.db.models import CachedImage, Image


def of_node(session: orm.Session, node: str) -> list[CachedImage]:
    """Return what a host has or is to have, the oldest first."""
    return list(session.execute(
        sa.select(CachedImage)
        .where(CachedImage.node == node, CachedImage.state != "doomed")
        .order_by(CachedImage.last_modified, CachedImage.id)).scalars())


def find(session: orm.Session, node: str,
         image_id: str) -> CachedImage | None:
    """Return a host's copy of an image, wanted or there."""
    return session.execute(
        sa.select(CachedImage).where(
            CachedImage.node == node, CachedImage.image_id == image_id,
            CachedImage.state != "doomed")).scalars().first()


def queue(session: orm.Session, node: str, image_id: str) -> None:
    """Want a copy; do nothing if it is there."""
    if find(session, node, image_id) is None:
        now = db.utcnow()
        session.add(CachedImage(
            id=db.new_id(), image_id=image_id, node=node, state="queued",
            size=0, hits=0, last_accessed=now, last_modified=now))


def filled(session: orm.Session, cached_id: str, size: int) -> bool:
    """Note that the copy is whole; False if nobody wants it any longer."""
    return db.compare_and_set(
        session, CachedImage, where={"id": cached_id, "state": "queued"},
        set={"state": "cached", "size": size,
             "last_modified": db.utcnow()})


def hit(session: orm.Session, cached_id: str) -> None:
    """Note that the copy was of use."""
    session.execute(
        sa.update(CachedImage).where(CachedImage.id == cached_id)
        .values(hits=CachedImage.hits + 1, last_accessed=db.utcnow()))


def drop(session: orm.Session, node: str,
         *where: sa.ColumnElement[bool]) -> int:
    """Leave copies to be removed; return how many."""
    done = session.execute(
        sa.update(CachedImage).where(
            CachedImage.node == node, CachedImage.state != "doomed", *where)
        .values(state="doomed"))
    return int(done.rowcount)  # type: ignore[attr-defined]


def drop_everywhere(session: orm.Session, image_id: str) -> None:
    """Leave the copies that all hosts have of an image to be removed."""
    session.execute(
        sa.update(CachedImage).where(CachedImage.image_id == image_id)
        .values(state="doomed"))


def drop_useless(session: orm.Session, node: str) -> None:
    """Leave copies of images that are gone, or changed, to be removed."""
    drop(session, node, ~sa.exists().where(
        Image.id == CachedImage.image_id, Image.status != "queued"))


def doomed(session: orm.Session, node: str) -> list[str]:
    """Return the ids of copies to be removed."""
    return list(session.execute(
        sa.select(CachedImage.id).where(
            CachedImage.node == node,
            CachedImage.state == "doomed")).scalars())


def forget(session: orm.Session, cached_id: str) -> None:
    """Drop the row of a removed copy."""
    session.execute(sa.delete(CachedImage).where(
        CachedImage.id == cached_id))
