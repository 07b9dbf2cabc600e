"""Rows by their ids; the caller owns the transaction."""

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm

from identity.exceptions import Missing, TooMany

Row = TypeVar("Row")


def get(session: orm.Session, model: type[Row], id_: str,
        kind: str) -> Row:
    """Return the row, or raise Missing.

    :param kind: what clients call it
    """
    row = session.get(model, id_)
    if row is None:
        raise Missing(kind=kind, id=id_)
    return row


def get_of_user(session: orm.Session, model: type[Row], user_id: str,
                id_: str, kind: str) -> Row:
    """Return the user's own, or raise Missing."""
    row: Any = get(session, model, id_, kind)
    if row.user_id != user_id:
        raise Missing(kind=kind, id=id_)
    found: Row = row
    return found


def refuse_more(session: orm.Session, limit: int, what: str,
                *where: sa.ColumnElement[bool]) -> None:
    """Raise TooMany if there are as many rows as a user may have.

    Call it with the owner locked, so that no two add the last one.

    :param what: what clients call them
    """
    count = session.scalar(sa.select(sa.func.count()).where(*where))
    if (count or 0) >= limit:
        raise TooMany(what=what, limit=limit)
