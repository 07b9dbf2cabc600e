"""Queries on attachments; the caller owns the transaction.

Each change of an attachment's status takes its volume's along, and is
noted on the backend, in one transaction.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from blockstore import exceptions
from blockstore.db import backends, filters, volumes
from blockstore.db.models import ATTACHMENT_REACHED_FROM, Attachment, Volume
from common import db, paging

#: What lists may be sorted by.
SORT_KEYS: dict[str, Any] = {
    "id": Attachment.id, "created_at": Attachment.created_at,
    "status": Attachment.status, "volume_id": Attachment.volume_id,
}


class Filters(filters.Filters):
    """Which attachments a list shows."""

    model = Attachment


def get(session: orm.Session, attachment_id: str) -> Attachment:
    """Return the attachment with its volume, or raise."""
    found = session.scalars(
        sa.select(Attachment).options(orm.joinedload(Attachment.volume))
        .where(Attachment.id == attachment_id)
        .execution_options(populate_existing=True)).first()
    if found is None:
        raise exceptions.AttachmentNotFound(attachment_id=attachment_id)
    return found


def page(session: orm.Session, filters: Filters,
         wanted: paging.Page) -> list[Attachment]:
    """Return one page of the attachments."""
    statement = wanted.apply(
        session, filters.apply(sa.select(Attachment)), Attachment.id)
    return list(session.scalars(statement))


def of_volume(session: orm.Session, volume_id: str) -> list[Attachment]:
    """Return the volume's attachments."""
    return list(session.scalars(
        sa.select(Attachment).where(Attachment.volume_id == volume_id)
        .order_by(Attachment.created_at)))


def reserve(session: orm.Session, volume: Volume, *, id: str,
            instance_id: str | None, mode: str) -> Attachment:
    """Give the volume to a server; of two that race, one wins.

    :raises InvalidStatus: unless the volume is available
    """
    volumes.move(session, volume.id, "reserved", of={"available"})
    made = Attachment(
        id=id, volume_id=volume.id, project_id=volume.project_id,
        instance_id=instance_id, mode=mode, volume=volume)
    session.add(made)
    session.flush()
    return made


def unreserve(session: orm.Session, attachment_id: str) -> bool:
    """Take a reservation back; say whether it was one."""
    volume_id = _volume_id(session, attachment_id)
    done = session.execute(sa.delete(Attachment).where(
        Attachment.id == attachment_id, Attachment.status == "reserved"))
    if done.rowcount:
        volumes.follow(session, volume_id, "available", of={"reserved"})
    return bool(done.rowcount)


def begin_connect(session: orm.Session, attachment: Attachment,
                  connector: dict[str, Any], mode: str) -> None:
    """Have the volume connected for a host; a task does it."""
    _move(session, attachment, "attaching", of={"reserved"},
          connector=connector, mode=mode, connection_info=None, reason=None)
    volumes.move(session, attachment.volume_id, "attaching",
                 of={"reserved"})


def connected(session: orm.Session, attachment_id: str, generation: int,
              info: dict[str, Any]) -> bool:
    """Tell how to reach the volume; say whether that still is wanted.

    Once told it is never unwanted: a client may be there.
    """
    if db.compare_and_set(
            session, Attachment,
            where={"id": attachment_id, "status": "attaching",
                   "generation": generation, "connection_info": None},
            set={"connection_info": info, "updated_at": db.utcnow()}):
        return True
    return is_told(session, attachment_id)


def is_told(session: orm.Session, attachment_id: str) -> bool:
    """Say whether anybody was told how to reach the volume."""
    return session.scalar(sa.select(Attachment.id).where(
        Attachment.id == attachment_id,
        Attachment.connection_info.is_not(None))) is not None


def give_up_connect(session: orm.Session, attachment_id: str,
                    reason: str) -> None:
    """Leave the volume reserved, as before ``begin_connect``."""
    volume_id = _volume_id(session, attachment_id)
    if db.compare_and_set(
            session, Attachment,
            where={"id": attachment_id, "status": "attaching",
                   "connection_info": None},
            set=_next("reserved", connector=None, reason=reason)):
        volumes.follow(session, volume_id, "reserved", of={"attaching"})
        _note(session, volume_id)


def complete(session: orm.Session, attachment: Attachment) -> None:
    """Note that the server has the volume.

    :raises InvalidAttachment: unless it was told how to reach it
    """
    if attachment.connection_info is None:
        raise exceptions.InvalidAttachment(
            attachment_id=attachment.id, status=attachment.status,
            allowed="attaching and connected")
    _move(session, attachment, "attached", of={"attaching"},
          attached_at=db.utcnow())
    volumes.move(session, attachment.volume_id, "in-use", of={"attaching"})


def begin_disconnect(session: orm.Session, attachment: Attachment) -> None:
    """Have the volume disconnected; a task does it."""
    _move(session, attachment, "detaching", of={"attaching", "attached"},
          reason=None)
    volumes.follow(session, attachment.volume_id, "detaching")


def disconnected(session: orm.Session, attachment_id: str) -> None:
    """Forget the attachment; its volume is free."""
    volume_id = _volume_id(session, attachment_id)
    if volume_id is None:
        return
    session.execute(sa.delete(Attachment).where(
        Attachment.id == attachment_id))
    volumes.follow(session, volume_id, "available", of={"detaching"})
    _note(session, volume_id)


def give_up_disconnect(session: orm.Session, attachment_id: str,
                       reason: str) -> None:
    """Leave the attachment as before ``begin_disconnect``."""
    found = session.get(Attachment, attachment_id, populate_existing=True)
    if found is None:
        return
    before = "attached" if found.attached_at else "attaching"
    if db.compare_and_set(
            session, Attachment,
            where={"id": attachment_id, "status": "detaching"},
            set=_next(before, reason=reason)):
        volumes.follow(
            session, found.volume_id,
            "in-use" if found.attached_at else "attaching",
            of={"detaching"})
        _note(session, found.volume_id)


def _move(session: orm.Session, attachment: Attachment, status: str, *,
          of: set[str], **values: Any) -> None:
    """Move the attachment to ``status``, or raise InvalidAttachment."""
    assert of <= ATTACHMENT_REACHED_FROM[status]
    moved = db.compare_and_set(
        session, Attachment,
        where={"id": attachment.id, "status": of,
               "generation": attachment.generation},
        set=_next(status, **values))
    if not moved:
        raise exceptions.InvalidAttachment(
            attachment_id=attachment.id, status=attachment.status,
            allowed=" or ".join(sorted(of)))
    _note(session, attachment.volume_id)


def _next(status: str, **values: Any) -> dict[str, Any]:
    return {"status": status, "generation": Attachment.generation + 1,
            "updated_at": db.utcnow()} | values


def _volume_id(session: orm.Session, attachment_id: str) -> str | None:
    return session.scalar(sa.select(Attachment.volume_id).where(
        Attachment.id == attachment_id))


def _note(session: orm.Session, volume_id: str) -> None:
    backends.changed(session, session.scalar(
        sa.select(Volume.host).where(Volume.id == volume_id)))
