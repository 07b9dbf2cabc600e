"""Queries on images and the projects they are shared with."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, paging
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


#: Columns as Core has them: no objects are made of what is listed.
_IMAGES: Any = Image.__table__.c
_PROPERTIES: Any = Property.__table__.c
_TAGS: Any = Tag.__table__.c
_MEMBERS: Any = Member.__table__.c
#: Narrows a statement on images.
Scope = Callable[[Any], Any]
_TIMES = ("created_at", "updated_at")
#: Names of the columns that ``listed`` returns, in their order.
LISTED = (
    "id", "name", "status", "visibility", "protected", "hidden",
    "project_id", "container_format", "disk_format", "min_disk_gib",
    "min_ram_mib", "size", "virtual_size", "checksum", "hash_algo",
    "hash_value", *_TIMES, "stores", "importing_to", "failed_to")
#: Times come as the driver has them, which saves a third of a long list.
_LISTING = sa.select(*[
    sa.type_coerce(_IMAGES[name], sa.types.NullType()).label(name)
    if name in _TIMES else _IMAGES[name] for name in LISTED])
_WANTED: Any = sa.bindparam("image_ids", expanding=True)
_DETAILS = sa.union_all(
    sa.select(_PROPERTIES.image_id, _PROPERTIES.name, _PROPERTIES.value)
    .where(_PROPERTIES.image_id.in_(_WANTED)),
    sa.select(_TAGS.image_id, sa.null(), _TAGS.value)
    .where(_TAGS.image_id.in_(_WANTED)))


def listing(session: orm.Session, page: paging.Page, conditions: list[Any],
            scopes: list[Scope] | None) -> Any:
    """Return the statement that selects what ``LISTED`` names, of a page.

    Times are in UTC: naive ones, or text in the form of ISO 8601.

    :param scopes: what to choose from; None for all images. Each is walked
        in order by an index of its own, to the end of the page and no
        further; databases would read all of them and sort.
    """
    statement = page.apply(session, _LISTING.where(*conditions), _IMAGES.id)
    if scopes is None:
        return statement
    ids = statement.with_only_columns(_IMAGES.id)
    parts = [scope(ids).subquery() for scope in scopes]
    return statement.where(_IMAGES.id.in_(
        sa.union_all(*[sa.select(part.c.id) for part in parts])))


def is_in(session: orm.Session, image_id: str,
          scopes: list[Scope]) -> bool:
    """Say whether an image is there to choose from."""
    ids = sa.select(_IMAGES.id).where(_IMAGES.id == image_id)
    found = session.execute(
        sa.union_all(*[scope(ids) for scope in scopes])).first()
    return found is not None


def owned(project_id: str | None) -> Scope:
    """Return the images of a project, to choose from."""
    return lambda ids: ids.where(_IMAGES.project_id == project_id)


def visible(visibility: str) -> Scope:
    """Return the images of a visibility, to choose from."""
    return lambda ids: ids.where(_IMAGES.visibility == visibility)


def shared_with(project_id: str | None, member_status: str) -> Scope:
    """Return the images that are shared with a project, to choose from.

    :param member_status: how it has answered the offer; ``all`` for any way
    """
    def scope(ids: Any) -> Any:
        chosen = ids.join_from(
            Image.__table__, Member.__table__,
            _MEMBERS.image_id == _IMAGES.id).where(
            _IMAGES.visibility == "shared",
            _MEMBERS.member_id == project_id)
        if member_status != "all":
            chosen = chosen.where(_MEMBERS.status == member_status)
        return chosen
    return scope


def details(session: orm.Session, image_ids: list[str]
            ) -> tuple[dict[str, dict[str, str]], dict[str, list[str]]]:
    """Return properties and tags by image; those that have none are not in.
    """
    properties: dict[str, dict[str, str]] = {}
    tags: dict[str, list[str]] = {}
    rows = session.execute(_DETAILS, {"image_ids": image_ids}).all()
    for image_id, name, value in rows:
        if name is None:
            tags.setdefault(image_id, []).append(value)
        elif image_id in properties:
            properties[image_id][name] = value
        else:
            properties[image_id] = {name: value}
    for values in tags.values():
        values.sort()
    return properties, tags


def has_property(name: str, value: str) -> sa.ColumnElement[bool]:
    """Return the condition for images with such a property."""
    return sa.exists().where(
        _PROPERTIES.image_id == _IMAGES.id, _PROPERTIES.name == name,
        _PROPERTIES.value == value)


def has_tag(value: str) -> sa.ColumnElement[bool]:
    """Return the condition for images with the tag."""
    return sa.exists().where(
        _TAGS.image_id == _IMAGES.id, _TAGS.value == value)
