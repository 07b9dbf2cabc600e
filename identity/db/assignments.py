"""Queries on who has which role where; the caller owns the transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import losses
from identity.db.authority import changed_rows
from identity.db.models import (
    GROUP,
    SYSTEM,
    USER,
    Assignment,
    Group,
    Membership,
    Project,
    Role,
    User,
)
from identity.roles import RoleGraph


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
    losses.of_grant(session, row)


def not_found(row: Assignment) -> exceptions.AssignmentNotFound:
    """Return the error that says that the row is not there."""
    return exceptions.AssignmentNotFound(
        role_id=row.role_id, actor_id=row.actor_id,
        target_id=row.target_id)


def matching(session: orm.Session, *where: sa.ColumnElement[bool],
             **equal: object) -> Sequence[Any]:
    """Return those whose attributes are as given, in a fixed order.

    As tuples that have the attributes: a list may hold very many.
    """
    return session.connection().execute(
        sa.select(_given).where(*where, *(
            _given.c[name] == value for name, value in equal.items()))
        .order_by(
            _given.c.target_kind, _given.c.target_id, _given.c.actor_kind,
            _given.c.actor_id, _given.c.role_id, _given.c.inherited)).all()


_given = sa.inspect(Assignment).local_table


def of_user(user_id: str) -> sa.ColumnElement[bool]:
    """Limit to what the user was given, also through groups."""
    groups = sa.select(Membership.group_id).where(
        Membership.user_id == user_id)
    return sa.or_(
        sa.and_(Assignment.actor_kind == USER,
                Assignment.actor_id == user_id),
        sa.and_(Assignment.actor_kind == GROUP,
                Assignment.actor_id.in_(groups)))


#: Roles that policies heed wherever they were given.
_EVERYWHERE = ("admin", "service")


def is_privileged(session: orm.Session, kind: str, actor_id: str) -> bool:
    """Say whether a user, or a group, has rights beyond their domain.

    Policies take no heed of the case of names, and of how somebody came to
    a role: it may be implied by another.
    """
    graph = RoleGraph.load(session)
    strong = [role_id for role_id in graph.names if any(
        role.name.lower() in _EVERYWHERE
        for role in graph.effective({role_id}))]
    whose = of_user(actor_id) if kind == USER else sa.and_(
        Assignment.actor_kind == GROUP, Assignment.actor_id == actor_id)
    return session.scalar(
        sa.select(sa.literal(1)).select_from(Assignment)
        .where(whose, sa.or_(Assignment.target_kind == SYSTEM,
                             Assignment.role_id.in_(strong)))
        .limit(1)) is not None


def on_targets(kind: str, ids: Iterable[str],
               above: Iterable[str] = ()) -> sa.ColumnElement[bool]:
    """Limit to these projects or domains.

    :param above: those from which they inherit
    """
    return sa.or_(
        sa.and_(Assignment.target_kind == kind,
                _among(Assignment.target_id, set(ids)),
                Assignment.inherited.is_(False)),
        sa.and_(Assignment.inherited.is_(True),
                _among(Assignment.target_id, set(above))))


def in_domain(domain_id: str) -> sa.ColumnElement[bool]:
    """Limit to the domain and its projects."""
    return sa.or_(
        Assignment.target_id == domain_id,
        Assignment.target_id.in_(sa.select(Project.id).where(
            Project.domain_id == domain_id)))


def members(session: orm.Session, group_ids: Iterable[str],
            user_id: str | None = None) -> dict[str, list[str]]:
    """Return the ids of the users in each group; of one user, if asked."""
    statement = sa.select(Membership.group_id, Membership.user_id).where(
        _among(Membership.group_id, set(group_ids)))
    if user_id is not None:
        statement = statement.where(Membership.user_id == user_id)
    found: dict[str, list[str]] = {}
    for group_id, member_id in session.execute(statement.order_by(
            Membership.group_id, Membership.user_id)):
        found.setdefault(group_id, []).append(member_id)
    return found


def _among(column: Any, ids: set[str]) -> sa.ColumnElement[bool]:
    """Limit to the ids, unless there are more than a statement can take.

    What is then found in addition does no harm to our callers.
    """
    return column.in_(ids) if len(ids) <= _MANY else sa.true()


#: Parameters that every database takes in one statement, with room.
_MANY = 10_000


def parents(session: orm.Session) -> dict[str, str | None]:
    """Return the parent of each project and domain."""
    rows = session.execute(
        sa.select(Project.id, Project.parent_id).order_by(Project.name))
    return {row[0]: row[1] for row in rows}


def names(session: orm.Session, model: type[Project | User | Group | Role],
          ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return id, name and domain of each."""
    domain = orm.aliased(Project)
    found: dict[str, dict[str, Any]] = {}
    for row_id, name, domain_id, domain_name in session.execute(
            sa.select(model.id, model.name, domain.id, domain.name)
            .outerjoin(domain, domain.id == model.domain_id)
            .where(_among(model.id, set(ids)))):
        found[row_id] = {"id": row_id, "name": name}
        if domain_id is not None:
            found[row_id]["domain"] = {"id": domain_id, "name": domain_name}
    return found
