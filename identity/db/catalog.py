"""Queries on regions, services, endpoints; callers own the transaction."""

from collections.abc import Iterable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm

from identity.db import authority, lookup
from identity.db.models import Endpoint, EndpointGroup, Region, Service

_Row = TypeVar("_Row", Region, Service, Endpoint, EndpointGroup)


def get_region(session: orm.Session, region_id: str) -> Region:
    """Return the region, or raise Missing."""
    return lookup.get(session, Region, region_id, "region")


def get_service(session: orm.Session, service_id: str) -> Service:
    """Return the service, or raise Missing."""
    return lookup.get(session, Service, service_id, "service")


def get_endpoint(session: orm.Session, endpoint_id: str) -> Endpoint:
    """Return the endpoint, or raise Missing."""
    return lookup.get(session, Endpoint, endpoint_id, "endpoint")


def services(session: orm.Session, **equal: object) -> Iterable[Service]:
    """Return those whose attributes are as given."""
    return session.scalars(
        sa.select(Service).filter_by(**equal)
        .order_by(Service.type, Service.id))


def endpoints(session: orm.Session, **equal: object) -> Iterable[Endpoint]:
    """Return those whose attributes are as given."""
    return session.scalars(
        sa.select(Endpoint).filter_by(**equal)
        .order_by(Endpoint.interface, Endpoint.id))


def add(session: orm.Session, row: _Row) -> _Row:
    """Add a region, service, endpoint or endpoint group."""
    session.add(row)
    session.flush()
    authority.changed(session, "catalog")
    return row


def update(session: orm.Session, row: _Row, values: dict[str, Any]) -> None:
    """Set attributes."""
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    authority.changed(session, "catalog")


def delete(session: orm.Session,
           row: Region | Service | Endpoint | EndpointGroup) -> None:
    """Delete it, and a service's endpoints with it."""
    if isinstance(row, Service):
        session.execute(
            sa.delete(Endpoint).where(Endpoint.service_id == row.id))
    session.delete(row)
    session.flush()
    authority.changed(session, "catalog")


def region_parents(session: orm.Session) -> dict[str, str | None]:
    """Return the parent of each region."""
    rows = session.execute(sa.select(Region.id, Region.parent_id))
    return {row[0]: row[1] for row in rows}


def upwards(region_id: str, parents: dict[str, str | None]) -> list[str]:
    """Return the region and those above it, itself first."""
    found = [region_id]
    while (parent_id := parents.get(found[-1])) is not None:
        found.append(parent_id)
    return found


def _region_and_below(region_id: str) -> sa.Select[Any]:
    top = (sa.select(Region.id).where(Region.id == region_id)
           .cte("regions_below", recursive=True))
    below = top.union(
        sa.select(Region.id).join(top, Region.parent_id == top.c.id))
    return sa.select(below.c.id)


def region_is_used(session: orm.Session, region_id: str) -> bool:
    """Say whether the region, or one below it, has an endpoint."""
    return session.scalar(
        sa.select(Endpoint.id)
        .where(Endpoint.region_id.in_(_region_and_below(region_id)))
        .limit(1)) is not None


def delete_region(session: orm.Session, region: Region) -> None:
    """Delete the region and those below it."""
    ids = list(session.scalars(_region_and_below(region.id)))
    # Rows refer to their parents: first let go, then delete.
    session.execute(sa.update(Region).where(Region.id.in_(ids))
                    .values(parent_id=None))
    session.execute(sa.delete(Region).where(Region.id.in_(ids)))
    authority.changed(session, "catalog")
