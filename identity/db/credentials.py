"""Queries on stored credentials; the caller owns the transaction."""

import hashlib

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import lookup
from identity.db.delegations import Credential
from identity.db.models import User

EC2 = "ec2"
TOTP = "totp"
#: Credentials that a user may have.
MAX_PER_USER = 500


def access_hash(access: str) -> str:
    """Return the id of the EC2 credential with this access key."""
    return hashlib.sha256(access.encode()).hexdigest()


def get(session: orm.Session, credential_id: str) -> Credential:
    """Return the credential, or raise Missing."""
    return lookup.get(session, Credential, credential_id, "credential")


def by_access(session: orm.Session, access: str) -> Credential | None:
    """Return the EC2 credential that has this access key now."""
    return session.scalars(sa.select(Credential).where(
        Credential.access_hash == access_hash(access))).first()


def of_user(session: orm.Session, user_id: str,
            kind: str) -> list[Credential]:
    """Return what the user has of this type, sorted by id."""
    return list(session.scalars(
        sa.select(Credential)
        .where(Credential.user_id == user_id, Credential.type == kind)
        .order_by(Credential.id)))


def add(session: orm.Session, row: Credential) -> None:
    """Add it, unless the user has too many or the access key is known."""
    lock_owner(session, row.user_id)
    lookup.refuse_more(session, MAX_PER_USER, "credentials",
                       Credential.user_id == row.user_id)
    session.add(row)
    flush(session)


def flush(session: orm.Session) -> None:
    """Send what is pending; raise Duplicate if the access key is taken."""
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        raise exceptions.Duplicate(
            kind="credential", reason="the access key is in use") from error


def lock_owner(session: orm.Session, user_id: str) -> None:
    """Let nobody else add to what the user has until the end.

    :raises Missing: if there is no such user
    """
    # SQLite has one writer anyway and leaves FOR UPDATE out.
    found = session.scalar(
        sa.select(User.id).where(User.id == user_id).with_for_update())
    if found is None:
        raise exceptions.Missing(kind="user", id=user_id)
