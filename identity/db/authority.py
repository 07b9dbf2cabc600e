"""Queries that decide who somebody is and what they may do where.

They run at each login and each validation: few, and each one statement.
"""

import dataclasses
import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity.db import models
from identity.db.models import (
    ALL,
    DOMAIN,
    GROUP,
    PROJECT,
    SYSTEM,
    USER,
    Assignment,
    Membership,
    Password,
    Project,
    Revision,
    Revocation,
    User,
)
from identity.tokens import Scope

_Domain = orm.aliased(Project, name="user_domain")
_Target = orm.aliased(Project, name="target")
_TargetDomain = orm.aliased(Project, name="target_domain")


@dataclasses.dataclass(frozen=True)
class Target:
    """A project or domain that a token may be good for."""

    id: str
    name: str
    is_domain: bool
    enabled: bool
    epoch: int
    #: None for a domain.
    domain_id: str | None
    domain_name: str | None


@dataclasses.dataclass(frozen=True)
class Subject:
    """A user, and the project or domain that the question is about."""

    id: str
    name: str
    domain_id: str
    domain_name: str
    #: So is the domain.
    enabled: bool
    epoch: int
    revision: int
    default_project_id: str | None
    options: dict[str, Any]
    password_hash: str | None
    password_expires_at: datetime.datetime | None
    #: None where the question is about none, or it does not exist.
    target: Target | None


@dataclasses.dataclass(frozen=True)
class Named:
    """Something by its id, or by its name and its domain's id or name."""

    id: str | None = None
    name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None


def find_subject(session: orm.Session, user: Named,
                 scope: Named | None = None,
                 kind: str = "") -> Subject | None:
    """Return the user, and what a token of ``kind`` would be good for."""
    query = _subjects(scope is not None).where(_is_user(user))
    if scope is not None:
        on = sa.and_(_Target.is_domain == (kind == DOMAIN),
                     _is_target(scope, kind))
        if kind == PROJECT and scope.id is not None:
            # A domain is a project too, for who asks by its id.
            on = _is_target(scope, kind)
        query = query.outerjoin(_Target, on).outerjoin(
            _TargetDomain, _TargetDomain.id == _Target.domain_id)
    row = session.execute(query).first()
    return _subject(row, scope is not None) if row else None


def _subjects(with_target: bool) -> sa.Select[Any]:
    newest = (
        sa.select(sa.func.max(Password.id))
        .where(Password.user_id == User.id).correlate(User)
        .scalar_subquery())
    query = (
        sa.select(*_SUBJECT).join(_Domain, _Domain.id == User.domain_id)
        .outerjoin(Password, Password.id == newest))
    return query.add_columns(*_TARGET) if with_target else query


_SUBJECT = (
    User.id, User.name, User.domain_id, _Domain.name,
    User.enabled, _Domain.enabled, User.epoch + _Domain.epoch,
    User.revision, User.default_project_id, User.options,
    Password.hash, Password.expires_at)
_TARGET = (
    _Target.id, _Target.name, _Target.is_domain, _Target.enabled,
    _TargetDomain.enabled, _Target.epoch, _TargetDomain.epoch,
    _Target.domain_id, _TargetDomain.name)


def _is_user(user: Named) -> sa.ColumnElement[bool]:
    if user.id is not None:
        return User.id == user.id
    return sa.and_(User.name == user.name, _in_domain(_Domain, user))


def _is_target(scope: Named, kind: str) -> sa.ColumnElement[bool]:
    if scope.id is not None:
        return _Target.id == scope.id
    if kind == DOMAIN:
        return sa.and_(
            _Target.name == scope.name, _Target.names_of == Project.ROOT)
    domain = orm.aliased(Project)
    return sa.and_(
        _Target.name == scope.name,
        _Target.names_of == sa.select(domain.id).where(
            _in_domain(domain, scope)).scalar_subquery())


def _in_domain(domain: Any, named: Named) -> sa.ColumnElement[bool]:
    if named.domain_id is not None:
        return sa.and_(
            domain.id == named.domain_id, domain.is_domain.is_(True))
    return sa.and_(domain.name == named.domain_name,
                   domain.names_of == Project.ROOT)


def _subject(row: Any, with_target: bool) -> Subject:
    (user_id, name, domain_id, domain_name, enabled, domain_enabled, epoch,
     revision, default_project_id, options, password_hash,
     password_expires_at) = row[:12]
    return Subject(
        user_id, name, domain_id, domain_name, enabled and domain_enabled,
        epoch, revision, default_project_id, options or {}, password_hash,
        password_expires_at, _target(row[12:]) if with_target else None)


def _target(row: Any) -> Target | None:
    (target_id, name, is_domain, enabled, domain_enabled, epoch,
     domain_epoch, domain_id, domain_name) = row
    if target_id is None:
        return None
    if domain_id is None:
        return Target(target_id, name, is_domain, enabled, epoch, None, None)
    return Target(
        target_id, name, is_domain, enabled and domain_enabled,
        epoch + domain_epoch, domain_id, domain_name)


def roles_on(session: orm.Session, user_id: str, scope: Scope) -> set[str]:
    """Return the ids of the roles that the user was given on ``scope``.

    Directly, through groups, and inherited from above; implied ones are
    not among them.
    """
    return set(session.scalars(_ROLES_ON[scope.kind], {
        "user_id": user_id, "target_id": scope.id or ALL}))


def _of_user() -> sa.ColumnElement[bool]:
    user_id = sa.bindparam("user_id")
    groups = sa.select(Membership.group_id).where(
        Membership.user_id == user_id)
    return sa.or_(
        sa.and_(Assignment.actor_kind == USER,
                Assignment.actor_id == user_id),
        sa.and_(Assignment.actor_kind == GROUP,
                Assignment.actor_id.in_(groups)))


def _on_target(kind: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        Assignment.target_kind == kind, Assignment.inherited.is_(False),
        Assignment.target_id == sa.bindparam("target_id"))


def _above() -> sa.ColumnElement[bool]:
    """Inherited by the project from what is above it."""
    start = (
        sa.select(Project.parent_id.label("id"))
        .where(Project.id == sa.bindparam("target_id"))
        .cte("above", recursive=True))
    above = start.union_all(
        sa.select(Project.parent_id).join(start, Project.id == start.c.id))
    return sa.and_(Assignment.inherited.is_(True),
                   Assignment.target_id.in_(sa.select(above.c.id)))


def _roles(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(Assignment.role_id).where(_of_user(), where)


_ROLES_ON = {
    # A domain may be asked for as the project that it is.
    PROJECT: _roles(sa.or_(_on_target(PROJECT), _above())),
    DOMAIN: _roles(_on_target(DOMAIN)),
    SYSTEM: _roles(_on_target(SYSTEM)),
}


@dataclasses.dataclass(frozen=True)
class State:
    """What must be known beside the rows of a token's subject."""

    revoked: bool
    roles_revision: int
    catalog_revision: int


def state(session: orm.Session, revocation_ids: tuple[str, str]) -> State:
    """Return the revisions of what is cached, and whether it is revoked."""
    row = session.execute(_STATE, {"ids": list(revocation_ids)}).one()
    return State(bool(row[0]), row[1] or 0, row[2] or 0)


def _revision(name: str) -> sa.ScalarSelect[int]:
    return sa.select(Revision.value).where(
        Revision.name == name).scalar_subquery()


_STATE = sa.select(
    sa.select(sa.func.count()).select_from(Revocation).where(
        Revocation.id.in_(sa.bindparam("ids", expanding=True))
    ).scalar_subquery(),
    _revision("roles"), _revision("catalog"))


def reachable(session: orm.Session, user_id: str,
              kind: str) -> list[Project]:
    """Return the enabled projects, or domains, on which they have a role.

    In domains that are enabled, sorted by id.
    """
    given = sa.select(Assignment).where(_of_user()).subquery()
    direct = sa.select(given.c.target_id).where(
        given.c.target_kind == kind, given.c.inherited.is_(False))
    wanted = Project.id.in_(direct)
    if kind == PROJECT:
        top = (
            sa.select(Project.id)
            .where(Project.parent_id.in_(sa.select(given.c.target_id).where(
                given.c.inherited.is_(True))))
            .cte("below", recursive=True))
        below = top.union(
            sa.select(Project.id).join(top, Project.parent_id == top.c.id))
        wanted = sa.or_(wanted, Project.id.in_(sa.select(below.c.id)))
    domain = orm.aliased(Project)
    return list(session.scalars(
        sa.select(Project)
        .outerjoin(domain, domain.id == Project.domain_id)
        .where(wanted, Project.enabled.is_(True),
               sa.or_(domain.id.is_(None), domain.enabled.is_(True)))
        .order_by(Project.id), {"user_id": user_id}))


def revoke(session: orm.Session, revocation_id: str,
           expires_at: datetime.datetime) -> None:
    """End a token; nothing more happens if it has ended already."""
    if session.get(Revocation, revocation_id) is None:
        session.add(Revocation(id=revocation_id, expires_at=expires_at))


def prune(session: orm.Session, now: datetime.datetime) -> int:
    """Drop the revocations of what has expired; return how many."""
    return session.execute(sa.delete(Revocation).where(
        Revocation.expires_at < now)).rowcount


def end_tokens_of_user(session: orm.Session, user_id: str) -> None:
    """Let all tokens die that are out for the user."""
    session.execute(
        sa.update(User).where(User.id == user_id)
        .values(epoch=User.epoch + 1, revision=User.revision + 1))


def end_tokens_of_project(session: orm.Session, project_id: str) -> None:
    """Let all tokens die that name the project, or are of the domain."""
    session.execute(
        sa.update(Project).where(Project.id == project_id)
        .values(epoch=Project.epoch + 1))


def changed(session: orm.Session, name: str) -> None:
    """Let no process use what it keeps in memory under this name."""
    moved = session.execute(
        sa.update(Revision).where(Revision.name == name)
        .values(value=Revision.value + 1))
    if moved.rowcount == 0:
        session.add(models.Revision(name=name, value=1))
        session.flush()
