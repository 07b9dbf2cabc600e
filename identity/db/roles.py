"""Queries on roles and what they imply; the caller owns the transaction."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import authority, lookup
from identity.db.models import Assignment, Implication, Role
from identity.db.projects import flush


def get(session: orm.Session, role_id: str) -> Role:
    """Return the role, or raise Missing."""
    return lookup.get(session, Role, role_id, "role")


def all_roles(session: orm.Session) -> list[Role]:
    """Return every role."""
    return list(session.scalars(sa.select(Role)))


def role_names(session: orm.Session
               ) -> list[tuple[str, str, str | None]]:
    """Return id, name and domain of every role."""
    return [(row[0], row[1], row[2]) for row in session.execute(
        sa.select(Role.id, Role.name, Role.domain_id))]


def implications(session: orm.Session) -> list[tuple[str, str]]:
    """Return each role's id with the id of one that it implies."""
    return [(prior, implied) for prior, implied in session.execute(
        sa.select(Implication.prior_id, Implication.implied_id)
        .order_by(Implication.prior_id, Implication.implied_id))]


def implies(session: orm.Session, prior_id: str, implied_id: str) -> bool:
    """Say whether the one names the other, with no role between them."""
    return session.get(Implication, (prior_id, implied_id)) is not None


def create(session: orm.Session, role: Role) -> Role:
    """Add the role, or raise Duplicate."""
    role.names_of = role.domain_id or Role.GLOBAL
    session.add(role)
    flush(session, "role", f"name {role.name} is in use")
    authority.changed(session, "roles")
    return role


def update(session: orm.Session, role: Role, values: dict[str, Any]) -> None:
    """Set attributes."""
    for name, value in values.items():
        setattr(role, name, value)
    flush(session, "role", f"name {role.name} is in use")
    authority.changed(session, "roles")


def delete(session: orm.Session, role: Role) -> None:
    """Delete the role, its assignments and implications."""
    for table, column in (
            (Assignment, Assignment.role_id),
            (Implication, Implication.prior_id),
            (Implication, Implication.implied_id)):
        session.execute(sa.delete(table).where(column == role.id))
    session.delete(role)
    session.flush()
    authority.changed(session, "roles")


def imply(session: orm.Session, prior_id: str, implied_id: str) -> None:
    """Let ``prior_id`` imply ``implied_id``; it may do so already."""
    if not implies(session, prior_id, implied_id):
        session.add(Implication(prior_id=prior_id, implied_id=implied_id))
        session.flush()
        authority.changed(session, "roles")


def imply_no_more(session: orm.Session, prior_id: str,
                  implied_id: str) -> None:
    """Take it back, or raise ImplicationNotFound."""
    gone = authority.changed_rows(session, sa.delete(Implication).where(
        Implication.prior_id == prior_id,
        Implication.implied_id == implied_id))
    if gone == 0:
        raise exceptions.ImplicationNotFound(
            prior_id=prior_id, implied_id=implied_id)
    authority.changed(session, "roles")


def by_id(roles: Iterable[Role]) -> dict[str, Role]:
    """Index roles by their ids."""
    return {role.id: role for role in roles}
