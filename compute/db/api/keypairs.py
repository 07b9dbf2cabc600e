"""Queries on keypairs."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from compute import exceptions
from compute.db.api.models import Keypair


def get(session: orm.Session, user_id: str, name: str) -> Keypair:
    """Return the user's keypair, or raise KeypairNotFound."""
    found = session.scalar(sa.select(Keypair).where(
        Keypair.user_id == user_id, Keypair.name == name))
    if found is None:
        raise exceptions.KeypairNotFound(name=name, user_id=user_id)
    return found


def query(user_id: str) -> sa.Select[Any]:
    """Return the select of the user's keypairs."""
    return sa.select(Keypair).where(Keypair.user_id == user_id)


def create(session: orm.Session, keypair: Keypair, limit: int) -> None:
    """Add it, or raise KeypairExists or QuotaExceeded."""
    names = session.scalars(sa.select(Keypair.name).where(
        Keypair.user_id == keypair.user_id)).all()
    if keypair.name in names:
        raise exceptions.KeypairExists(name=keypair.name)
    if 0 <= limit <= len(names):
        raise exceptions.TooManyKeypairs()
    session.add(keypair)
    session.flush()


def delete(session: orm.Session, user_id: str, name: str) -> None:
    """Remove it, or raise KeypairNotFound."""
    gone: Any = session.execute(sa.delete(Keypair).where(
        Keypair.user_id == user_id, Keypair.name == name))
    if gone.rowcount == 0:
        raise exceptions.KeypairNotFound(name=name, user_id=user_id)
