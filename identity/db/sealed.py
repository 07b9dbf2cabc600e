"""What is sealed in the database, and how to seal it anew."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity.db.delegations import (
    AccessToken,
    Consumer,
    Credential,
    RequestToken,
)
from identity.db.models import DomainSecret

#: Every column that holds a sealed secret.
COLUMNS: tuple[tuple[type[Any], str], ...] = (
    (Credential, "sealed_blob"), (Consumer, "sealed_secret"),
    (RequestToken, "sealed_secret"), (AccessToken, "sealed_secret"),
    (DomainSecret, "sealed_value"))
_BATCH = 200


def reseal(session: orm.Session, model: type[Any], column: str, after: str,
           anew: Callable[[str], str]) -> tuple[int, str | None]:
    """Seal some rows of a table anew, in the order of their ids.

    :param after: the id of the last one done, at first the empty string
    :returns: how many, and what to pass as ``after`` next, None when all
        are done
    """
    secret = getattr(model, column)
    rows = session.execute(
        sa.select(model.id, secret).where(model.id > after)
        .order_by(model.id).limit(_BATCH)).all()
    for row_id, sealed in rows:
        # One that was changed meanwhile is sealed with the new key already.
        session.execute(
            sa.update(model).where(model.id == row_id, secret == sealed)
            .values({column: anew(sealed)}))
    return len(rows), rows[-1][0] if rows else None
