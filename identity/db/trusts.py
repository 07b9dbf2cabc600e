"""Queries on trusts; the caller owns the transaction."""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import lookup
from identity.db.authority import changed_rows
from identity.db.credentials import lock_owner
from identity.db.delegations import Trust

#: Trusts that a user may have made.
MAX_PER_USER = 1000
#: More trusts than ever follow one another.
_MAX_CHAIN = 64


def get(session: orm.Session, trust_id: str) -> Trust:
    """Return a trust that was not deleted, or raise Missing."""
    found = session.get(Trust, trust_id)
    if found is None or found.deleted_at is not None:
        raise exceptions.Missing(kind="trust", id=trust_id)
    return found


def add(session: orm.Session, trust: Trust) -> None:
    """Add it, or raise TooMany."""
    lock_owner(session, trust.trustor_user_id)
    lookup.refuse_more(
        session, MAX_PER_USER, "trusts",
        Trust.trustor_user_id == trust.trustor_user_id,
        Trust.deleted_at.is_(None))
    session.add(trust)
    session.flush()


def chain(session: orm.Session, trust_id: str) -> list[Trust]:
    """Return the trust and those it comes from, the first one last.

    Deleted ones are among them.
    """
    start = (
        sa.select(Trust.id, Trust.redelegated_trust_id,
                  sa.literal(0).label("far"))
        .where(Trust.id == trust_id).cte("chain", recursive=True))
    links = start.union_all(
        sa.select(Trust.id, Trust.redelegated_trust_id, start.c.far + 1)
        .join(start, Trust.id == start.c.redelegated_trust_id)
        .where(start.c.far < _MAX_CHAIN))
    return list(session.scalars(
        sa.select(Trust).join(links, Trust.id == links.c.id)
        .order_by(links.c.far)))


def use(session: orm.Session, trust_id: str) -> bool:
    """Count one use; say whether there was one left.

    One UPDATE compares and sets: of two that race for the last, one wins.
    """
    return changed_rows(session, sa.update(Trust).where(
        Trust.id == trust_id, Trust.deleted_at.is_(None),
        Trust.remaining_uses > 0)
        .values(remaining_uses=Trust.remaining_uses - 1)
        .execution_options(synchronize_session=False)) == 1


def delete(session: orm.Session, trust: Trust,
           now: datetime.datetime) -> list[Any]:
    """Mark the trust, and those that come from it, as deleted.

    :returns: trustor and trustee of each
    """
    start = (
        sa.select(Trust.id).where(Trust.id == trust.id)
        .cte("after", recursive=True))
    after = start.union_all(
        sa.select(Trust.id)
        .join(start, Trust.redelegated_trust_id == start.c.id))
    found = session.execute(
        sa.select(Trust.id, Trust.trustor_user_id, Trust.trustee_user_id)
        .where(Trust.id.in_(sa.select(after.c.id)))).all()
    session.execute(
        sa.update(Trust).where(Trust.id.in_([row.id for row in found]),
                               Trust.deleted_at.is_(None))
        .values(deleted_at=now)
        .execution_options(synchronize_session=False))
    return [(row.trustor_user_id, row.trustee_user_id) for row in found]
