"""Queries on OAuth consumers and tokens; the caller owns the transaction."""

import datetime
import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import exceptions as common_exceptions
from identity import exceptions
from identity.db import lookup
from identity.db.authority import changed_rows
from identity.db.delegations import (
    AccessToken,
    Nonce,
    RequestToken,
)

#: Request tokens of one consumer that wait to be authorized.
_MAX_WAITING = 1000


def users_of(session: orm.Session, consumer_id: str) -> Iterable[str]:
    """Return the users who have authorized the consumer."""
    return session.scalars(
        sa.select(AccessToken.user_id).distinct()
        .where(AccessToken.consumer_id == consumer_id)).all()


def add_request_token(session: orm.Session, row: RequestToken) -> None:
    """Add it, unless too many of the consumer wait."""
    waiting = session.scalar(
        sa.select(sa.func.count()).select_from(RequestToken)
        .where(RequestToken.consumer_id == row.consumer_id))
    if (waiting or 0) >= _MAX_WAITING:
        raise common_exceptions.TooManyRequests(retry_after=60)
    session.add(row)
    session.flush()


def authorize(session: orm.Session, row: RequestToken, user_id: str,
              role_ids: list[str], verifier: str) -> None:
    """Let the token stand for the user, who has to be the first to do so.

    :raises NotAllowed: if another user was
    """
    done = changed_rows(session, sa.update(RequestToken).where(
        RequestToken.id == row.id,
        sa.or_(RequestToken.user_id.is_(None),
               RequestToken.user_id == user_id))
        .values(user_id=user_id, role_ids=role_ids, verifier=verifier)
        .execution_options(synchronize_session=False))
    if done == 0:
        raise exceptions.NotAllowed(
            reason="Another user has authorized the request token.")


def exchange(session: orm.Session, row: RequestToken, sealed_secret: str,
             expires_at: datetime.datetime) -> AccessToken:
    """Turn an authorized request token into an access token, once.

    :raises Unauthorized: if it was done already
    """
    gone = changed_rows(
        session, sa.delete(RequestToken)
        .where(RequestToken.id == row.id)
        .execution_options(synchronize_session=False))
    if gone == 0:
        raise common_exceptions.Unauthorized()
    made = AccessToken(
        id=uuid.uuid4().hex, consumer_id=row.consumer_id,
        user_id=row.user_id, project_id=row.project_id,
        role_ids=row.role_ids, sealed_secret=sealed_secret,
        expires_at=expires_at)
    session.add(made)
    session.flush()
    return made


def get_access_token(session: orm.Session, user_id: str,
                     token_id: str) -> AccessToken:
    """Return the user's access token, or raise Missing."""
    return lookup.get_of_user(
        session, AccessToken, user_id, token_id, "access token")


def remember(session: orm.Session, nonce_id: str,
             expires_at: datetime.datetime) -> None:
    """Note a signed request, or raise Unauthorized if it came before."""
    session.add(Nonce(id=nonce_id, expires_at=expires_at))
    try:
        session.flush()
    except sa.exc.IntegrityError:
        raise common_exceptions.Unauthorized() from None


def prune(session: orm.Session, now: datetime.datetime) -> int:
    """Drop what has expired; return how many rows."""
    models: tuple[Any, ...] = (Nonce, RequestToken, AccessToken)
    return sum(changed_rows(session, sa.delete(model).where(
        model.expires_at < now)) for model in models)
