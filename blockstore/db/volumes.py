"""Queries on volumes; the caller owns the transaction."""

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from blockstore import exceptions
from blockstore.db import backends
from blockstore.db.models import (
    VOLUME_REACHED_FROM,
    Attachment,
    MetadataItem,
    Volume,
)
from common import db, paging

_PARTS = (orm.joinedload(Volume.volume_type),
          orm.selectinload(Volume.attachments),
          orm.selectinload(Volume.metadata_items))

#: What lists may be sorted by.
SORT_KEYS: dict[str, Any] = {
    "id": Volume.id, "created_at": Volume.created_at,
    "updated_at": sa.func.coalesce(Volume.updated_at, Volume.created_at),
    "name": sa.func.coalesce(Volume.name, ""), "status": Volume.status,
    "size": Volume.size_gib, "availability_zone": Volume.zone,
    "host": sa.func.coalesce(Volume.host, ""),
    "bootable": Volume.bootable, "project_id": Volume.project_id,
}


@dataclasses.dataclass
class Filters:
    """Which volumes a list shows; None does not filter."""

    project_id: str | None = None
    equal: dict[str, Any] = dataclasses.field(default_factory=dict)
    name_like: str | None = None
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    times: list[tuple[str, str, datetime.datetime]] = dataclasses.field(
        default_factory=list)

    def apply(self, statement: Any) -> Any:
        """Return ``statement`` with the conditions."""
        if self.project_id is not None:
            statement = statement.where(
                Volume.project_id == self.project_id)
        for name, value in self.equal.items():
            statement = statement.where(getattr(Volume, name) == value)
        if self.name_like is not None:
            statement = statement.where(
                Volume.name.contains(self.name_like, autoescape=True))
        for key, value in self.metadata.items():
            statement = statement.where(sa.exists().where(
                MetadataItem.volume_id == Volume.id,
                MetadataItem.key == key, MetadataItem.value == value))
        for name, operator, when in self.times:
            column = getattr(Volume, name)
            statement = statement.where(OPERATORS[operator](column, when))
        return statement


#: How times may be compared.
OPERATORS = {
    "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b,
    "eq": lambda a, b: a == b, "neq": lambda a, b: a != b,
}


def get(session: orm.Session, volume_id: str) -> Volume:
    """Return the volume with all its parts, or raise VolumeNotFound."""
    found = session.scalars(
        sa.select(Volume).options(*_PARTS).where(Volume.id == volume_id)
        .execution_options(populate_existing=True)).first()
    if found is None:
        raise exceptions.VolumeNotFound(volume_id=volume_id)
    return found


def host(session: orm.Session, volume_id: str) -> str | None:
    """Return the volume's backend; None if it has none or is gone."""
    return session.scalar(
        sa.select(Volume.host).where(Volume.id == volume_id))


def current_status(session: orm.Session, volume_id: str) -> str | None:
    """Return the volume's status; None if it is gone."""
    return session.scalar(
        sa.select(Volume.status).where(Volume.id == volume_id))


def page(session: orm.Session, filters: Filters,
         wanted: paging.Page) -> list[Volume]:
    """Return one page of the volumes with all their parts."""
    statement = wanted.apply(
        session, filters.apply(sa.select(Volume).options(*_PARTS)),
        Volume.id)
    return list(session.scalars(statement))


def count(session: orm.Session, filters: Filters) -> tuple[int, int]:
    """Return how many volumes there are, and their GiB."""
    number, size = session.execute(filters.apply(sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(Volume.size_gib), 0)))).one()
    return int(number), int(size)


def add(session: orm.Session, metadata: dict[str, str],
        **values: Any) -> Volume:
    """Add a volume in status ``creating``."""
    volume = Volume(**values, attachments=[], metadata_items=[
        MetadataItem(key=key, value=value)
        for key, value in sorted(metadata.items())])
    session.add(volume)
    session.flush()
    return volume


def move(session: orm.Session, volume_id: str, status: str, *,
         of: Iterable[str] | None = None, **values: Any) -> None:
    """Move the volume to ``status``, or raise InvalidStatus.

    One UPDATE compares and sets: of two callers that race, one wins.

    :param of: the statuses it may have now, if not all that the table of
        states has for ``status``
    """
    allowed = set(of or VOLUME_REACHED_FROM[status])
    if not follow(session, volume_id, status, of=allowed, **values):
        now = current_status(session, volume_id)
        if now is None:
            raise exceptions.VolumeNotFound(volume_id=volume_id)
        raise exceptions.InvalidStatus(
            volume_id=volume_id, status=now,
            allowed=" or ".join(sorted(allowed)))


def follow(session: orm.Session, volume_id: str, status: str, *,
           of: Iterable[str] | None = None, **values: Any) -> bool:
    """Like ``move``, but leave what an operator has set meanwhile."""
    allowed = set(of or VOLUME_REACHED_FROM[status])
    return db.compare_and_set(
        session, Volume, where={"id": volume_id, "status": allowed},
        set={"status": status, "updated_at": db.utcnow()} | values)


def update(session: orm.Session, volume_id: str, **values: Any) -> None:
    """Set columns of the volume, whatever its status."""
    session.execute(
        sa.update(Volume).where(Volume.id == volume_id)
        .values(updated_at=db.utcnow(), **values)
        .execution_options(synchronize_session=False))


def unplace(session: orm.Session, volume_id: str) -> None:
    """Take the volume's backend away; it has no blocks there any more."""
    backends.changed(session, host(session, volume_id))
    update(session, volume_id, host=None)


def remove(session: orm.Session, volume_id: str) -> None:
    """Delete the row, its attachments and its metadata, if there."""
    backends.changed(session, host(session, volume_id))
    for model in (Attachment, MetadataItem):
        session.execute(sa.delete(model).where(
            model.volume_id == volume_id))
    session.execute(sa.delete(Volume).where(Volume.id == volume_id))


def set_metadata(session: orm.Session, volume_id: str,
                 items: dict[str, str], *, replace: bool = False) -> None:
    """Set keys of the metadata; with ``replace``, remove all others."""
    gone = sa.delete(MetadataItem).where(MetadataItem.volume_id == volume_id)
    if not replace:
        gone = gone.where(MetadataItem.key.in_(sorted(items)))
    session.execute(gone)
    if items:
        session.execute(sa.insert(MetadataItem), [
            {"volume_id": volume_id, "key": key, "value": value}
            for key, value in sorted(items.items())])
    update(session, volume_id)


def unset_metadata(session: orm.Session, volume_id: str, key: str) -> None:
    """Remove one key, or raise MetadataNotFound."""
    done = session.execute(sa.delete(MetadataItem).where(
        MetadataItem.volume_id == volume_id, MetadataItem.key == key))
    if not done.rowcount:
        raise exceptions.MetadataNotFound(volume_id=volume_id, key=key)
    update(session, volume_id)
