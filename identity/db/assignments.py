"""Queries on who has which role where; the caller owns the transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db.authority import changed_rows
from identity.db.models import Assignment, Group, Membership, Project, User


def exists(session: orm.Session, wanted: Assignment) -> bool:
    """Say whether just this assignment is there."""
    return session.get(Assignment, key(wanted)) is not None


def key(row: Assignment) -> dict[str, Any]:
    """Return the primary key of an assignment."""
    return {"actor_id": row.actor_id, "actor_kind": row.actor_kind,
            "target_id": row.target_id, "target_kind": row.target_kind,
            "role_id": row.role_id, "inherited": row.inherited}


def add(session: orm.Session, row: Assignment) -> None:
    """Give the role; it may be given already."""
    if not exists(session, row):
        session.add(row)
        session.flush()


def remove(session: orm.Session, row: Assignment) -> None:
    """Take the role back, or raise AssignmentNotFound."""
    gone = changed_rows(
        session, sa.delete(Assignment).filter_by(**key(row)))
    if gone == 0:
        raise not_found(row)


def not_found(row: Assignment) -> exceptions.AssignmentNotFound:
    """Return the error that says that the row is not there."""
    return exceptions.AssignmentNotFound(
        role_id=row.role_id, actor_id=row.actor_id,
        target_id=row.target_id)


def matching(session: orm.Session, **equal: object
             ) -> Sequence[Assignment]:
    """Return those whose attributes are as given, in a fixed order."""
    return session.scalars(
        sa.select(Assignment).filter_by(**equal).order_by(
            Assignment.target_kind, Assignment.target_id,
            Assignment.actor_kind, Assignment.actor_id,
            Assignment.role_id, Assignment.inherited)).all()


def members(session: orm.Session, group_ids: Iterable[str]
            ) -> dict[str, list[str]]:
    """Return the ids of the users in each of the groups."""
    found: dict[str, list[str]] = {}
    for group_id, user_id in session.execute(
            sa.select(Membership.group_id, Membership.user_id)
            .where(Membership.group_id.in_(set(group_ids)))
            .order_by(Membership.group_id, Membership.user_id)):
        found.setdefault(group_id, []).append(user_id)
    return found


def parents(session: orm.Session) -> dict[str, str | None]:
    """Return the parent of each project and domain."""
    rows = session.execute(
        sa.select(Project.id, Project.parent_id).order_by(Project.name))
    return {row[0]: row[1] for row in rows}


def names(session: orm.Session, model: type[Project | User | Group],
          ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return id, name and domain of each."""
    domain = orm.aliased(Project)
    found: dict[str, dict[str, Any]] = {}
    for row_id, name, domain_id, domain_name in session.execute(
            sa.select(model.id, model.name, domain.id, domain.name)
            .outerjoin(domain, domain.id == model.domain_id)
            .where(model.id.in_(set(ids)))):
        found[row_id] = {"id": row_id, "name": name}
        if domain_id is not None:
            found[row_id]["domain"] = {"id": domain_id, "name": domain_name}
    return found


def in_domain(session: orm.Session, domain_id: str) -> set[str]:
    """Return the ids of the domain and of its projects."""
    return {domain_id, *session.scalars(
        sa.select(Project.id).where(Project.domain_id == domain_id))}
