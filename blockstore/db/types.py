"""Queries on volume types; the caller owns the transaction."""

import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from blockstore import exceptions
from blockstore.db.models import VolumeType

DEFAULT = "default"
#: What Cinder calls the type of those who choose none.
DEFAULT_ALIAS = "__DEFAULT__"
DEFAULT_ID = str(uuid.UUID("c1f3a5d2-6d0e-5b7a-9c44-2f1e8b6a7d10"))


def ensure_default(session: orm.Session) -> None:
    """Make sure that there is a type for those who choose none."""
    if session.get(VolumeType, DEFAULT_ID) is None:
        session.add(VolumeType(
            id=DEFAULT_ID, name=DEFAULT, is_public=True,
            description="Volumes as this cloud makes them"))


def all_public(session: orm.Session) -> list[VolumeType]:
    """Return the types that all projects may use."""
    return list(session.scalars(
        sa.select(VolumeType).where(VolumeType.is_public)
        .order_by(VolumeType.name)))


def find(session: orm.Session, name_or_id: str | None) -> VolumeType:
    """Return the type of this name or id, or raise VolumeTypeNotFound.

    None, an empty text and Cinder's name mean the default.
    """
    if not name_or_id or name_or_id == DEFAULT_ALIAS:
        name_or_id = DEFAULT_ID
    found = session.scalars(
        sa.select(VolumeType).where(
            VolumeType.is_public,
            sa.or_(VolumeType.id == name_or_id,
                   VolumeType.name == name_or_id))
        .order_by(VolumeType.id == name_or_id)).first()
    if found is None:
        raise exceptions.VolumeTypeNotFound(type_id=name_or_id)
    return found
