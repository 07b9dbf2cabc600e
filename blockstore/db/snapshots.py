"""Queries on snapshots; the caller owns the transaction."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from blockstore import exceptions
from blockstore.db import backends, filters
from blockstore.db.models import SNAPSHOT_REACHED_FROM, Snapshot
from common import db, paging

#: What lists may be sorted by.
SORT_KEYS: dict[str, Any] = {
    "id": Snapshot.id, "created_at": Snapshot.created_at,
    "name": sa.func.coalesce(Snapshot.name, ""),
    "status": Snapshot.status, "volume_id": Snapshot.volume_id,
}


class Filters(filters.Filters):
    """Which snapshots a list shows."""

    model = Snapshot


def get(session: orm.Session, snapshot_id: str) -> Snapshot:
    """Return the snapshot, or raise SnapshotNotFound."""
    found = session.get(Snapshot, snapshot_id, populate_existing=True)
    if found is None:
        raise exceptions.SnapshotNotFound(snapshot_id=snapshot_id)
    return found


def page(session: orm.Session, filters: Filters,
         wanted: paging.Page) -> list[Snapshot]:
    """Return one page of the snapshots."""
    return list(session.scalars(wanted.apply(
        session, filters.apply(sa.select(Snapshot)), Snapshot.id)))


def count(session: orm.Session, filters: Filters) -> int:
    """Return how many snapshots there are."""
    return int(session.scalar(filters.apply(
        sa.select(sa.func.count()).select_from(Snapshot))) or 0)


def add(session: orm.Session, **values: Any) -> Snapshot:
    """Add a snapshot in status ``creating``."""
    made = Snapshot(**values)
    session.add(made)
    session.flush()
    return made


def exist(session: orm.Session, volume_id: str) -> bool:
    """Say whether the volume has snapshots."""
    return session.scalar(sa.select(Snapshot.id).where(
        Snapshot.volume_id == volume_id).limit(1)) is not None


def update(session: orm.Session, snapshot_id: str, **values: Any) -> None:
    """Set columns of the snapshot, whatever its status."""
    session.execute(
        sa.update(Snapshot).where(Snapshot.id == snapshot_id)
        .values(updated_at=db.utcnow(), **values)
        .execution_options(synchronize_session=False))


def move(session: orm.Session, snapshot: Snapshot, status: str) -> None:
    """Move the snapshot to ``status``, or raise InvalidSnapshot."""
    if not follow(session, snapshot.id, status, reason=None):
        raise exceptions.InvalidSnapshot(
            snapshot_id=snapshot.id, status=snapshot.status,
            allowed=" or ".join(sorted(SNAPSHOT_REACHED_FROM[status])))


def follow(session: orm.Session, snapshot_id: str, status: str,
           **values: Any) -> bool:
    """Like ``move``, but leave what an operator has set meanwhile."""
    return db.compare_and_set(
        session, Snapshot, where={
            "id": snapshot_id, "status": SNAPSHOT_REACHED_FROM[status]},
        set={"status": status, "updated_at": db.utcnow()} | values)


def claim(session: orm.Session, snapshot: Snapshot, host: str) -> None:
    """Give the snapshot room on its volume's backend, or raise NoSpace."""
    backends.changed(session, host)  # others that claim wait from here on
    found = backends.pools(session, host)
    if not found or found[0][1].room_gib < snapshot.size_gib:
        raise exceptions.NoSpace(size_gib=snapshot.size_gib)
    update(session, snapshot.id, host=host)


def unplace(session: orm.Session, snapshot_id: str) -> None:
    """Take its backend away; it has no blocks there any more."""
    backends.changed(session, host(session, snapshot_id))
    update(session, snapshot_id, host=None)


def host(session: orm.Session, snapshot_id: str) -> str | None:
    """Return the snapshot's backend; None if it has none or is gone."""
    return session.scalar(
        sa.select(Snapshot.host).where(Snapshot.id == snapshot_id))


def remove(session: orm.Session, snapshot_id: str) -> None:
    """Delete the row, if there."""
    backends.changed(session, host(session, snapshot_id))
    session.execute(sa.delete(Snapshot).where(Snapshot.id == snapshot_id))
