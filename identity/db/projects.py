"""Queries on projects and domains; the caller owns the transaction."""

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import authority, lookup
from identity.db.delegations import Credential
from identity.db.models import (
    DOMAIN,
    GROUP,
    PROJECT,
    USER,
    Assignment,
    Group,
    Membership,
    Password,
    Project,
    ProjectTag,
    Role,
    User,
)


class ViewRow(NamedTuple):
    """What views of projects and domains show, in the order of columns."""

    id: str
    name: str
    domain_id: str | None
    parent_id: str | None
    is_domain: bool
    enabled: bool
    description: str
    options: dict[str, Any]
    extra: dict[str, Any]
    #: Separated by COMMA; None: there are none.
    tag_names: str | None


_attributes = operator.attrgetter(*ViewRow._fields[:-1])

#: No tag has it, so that those of a project are read as one text.
COMMA = ","
_TAGS = (
    sa.select(sa.func.aggregate_strings(ProjectTag.name, COMMA))
    .where(ProjectTag.project_id == Project.id)
    .correlate(Project).scalar_subquery().label("tag_names"))
# Columns of the table: those of the model cost twice as much to select.
_VIEWED = (*[sa.inspect(Project).local_table.c[name]
             for name in ViewRow._fields[:-1]], _TAGS)


def get(session: orm.Session, project_id: str) -> Project:
    """Return the project, which may be a domain, or raise Missing."""
    return lookup.get(session, Project, project_id, "project")


def get_domain(session: orm.Session, domain_id: str) -> Project:
    """Return the domain, or raise Missing."""
    domain = session.get(Project, domain_id)
    if domain is None or not domain.is_domain:
        raise exceptions.Missing(kind="domain", id=domain_id)
    return domain


def add(session: orm.Session, project: Project) -> Project:
    """Add a project or domain, or raise Duplicate."""
    project.names_of = (
        Project.ROOT if project.is_domain else str(project.domain_id))
    session.add(project)
    flush(session, "project", f"name {project.name} is in use")
    return project


def flush(session: orm.Session, kind: str, reason: str) -> None:
    """Send what is pending; raise Duplicate if a name is taken."""
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        raise exceptions.Duplicate(kind=kind, reason=reason) from error


def update(session: orm.Session, project: Project,
           values: dict[str, Any]) -> None:
    """Set attributes; tokens that are out end when it is disabled."""
    disabled = project.enabled and values.get("enabled") is False
    for name, value in values.items():
        setattr(project, name, value)
    flush(session, "project", f"name {project.name} is in use")
    if disabled:
        authority.end_tokens_of_project(session, project.id)


def ancestors(session: orm.Session, project: Project) -> list[Project]:
    """Return what is above the project, its domain last."""
    start = (
        sa.select(Project.id, Project.parent_id, sa.literal(0).label("far"))
        .where(Project.id == project.parent_id)
        .cte("ancestors", recursive=True))
    above = start.union_all(
        sa.select(Project.id, Project.parent_id, start.c.far + 1)
        .join(start, Project.id == start.c.parent_id))
    return list(session.scalars(
        sa.select(Project).join(above, Project.id == above.c.id)
        .order_by(above.c.far)))


def descendants(session: orm.Session, project_id: str
                ) -> Sequence[Project]:
    """Return all that is below the project, sorted by name."""
    start = (
        sa.select(Project.id).where(Project.parent_id == project_id)
        .cte("descendants", recursive=True))
    below = start.union_all(
        sa.select(Project.id).join(start, Project.parent_id == start.c.id))
    return session.scalars(
        sa.select(Project).where(Project.id.in_(sa.select(below.c.id)))
        .order_by(Project.name)).all()


def any_enabled_below(session: orm.Session, project_id: str) -> bool:
    """Say whether anything below the project is enabled."""
    start = (
        sa.select(Project.id, Project.enabled)
        .where(Project.parent_id == project_id)
        .cte("descendants", recursive=True))
    below = start.union_all(
        sa.select(Project.id, Project.enabled)
        .join(start, Project.parent_id == start.c.id))
    return session.scalar(
        sa.select(below.c.id).where(below.c.enabled.is_(True)).limit(1)
    ) is not None


def is_domain(session: orm.Session, project_id: str) -> bool:
    """Say whether this is the id of a domain."""
    return bool(session.scalar(
        sa.select(Project.is_domain).where(Project.id == project_id)))


def select_views() -> sa.Select[Any]:
    """Return what selects the members of ViewRow."""
    return sa.select(*_VIEWED)


def view_row(project: Project) -> ViewRow:
    """Return the same of an object."""
    return ViewRow._make((*_attributes(project), COMMA.join(
        tag.name for tag in project.tags) or None))


def has_children(session: orm.Session, project_id: str) -> bool:
    """Say whether a project is below this one."""
    return session.scalar(
        sa.select(Project.id).where(Project.parent_id == project_id)
        .limit(1)) is not None


def delete(session: orm.Session, project: Project) -> None:
    """Delete a project without children, and what is good for it only."""
    session.execute(
        sa.delete(Credential).where(Credential.project_id == project.id))
    session.execute(sa.delete(Assignment).where(
        Assignment.target_kind.in_((PROJECT, DOMAIN)),
        Assignment.target_id == project.id))
    session.execute(
        sa.update(User).where(User.default_project_id == project.id)
        .values(default_project_id=None, revision=User.revision + 1))
    session.delete(project)
    session.flush()


def delete_domain(session: orm.Session, domain: Project) -> None:
    """Delete the domain and all that is in it, in few statements."""
    users = sa.select(User.id).where(User.domain_id == domain.id)
    groups = sa.select(Group.id).where(Group.domain_id == domain.id)
    projects = sa.select(Project.id).where(Project.domain_id == domain.id)
    roles = sa.select(Role.id).where(Role.domain_id == domain.id)
    of_actor = sa.or_(
        sa.and_(Assignment.actor_kind == USER,
                Assignment.actor_id.in_(users)),
        sa.and_(Assignment.actor_kind == GROUP,
                Assignment.actor_id.in_(groups)))
    for table, where in (
            (Credential, Credential.project_id.in_(projects)),
            (Assignment, sa.or_(
                of_actor, Assignment.role_id.in_(roles),
                Assignment.target_id == domain.id,
                Assignment.target_id.in_(projects))),
            (Membership, sa.or_(Membership.user_id.in_(users),
                                Membership.group_id.in_(groups))),
            (Password, Password.user_id.in_(users)),
            (User, User.domain_id == domain.id),
            (Group, Group.domain_id == domain.id),
            (Role, Role.domain_id == domain.id)):
        session.execute(
            sa.delete(table).where(where)
            .execution_options(synchronize_session=False))
    _delete_tree(session, domain)
    authority.changed(session, "roles")


def _delete_tree(session: orm.Session, domain: Project) -> None:
    # Rows refer to their parents: first let go, then delete.
    session.execute(
        sa.update(Project).where(Project.domain_id == domain.id)
        .values(parent_id=None)
        .execution_options(synchronize_session=False))
    session.execute(
        sa.delete(Project).where(Project.domain_id == domain.id)
        .execution_options(synchronize_session=False))
    session.delete(domain)
    session.flush()
