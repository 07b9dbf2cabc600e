"""Queries on objects and their blobs: each change is one transaction."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from common import exceptions as common_exceptions
from objectstore import exceptions
from objectstore.db import accounts
from objectstore.db.models import Blob, Container, Object

#: Seconds after which an upload that no longer says it lives is dead.
LEASE_S = 60.0
#: Names in one query.
_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an object is: its account, container and name."""

    account: str
    container: str
    name: str


@dataclasses.dataclass(frozen=True)
class Content:
    """What a new object holds, and what is said of it."""

    blob_id: str
    size: int
    etag: str
    content_type: str
    headers: dict[str, str]
    large_size: int | None = None
    large_etag: str | None = None


def with_blob(session: orm.Session, place: Place) -> tuple[Object, Blob]:
    """Return an object and its blob with its sums, or raise NoObject.

    One query: between two, the object might be another already.
    """
    found = session.execute(
        sa.select(Object, Blob).join(Container)
        .join(Blob, Blob.id == Object.blob_id)
        .options(orm.undefer(Blob.sums))
        .where(*_at(place))).one_or_none()
    if found is None:
        raise _missing(place)
    return found[0], found[1]


def find(session: orm.Session, place: Place) -> Object:
    """Return an object, or raise NoObject or NoContainer."""
    found = session.execute(
        sa.select(Object).join(Container)
        .where(*_at(place))).scalar_one_or_none()
    if found is None:
        raise _missing(place)
    return found


def _at(place: Place) -> list[sa.ColumnElement[bool]]:
    return [Container.account == place.account,
            Container.name == place.container, Object.name == place.name]


def _missing(place: Place) -> exceptions.NoObject:
    return exceptions.NoObject(name=place.name, container=place.container)


def check_room(session: orm.Session, place: Place, *,
               only_new: bool) -> None:
    """Raise if ``put`` would, as things are now."""
    container = accounts.find(session, place.account, place.container)
    if only_new and session.get(Object, (container.id, place.name)):
        raise common_exceptions.PreconditionFailed()


def put(session: orm.Session, place: Place, content: Content, *,
        only_new: bool = False) -> Object:
    """Name a live blob, in place of what had the name before.

    :param only_new: raise PreconditionFailed if anything had it
    """
    container = accounts.find(
        session, place.account, place.container, lock=True)
    old = session.get(Object, (container.id, place.name))
    if old is not None and only_new:
        raise common_exceptions.PreconditionFailed()
    added, grown = 1, content.size
    if old is not None:
        added, grown = 0, content.size - old.size
        _drop_references(session, [old.blob_id])
        session.delete(old)
        session.flush()
    made = Object(
        container_id=container.id, name=place.name, updated_at=db.utcnow(),
        **dataclasses.asdict(content))
    session.add(made)
    _count(session, container, added, grown)
    return made


def delete(session: orm.Session, place: Place) -> None:
    """Forget an object, or raise NoObject or NoContainer."""
    container = accounts.find(
        session, place.account, place.container, lock=True)
    found = session.get(Object, (container.id, place.name))
    if found is None:
        raise _missing(place)
    _drop_references(session, [found.blob_id])
    session.delete(found)
    _count(session, container, -1, -found.size)


def named(session: orm.Session, account: str,
          wanted: Mapping[str, Iterable[str]]
          ) -> dict[tuple[str, str], Object]:
    """Return those of the objects that are there, by container and name.

    :param wanted: names by container
    """
    found: dict[tuple[str, str], Object] = {}
    for container, names in wanted.items():
        left = sorted(set(names))
        while left:
            batch, left = left[:_BATCH], left[_BATCH:]
            rows = session.scalars(
                sa.select(Object).join(Container)
                .where(Container.account == account,
                       Container.name == container, Object.name.in_(batch)))
            found |= {(container, row.name): row for row in rows}
    return found


def lock(session: orm.Session, account: str,
         containers: Iterable[str]) -> None:
    """Let nobody else change what is in the containers."""
    # Always in the same order: who wants the same ones does not block us.
    for name in sorted(set(containers)):
        accounts.find(session, account, name, lock=True)


def delete_many(session: orm.Session, account: str, container: str,
                names: Sequence[str]) -> int:
    """Forget those of the objects that are there; return their number."""
    locked = accounts.find(session, account, container, lock=True)
    rows = list(session.scalars(sa.select(Object).where(
        Object.container_id == locked.id, Object.name.in_(names))))
    _drop_references(session, [row.blob_id for row in rows])
    session.execute(sa.delete(Object).where(
        Object.container_id == locked.id,
        Object.name.in_([row.name for row in rows])))
    _count(session, locked, -len(rows), -sum(row.size for row in rows))
    return len(rows)


def _count(session: orm.Session, container: Container, added: int,
           grown: int) -> None:
    session.execute(
        sa.update(Container).where(Container.id == container.id)
        .values(object_count=Container.object_count + added,
                bytes_used=Container.bytes_used + grown)
        .execution_options(synchronize_session=False))


def _drop_references(session: orm.Session, blob_ids: list[str]) -> None:
    """Let each be needed once less for each time that it is there."""
    by_times: dict[int, list[str]] = {}
    for blob_id, times in collections.Counter(blob_ids).items():
        by_times.setdefault(times, []).append(blob_id)
    for times, ids in by_times.items():
        session.execute(
            sa.update(Blob).where(Blob.id.in_(ids))
            .values(refs=Blob.refs - times)
            .execution_options(synchronize_session=False))
    session.execute(
        sa.update(Blob).where(Blob.id.in_(blob_ids), Blob.refs == 0)
        .values(state="doomed")
        .execution_options(synchronize_session=False))


def add_reference(session: orm.Session, blob_id: str) -> bool:
    """Let one more object share the blob; False if it is going."""
    return db.compare_and_set(
        session, Blob, where={"id": blob_id, "state": "live"},
        set={"refs": Blob.refs + 1})


def begin(session: orm.Session, blob_id: str, owner: str,
          nodes: list[str]) -> None:
    """Record that an upload writes the blob to ``nodes``."""
    session.execute(sa.insert(Blob).values(
        id=blob_id, state="staged", owner=owner, refs=0, nodes=nodes,
        expires_at=db.epoch() + LEASE_S))


def renew(session: orm.Session, blob_id: str) -> bool:
    """Say that the upload lives; return whether it still may."""
    return db.compare_and_set(
        session, Blob, where={"id": blob_id, "state": "staged"},
        set={"expires_at": db.epoch() + LEASE_S})


def commit(session: orm.Session, blob_id: str, size: int,
           sums: bytes) -> bool:
    """Make the blob live, for one object; False if it was given up."""
    return db.compare_and_set(
        session, Blob, where={"id": blob_id, "state": "staged"},
        set={"state": "live", "refs": 1, "size": size, "sums": sums})


def abandon(session: orm.Session, blob_id: str) -> None:
    """Give the upload up."""
    db.compare_and_set(session, Blob,
                       where={"id": blob_id, "state": "staged"},
                       set={"state": "doomed"})


def staged(session: orm.Session) -> list[Any]:
    """Return id, owner and whether its time is over, of each upload."""
    return list(session.execute(
        sa.select(Blob.id, Blob.owner,
                  (Blob.expires_at < db.epoch()).label("expired"))
        .where(Blob.state == "staged")).all())


def doomed(session: orm.Session, limit: int) -> list[Any]:
    """Return id and nodes of blobs to be removed."""
    return list(session.execute(
        sa.select(Blob.id, Blob.nodes).where(Blob.state == "doomed")
        .order_by(Blob.id).limit(limit)).all())


def forget(session: orm.Session, blob_ids: list[str]) -> None:
    """Drop the rows of removed blobs."""
    session.execute(sa.delete(Blob).where(
        Blob.id.in_(blob_ids), Blob.state == "doomed"))
