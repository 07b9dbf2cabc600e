"""Rows by their ids; the caller owns the transaction."""

from typing import Any, TypeVar

from sqlalchemy import orm

from identity.exceptions import Missing

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
