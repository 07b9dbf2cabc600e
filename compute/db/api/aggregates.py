"""Queries on groups of hosts."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from compute import exceptions
from compute.db.api.models import Aggregate, AggregateHost


def every(session: orm.Session) -> Sequence[Aggregate]:
    return session.scalars(sa.select(Aggregate).order_by(Aggregate.id)).all()


def get(session: orm.Session, aggregate_id: str) -> Aggregate:
    """Return the aggregate, or raise AggregateNotFound."""
    found = (session.get(Aggregate, int(aggregate_id))
             if aggregate_id.isdecimal() and len(aggregate_id) < 10
             else None)
    if found is None:
        raise exceptions.AggregateNotFound(aggregate_id=aggregate_id)
    return found


def create(session: orm.Session, name: str,
           meta: dict[str, str]) -> Aggregate:
    """Add an aggregate, or raise AggregateExists."""
    made = Aggregate(name=name, meta=meta, hosts=[])
    session.add(made)
    _flush(session, name)
    return made


def rename(session: orm.Session, aggregate: Aggregate, name: str) -> None:
    """Give it another name, or raise AggregateExists."""
    aggregate.name = name
    _flush(session, name)


def _flush(session: orm.Session, name: str) -> None:
    try:
        session.flush()
    except sa.exc.IntegrityError:
        raise exceptions.AggregateExists(name=name) from None


def set_meta(aggregate: Aggregate, values: dict[str, str | None]) -> None:
    """Add metadata; None takes a key away."""
    merged = aggregate.meta | values
    aggregate.meta = {key: value for key, value in merged.items()
                      if value is not None}


def delete(session: orm.Session, aggregate: Aggregate) -> None:
    """Remove it, or raise AggregateInUse while it has hosts."""
    if aggregate.hosts:
        raise exceptions.AggregateInUse(aggregate_id=aggregate.id)
    session.delete(aggregate)


def add_host(session: orm.Session, aggregate: Aggregate, host: str) -> None:
    """Add the host, or raise HostInAggregate."""
    key = aggregate.id
    session.add(AggregateHost(aggregate_id=key, host=host))
    try:
        session.flush()
    except sa.exc.IntegrityError:
        raise exceptions.HostInAggregate(
            host=host, aggregate_id=key) from None
    session.refresh(aggregate)


def remove_host(session: orm.Session, aggregate: Aggregate,
                host: str) -> None:
    """Take the host out, or raise ComputeHostNotFound."""
    gone: Any = session.execute(sa.delete(AggregateHost).where(
        AggregateHost.aggregate_id == aggregate.id,
        AggregateHost.host == host))
    if not gone.rowcount:
        raise exceptions.ComputeHostNotFound(host=host)
    session.refresh(aggregate)
