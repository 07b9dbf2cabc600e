"""Queries on images and the projects they are shared with."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from imagestore import exceptions
from imagestore.db.models import (
    REACHED_FROM,
    Data,
    Image,
    Member,
    Property,
    Tag,
)


def get(session: orm.Session, image_id: str, *,
        lock: bool = False) -> Image:
    """Return the image, or raise ImageNotFound.

    :param lock: no other transaction may change it meanwhile
    """
    statement = sa.select(Image).where(Image.id == image_id)
    if lock:
        statement = statement.with_for_update()
    image = session.execute(statement).scalar_one_or_none()
    if image is None:
        raise exceptions.ImageNotFound(image_id=image_id)
    return image


def add(session: orm.Session, image_id: str, *, properties: dict[str, str],
        tags: list[str], **values: Any) -> Image:
    """Make a queued image, or raise DuplicateImage."""
    now = db.utcnow()
    image = Image(
        id=image_id, created_at=now, updated_at=now, **values,
        properties=[Property(name=name, value=value)
                    for name, value in sorted(properties.items())],
        tags=[Tag(value=tag) for tag in sorted(set(tags))])
    try:
        with session.begin_nested():
            session.add(image)
    except sa.exc.IntegrityError:
        raise exceptions.DuplicateImage(image_id=image_id) from None
    return image


def touch(image: Image) -> None:
    """Note that the image has changed."""
    image.updated_at = db.utcnow()


def set_status(session: orm.Session, image: Image, status: str) -> None:
    """Move the image to ``status``, or raise WrongStatus."""
    if not db.compare_and_set(
            session, Image,
            where={"id": image.id, "status": REACHED_FROM[status]},
            set={"status": status, "updated_at": db.utcnow()}):
        raise exceptions.WrongStatus(status=image.status, wanted=status)


def delete(session: orm.Session, image: Image) -> None:
    """Forget the image, and leave its data to the collector."""
    session.execute(
        sa.update(Data).where(Data.image_id == image.id)
        .values(state="doomed"))
    session.delete(image)


def member(session: orm.Session, image_id: str,
           project_id: str | None) -> Member | None:
    """Return how the image is shared with the project, if it is."""
    return session.get(Member, (image_id, project_id))


def members(session: orm.Session, image_id: str) -> list[Member]:
    """Return all with whom the image is shared."""
    return list(session.execute(
        sa.select(Member).where(Member.image_id == image_id)
        .order_by(Member.created_at, Member.member_id)).scalars())


def visible_to(project_id: str | None,
               member_status: str) -> sa.ColumnElement[bool]:
    """Return the condition for images that a project finds in its list.

    :param member_status: how it has answered the offer to share an image;
        ``all`` for any way
    """
    shared = sa.select(Member.image_id).where(
        Member.member_id == project_id)
    if member_status != "all":
        shared = shared.where(Member.status == member_status)
    return sa.or_(
        Image.project_id == project_id,
        Image.visibility == "public",
        sa.and_(Image.visibility == "shared", Image.id.in_(shared)))


def has_property(name: str, value: str) -> sa.ColumnElement[bool]:
    """Return the condition for images with such a property."""
    return sa.exists().where(
        Property.image_id == Image.id, Property.name == name,
        Property.value == value)


def has_tag(value: str) -> sa.ColumnElement[bool]:
    """Return the condition for images with the tag."""
    return sa.exists().where(Tag.image_id == Image.id, Tag.value == value)
