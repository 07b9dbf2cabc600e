"""Queries on what imports keep to themselves while they run."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from imagestore.db.models import Image, ImageImport, Property


def add(session: orm.Session, task_id: str, *,
        sealed_token: str | None = None,
        expires_at: float | None = None) -> None:
    """Note an import that is about to run.

    :param expires_at: end of the token's life, in seconds since 1970
    """
    session.add(ImageImport(
        task_id=task_id, sealed_token=sealed_token, expires_at=expires_at,
        applied=0, before={}))


def sealed_token(session: orm.Session, task_id: str) -> str | None:
    """Return the token that an import may still use."""
    return session.execute(
        sa.select(ImageImport.sealed_token).where(
            ImageImport.task_id == task_id,
            ImageImport.expires_at > db.epoch())).scalar()


def applied(session: orm.Session, task_id: str) -> int:
    """Return how many plug-ins have done their work."""
    return session.execute(
        sa.select(ImageImport.applied)
        .where(ImageImport.task_id == task_id)).scalar() or 0


def change(session: orm.Session, task_id: str, image: Image,
           columns: Mapping[str, Any],
           properties: Mapping[str, str]) -> ImageImport:
    """Change an image, and note what it was before the import."""
    row = session.get_one(ImageImport, task_id)
    kept = {each.name: each for each in image.properties}
    before: dict[str, Any] = {
        **{f"column {name}": getattr(image, name) for name in columns},
        **{f"property {name}": kept[name].value if name in kept else None
           for name in properties}}
    row.before = before | row.before
    for name, value in columns.items():
        setattr(image, name, value)
    for name, value in properties.items():
        if name in kept:
            kept[name].value = value
        else:
            image.properties.append(Property(name=name, value=value))
    image.updated_at = db.utcnow()
    return row


def change_back(session: orm.Session, task_id: str, image: Image) -> None:
    """Let the image be what it was before the import; may be repeated."""
    row = session.get(ImageImport, task_id)
    for what, value in (row.before if row else {}).items():
        kind, _, name = what.partition(" ")
        if kind == "column":
            setattr(image, name, value)
            continue
        for each in [each for each in image.properties if each.name == name]:
            if value is None:
                image.properties.remove(each)
            else:
                each.value = value


def forget_token(session: orm.Session, task_id: str) -> None:
    """Drop a token that is no longer needed."""
    _forget(session, ImageImport.task_id == task_id)


def forget_ended_tokens(session: orm.Session) -> None:
    """Drop all tokens whose life is over."""
    _forget(session, ImageImport.expires_at <= db.epoch())


def _forget(session: orm.Session, *where: Any) -> None:
    session.execute(
        sa.update(ImageImport)
        .where(*where, ImageImport.sealed_token.is_not(None))
        .values(sealed_token=None))


def forget(session: orm.Session, task_id: str) -> None:
    """Drop all that an import kept."""
    session.execute(
        sa.delete(ImageImport).where(ImageImport.task_id == task_id))
