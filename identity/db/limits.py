"""Queries on limits; the caller owns the transaction."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db.models import Limit, Project, RegisteredLimit
from identity.db.projects import flush


def set_registered(session: orm.Session, row: RegisteredLimit,
                   values: dict[str, Any]) -> None:
    """Set attributes of a new or stored one, or raise Duplicate."""
    for name, value in values.items():
        setattr(row, name, value)
    row.region_key = row.region_id or ""
    session.add(row)
    flush(session, "registered limit",
          f"resource {row.resource_name} of service {row.service_id} in "
          f"region {row.region_id} has one")


def has_limits(session: orm.Session, registered_id: str) -> bool:
    """Say whether a project or domain has a limit of its own."""
    return session.scalar(
        sa.select(Limit.id)
        .where(Limit.registered_limit_id == registered_id)
        .limit(1)) is not None


def get(session: orm.Session, limit_id: str) -> Limit:
    """Return the limit with its owner, or raise Missing."""
    found = session.scalars(
        sa.select(Limit).where(Limit.id == limit_id)
        .options(orm.joinedload(Limit.owner))).first()
    if found is None:
        raise exceptions.Missing(kind="limit", id=limit_id)
    return found


def add(session: orm.Session, limit: Limit) -> None:
    """Store it, or raise Duplicate."""
    session.add(limit)
    flush(session, "limit", f"project or domain {limit.owner_id} has one "
          f"for resource {limit.registered.resource_name}")


def registered_for(session: orm.Session, service_id: str,
                   region_id: str | None,
                   resource_name: str) -> RegisteredLimit | None:
    """Return what is registered for just this resource, if anything."""
    return session.scalars(
        sa.select(RegisteredLimit).filter_by(
            service_id=service_id, region_key=region_id or "",
            resource_name=resource_name)).first()


def of_domain(session: orm.Session, registered_id: str,
              domain_id: str) -> int | None:
    """Return how much the domain may have, None where none is set."""
    return session.scalar(
        sa.select(Limit.resource_limit).filter_by(
            registered_limit_id=registered_id, owner_id=domain_id,
            of_domain=True))


def of_projects_in(session: orm.Session, registered_id: str,
                   domain_id: str) -> list[int]:
    """Return how much projects of the domain may have, where it is set."""
    return list(session.scalars(
        sa.select(Limit.resource_limit)
        .join(Project, Project.id == Limit.owner_id)
        .where(Limit.registered_limit_id == registered_id,
               Limit.of_domain.is_(False), Project.domain_id == domain_id)))


def of_projects(session: orm.Session,
                project_ids: Iterable[str]) -> dict[str, list[Limit]]:
    """Return the limits of each project that has any."""
    found: dict[str, list[Limit]] = {}
    for limit in session.scalars(
            sa.select(Limit)
            .where(Limit.owner_id.in_(set(project_ids)),
                   Limit.of_domain.is_(False))
            .order_by(Limit.id)):
        found.setdefault(limit.owner_id, []).append(limit)
    return found
