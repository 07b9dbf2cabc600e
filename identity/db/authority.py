"""Queries that decide who somebody is and what they may do where.

They run at each login and each validation: few, and each one statement.
"""

import dataclasses
import datetime
import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
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

# Tables, not models, and statements that are built once: these queries
# are most of the work of a login or validation.
_users = sa.inspect(User).local_table
_passwords = sa.inspect(Password).local_table
_projects = sa.inspect(Project).local_table
_given = sa.inspect(Assignment).local_table
_members = sa.inspect(Membership).local_table
_domains = _projects.alias("user_domain")
_targets = _projects.alias("target")
_target_domains = _projects.alias("target_domain")


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
    failures: int
    failed_at: datetime.datetime | None
    #: When they last came in, or were made.
    active_at: datetime.datetime
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
    values = _values("user", user)
    if scope is None:
        statement = _statement(_form(user), None, "")
    else:
        statement = _statement(_form(user), _form(scope), kind)
        values |= _values("scope", scope)
    row = session.connection().execute(statement, values).first()
    return _subject(row, scope is not None) if row else None


def standing(session: orm.Session, *user_ids: str) -> int | None:
    """Return the sum of the users' epochs, None if one is disabled or gone.

    Each grows when the tokens of that user must end, as that of their
    domain does.
    """
    epochs = session.connection().scalars(
        _STANDING, {"user_ids": user_ids}).all()
    return sum(epochs) if len(epochs) == len(user_ids) else None


_STANDING = (
    sa.select(_users.c.epoch + _domains.c.epoch)
    .join(_domains, _domains.c.id == _users.c.domain_id)
    .where(_users.c.id.in_(sa.bindparam("user_ids", expanding=True)),
           _users.c.enabled.is_(True), _domains.c.enabled.is_(True)))


def _form(named: Named) -> str:
    """Say by which of its members it is found."""
    if named.id is not None:
        return "id"
    return "domain_id" if named.domain_id is not None else "domain_name"


def _values(prefix: str, named: Named) -> dict[str, Any]:
    return {f"{prefix}_{name}": value
            for name, value in vars(named).items() if value is not None}


@functools.cache
def _statement(user_by: str, scope_by: str | None, kind: str
               ) -> sa.Select[Any]:
    newest = (
        sa.select(sa.func.max(_passwords.c.id))
        .where(_passwords.c.user_id == _users.c.id).correlate(_users)
        .scalar_subquery())
    source: Any = _users
    columns: tuple[Any, ...] = _SUBJECT
    if scope_by is not None:
        columns += _TARGET
        # Nothing but the join ties it to the user, and there is one at
        # most. Next to the user's table, for else SQLAlchemy fails to see
        # the tie for MariaDB, and warns that rows might multiply.
        source = source.outerjoin(
            _targets, _is_target(scope_by, kind)).outerjoin(
                _target_domains,
                _target_domains.c.id == _targets.c.domain_id)
    source = source.join(
        _domains, _domains.c.id == _users.c.domain_id).outerjoin(
            _passwords, sa.and_(_passwords.c.user_id == _users.c.id,
                               _passwords.c.id == newest))
    return sa.select(*columns).select_from(source).where(_is_user(user_by))


_SUBJECT = (
    _users.c.id, _users.c.name, _users.c.domain_id, _domains.c.name,
    _users.c.enabled, _domains.c.enabled, _users.c.epoch + _domains.c.epoch,
    _users.c.revision, _users.c.default_project_id, _users.c.options,
    _passwords.c.hash, _passwords.c.expires_at, _users.c.failures,
    _users.c.failed_at,
    sa.func.coalesce(_users.c.last_active_at, _users.c.created_at))
_TARGET = (
    _targets.c.id, _targets.c.name, _targets.c.is_domain, _targets.c.enabled,
    _target_domains.c.enabled, _targets.c.epoch, _target_domains.c.epoch,
    _targets.c.domain_id, _target_domains.c.name)


def _is_user(by: str) -> sa.ColumnElement[bool]:
    if by == "id":
        return _users.c.id == sa.bindparam("user_id")
    return sa.and_(_users.c.name == sa.bindparam("user_name"),
                   _in_domain(_domains, "user", by))


def _is_target(by: str, kind: str) -> sa.ColumnElement[bool]:
    if by == "id":
        found = _targets.c.id == sa.bindparam("scope_id")
        # A domain is a project too, for who asks by its id.
        return found if kind == PROJECT else sa.and_(
            found, _targets.c.is_domain.is_(True))
    named = _targets.c.name == sa.bindparam("scope_name")
    if kind == DOMAIN:
        return sa.and_(named, _targets.c.names_of == Project.ROOT)
    domain = _projects.alias()
    return sa.and_(named, _targets.c.names_of == sa.select(domain.c.id).where(
        _in_domain(domain, "scope", by)).scalar_subquery())


def _in_domain(domain: Any, prefix: str, by: str
               ) -> sa.ColumnElement[bool]:
    if by == "domain_id":
        return sa.and_(domain.c.id == sa.bindparam(f"{prefix}_domain_id"),
                       domain.c.is_domain.is_(True))
    return sa.and_(
        domain.c.name == sa.bindparam(f"{prefix}_domain_name"),
        domain.c.names_of == Project.ROOT)


def _subject(row: Any, with_target: bool) -> Subject:
    (user_id, name, domain_id, domain_name, enabled, domain_enabled, epoch,
     revision, default_project_id, options, password_hash,
     password_expires_at, failures, failed_at, active_at) = row[:15]
    return Subject(
        user_id, name, domain_id, domain_name, enabled and domain_enabled,
        epoch, revision, default_project_id, options or {}, password_hash,
        password_expires_at, failures, failed_at, active_at,
        _target(row[15:]) if with_target else None)


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
    return set(session.connection().scalars(_ROLES_ON[scope.kind], {
        "user_id": user_id, "target_id": scope.id or ALL}))


def _of_user() -> sa.ColumnElement[bool]:
    user_id: Any = sa.bindparam("user_id")
    groups = sa.select(_members.c.group_id).where(
        _members.c.user_id == user_id)
    return sa.or_(
        sa.and_(_given.c.actor_kind == USER, _given.c.actor_id == user_id),
        sa.and_(_given.c.actor_kind == GROUP,
                _given.c.actor_id.in_(groups)))


def _on_target(kind: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        _given.c.target_kind == kind, _given.c.inherited.is_(False),
        _given.c.target_id == sa.bindparam("target_id"))


def _above() -> sa.ColumnElement[bool]:
    """Inherited by the project from what is above it."""
    start = (
        sa.select(_projects.c.parent_id.label("id"))
        .where(_projects.c.id == sa.bindparam("target_id"))
        .cte("above", recursive=True))
    above = start.union_all(
        sa.select(_projects.c.parent_id)
        .join(start, _projects.c.id == start.c.id))
    return sa.and_(_given.c.inherited.is_(True),
                   _given.c.target_id.in_(sa.select(above.c.id)))


def _roles(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(_given.c.role_id).where(_of_user(), where)


_ROLES_ON = {
    # A domain may be asked for as the project that it is.
    PROJECT: _roles(sa.or_(_on_target(PROJECT), _above())),
    DOMAIN: _roles(_on_target(DOMAIN)),
    SYSTEM: _roles(_on_target(SYSTEM)),
}


class Revisions(NamedTuple):
    """How often what is kept in memory has changed."""

    #: Of anything at all.
    all: int
    roles: int
    catalog: int


def revisions(database: db.Database) -> Revisions:
    """Return the present ones, at next to no cost."""
    return _revisions_of(database.glance(_GLANCE))


def revisions_in(session: orm.Session) -> Revisions:
    """Return them as a transaction sees them."""
    return _revisions_of(session.connection().exec_driver_sql(_GLANCE))


def _revisions_of(rows: Iterable[Any]) -> Revisions:
    found: dict[str, int] = dict(tuple(row) for row in rows)
    return Revisions(found.get(ALL, 0), found.get("roles", 0),
                     found.get("catalog", 0))


_GLANCE = "SELECT name, value FROM revisions"


def watch(database: db.Database) -> None:
    """Let every transaction that writes say that something has changed."""
    database.before_commit(_advance)


def _advance(session: orm.Session) -> None:
    if _UNREMEMBERED not in session.info:
        changed(session, ALL)


_UNREMEMBERED = "identity.unremembered"


def writes_unremembered(session: orm.Session) -> None:
    """Say that it changes nothing that any process keeps in memory.

    Else strangers, whose guesses are counted, could make all of them read
    everything anew, all the time.
    """
    session.info[_UNREMEMBERED] = True


def is_revoked(database: db.Database,
               revocation_ids: tuple[str, str]) -> bool:
    """Say whether any of these was revoked."""
    own, chain = revocation_ids
    return bool(database.glance(_REVOKED, {"own": own, "chain": chain}))


_revocations = sa.inspect(Revocation).local_table
_REVOKED = sa.select(_revocations.c.id).where(
    _revocations.c.id.in_((sa.bindparam("own"), sa.bindparam("chain"))))


def is_reachable(kind: str) -> sa.ColumnElement[bool]:
    """Say of which projects, or domains, ``user_id`` has a role on them."""
    given = sa.select(_given).where(_of_user()).subquery()
    direct = sa.select(given.c.target_id).where(
        given.c.target_kind == kind, given.c.inherited.is_(False))
    wanted: sa.ColumnElement[bool] = Project.id.in_(direct)
    if kind == PROJECT:
        top = (
            sa.select(Project.id)
            .where(Project.parent_id.in_(sa.select(given.c.target_id).where(
                given.c.inherited.is_(True))))
            .cte("below", recursive=True))
        below = top.union(
            sa.select(Project.id).join(top, Project.parent_id == top.c.id))
        wanted = sa.or_(wanted, Project.id.in_(sa.select(below.c.id)))
    return wanted


def reachable_ids(session: orm.Session, user_id: str,
                  kind: str) -> set[str]:
    """Return the ids of all on which they have a role, disabled or not."""
    return set(session.scalars(
        sa.select(Project.id).where(is_reachable(kind)),
        {"user_id": user_id}))


def reachable(session: orm.Session, user_id: str,
              kind: str) -> list[Project]:
    """Return the enabled projects, or domains, on which they have a role.

    In domains that are enabled, sorted by id.
    """
    domain = orm.aliased(Project)
    return list(session.scalars(
        sa.select(Project)
        .outerjoin(domain, domain.id == Project.domain_id)
        .where(is_reachable(kind), Project.enabled.is_(True),
               sa.or_(domain.id.is_(None), domain.enabled.is_(True)))
        .order_by(Project.id), {"user_id": user_id}))


def revoke(session: orm.Session, revocation_id: str,
           expires_at: datetime.datetime) -> None:
    """End a token; nothing more happens if it has ended already.

    :raises Retryable: if somebody else ends it at the same moment
    """
    if session.get(Revocation, revocation_id) is None:
        session.add(Revocation(id=revocation_id, expires_at=expires_at))
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            raise db.Retryable() from error


def prune(session: orm.Session, now: datetime.datetime) -> int:
    """Drop the revocations of what has expired; return how many."""
    return changed_rows(session, sa.delete(Revocation).where(
        Revocation.expires_at < now))


def changed_rows(session: orm.Session, statement: Any) -> int:
    """Run an UPDATE or DELETE; return how many rows it found."""
    done: Any = session.execute(statement)
    return int(done.rowcount)


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
    moved = changed_rows(
        session, sa.update(Revision).where(Revision.name == name)
        .values(value=Revision.value + 1))
    if moved == 0:
        session.add(models.Revision(name=name, value=1))
        session.flush()
