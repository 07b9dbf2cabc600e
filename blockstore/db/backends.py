"""Queries on backends and schedulers; the caller owns the transaction."""

import dataclasses
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from blockstore import exceptions
from blockstore.db.models import (
    Attachment,
    Backend,
    Scheduler,
    Snapshot,
    Volume,
)
from blockstore.pools import Pool
from common import db

#: Seconds without a report after which an agent is taken to be away.
AWAY_AFTER_S = 60


@dataclasses.dataclass(frozen=True)
class Report:
    """What an agent says of its backend."""

    name: str
    identity: str
    protocol: str
    zone: str
    total_gib: int
    free_gib: int
    overcommit: float


def report(session: orm.Session, seen: Report) -> None:
    """Keep what an agent says of its backend.

    :raises HostMismatch: if the name is another state directory's
    """
    values = dataclasses.asdict(seen) | {
        "reported_at": db.utcnow(), "seen_s": db.epoch()}
    known = session.get(Backend, seen.name)
    if known is None:
        session.add(Backend(**values))
        return
    if known.identity != seen.identity:
        raise exceptions.HostMismatch(host=seen.name)
    for name, value in values.items():
        setattr(known, name, value)


def report_scheduler(session: orm.Session, name: str, zone: str) -> None:
    """Note that the scheduler of this name is at work."""
    session.merge(Scheduler(
        name=name, zone=zone, reported_at=db.utcnow(), seen_s=db.epoch()))


def check_identity(session: orm.Session, name: str,
                   identity: str) -> Backend:
    """Return the backend, or raise HostMismatch if it is not the one."""
    found = session.get(Backend, name)
    if found is None or found.identity != identity:
        raise exceptions.HostMismatch(host=name)
    return found


def changed(session: orm.Session, name: str | None) -> None:
    """Note that what should be on the backend changes.

    Until the transaction ends others that note it for the same backend
    wait.
    """
    if name is not None:
        session.execute(
            sa.update(Backend).where(Backend.name == name)
            .values(revision=Backend.revision + 1)
            .execution_options(synchronize_session=False))


def pools(session: orm.Session,
          name: str | None = None) -> list[tuple[Backend, Pool]]:
    """Return all backends, or the one named, with what is promised."""
    size = sa.func.coalesce(Volume.target_gib, Volume.size_gib)
    promised = (sa.select(sa.func.coalesce(sa.func.sum(size), 0))
                .where(Volume.host == Backend.name).scalar_subquery()
                + sa.select(sa.func.coalesce(
                    sa.func.sum(Snapshot.size_gib), 0))
                .where(Snapshot.host == Backend.name).scalar_subquery())
    wanted = sa.select(Backend, promised, _alive(Backend)).order_by(
        Backend.name).execution_options(populate_existing=True)
    if name is not None:
        wanted = wanted.where(Backend.name == name)
    return [(backend, Pool(
        name=backend.name, zone=backend.zone, total_gib=backend.total_gib,
        free_gib=backend.free_gib, promised_gib=int(promised_gib),
        overcommit=backend.overcommit, alive=bool(alive),
        disabled=backend.disabled))
        for backend, promised_gib, alive in session.execute(wanted)]


def schedulers(session: orm.Session) -> list[tuple[Scheduler, bool]]:
    """Return all schedulers, and whether each is alive."""
    return [(row, bool(alive)) for row, alive in session.execute(
        sa.select(Scheduler, _alive(Scheduler)).order_by(Scheduler.name))]


def _alive(model: Any) -> sa.ColumnElement[bool]:
    # The difference alone: a column compared with a function of the time
    # is the same on all databases.
    return (db.epoch() - model.seen_s) < AWAY_AFTER_S


def set_disabled(session: orm.Session, name: str, disabled: bool,
                 reason: str | None = None) -> Backend | None:
    """Offer the backend to new volumes, or no longer; None if unknown."""
    found = session.get(Backend, name)
    if found is not None:
        found.disabled = disabled
        found.disabled_reason = reason
    return found


def claim(session: orm.Session, name: str, volume_id: str, size_gib: int,
          zone: str) -> bool:
    """Give the volume its backend, if there still is room on it."""
    changed(session, name)  # others that claim on it wait from here on
    now = pools(session, name)
    if not now or now[0][1].refusal(size_gib, zone):
        return False
    return db.compare_and_set(
        session, Volume, where={"id": volume_id, "host": None},
        set={"host": name})


def volume_ids(session: orm.Session, name: str) -> list[str]:
    """Return the ids of the volumes that may have blocks there."""
    return list(session.scalars(
        sa.select(Volume.id).where(Volume.host == name)))


def snapshot_ids(session: orm.Session, name: str) -> list[str]:
    """Return the ids of the snapshots that may have blocks there."""
    return list(session.scalars(
        sa.select(Snapshot.id).where(Snapshot.host == name)))


def attachments(session: orm.Session,
                name: str) -> list[tuple[Attachment, bool]]:
    """Return the backend's attachments that may be exported.

    With each goes whether it must not be written through.
    """
    return [(attachment, readonly or attachment.mode == "ro")
            for attachment, readonly in session.execute(
                sa.select(Attachment, Volume.readonly)
                .join(Volume, Volume.id == Attachment.volume_id)
                .where(Volume.host == name,
                       Attachment.status != "reserved"))]
