"""Queries on users and groups; the caller owns the transaction."""

import datetime
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from identity import exceptions
from identity.db import authority, lookup, losses
from identity.db.models import (
    GROUP,
    USER,
    Assignment,
    Group,
    Membership,
    Password,
    User,
)
from identity.db.projects import flush


def get(session: orm.Session, user_id: str) -> User:
    """Return the user, or raise Missing."""
    return lookup.get(session, User, user_id, "user")


def get_group(session: orm.Session, group_id: str) -> Group:
    """Return the group, or raise Missing."""
    return lookup.get(session, Group, group_id, "group")


def add(session: orm.Session, user: User, password_hash: str | None, *,
        expires_at: datetime.datetime | None = None) -> User:
    """Add a user, or raise Duplicate."""
    session.add(user)
    flush(session, "user", f"name {user.name} is in use")
    if password_hash is not None:
        session.add(Password(user_id=user.id, hash=password_hash,
                             expires_at=expires_at))
        session.flush()
    session.refresh(user, ["password_expires_at"])
    return user


def update(session: orm.Session, user: User,
           values: dict[str, Any]) -> None:
    """Set attributes; the user's tokens end when they are disabled."""
    disabled = user.enabled and values.get("enabled") is False
    if values.get("enabled"):
        # Whoever enables them lets them in, too.
        values = values | {"failures": 0, "failed_at": None,
                           "last_active_at": db.utcnow()}
    for name, value in values.items():
        setattr(user, name, value)
    user.revision += 1
    if disabled:
        user.epoch += 1
    flush(session, "user", f"name {user.name} is in use")


def set_password(session: orm.Session, user: User,
                 password_hash: str | None, *,
                 self_service: bool = False,
                 expires_at: datetime.datetime | None = None,
                 keep: int = 1) -> None:
    """Set a password, or none; the user's tokens end.

    :param keep: newest passwords that stay on record, this one too
    """
    kept: set[int] = set()
    if password_hash is not None:
        session.add(Password(
            user_id=user.id, hash=password_hash, expires_at=expires_at,
            self_service=self_service))
        session.flush()
        kept = {old.id for old in past_passwords(session, user.id, keep)}
    session.execute(sa.delete(Password).where(
        Password.user_id == user.id, Password.id.not_in(kept)))
    user.revision += 1
    user.epoch += 1
    session.flush()
    session.refresh(user, ["password_expires_at"])


def past_passwords(session: orm.Session, user_id: str,
                   count: int) -> Sequence[Any]:
    """Return id, hash, created_at, self_service, the newest first."""
    return session.execute(
        sa.select(Password.id, Password.hash, Password.created_at,
                  Password.self_service)
        .where(Password.user_id == user_id)
        .order_by(Password.id.desc()).limit(max(1, count))).all()


def count_failure(session: orm.Session, user_id: str, *, limit: int,
                  since: datetime.datetime | None) -> None:
    """Count a wrong password, in one statement: of many, all count.

    Those who are locked out stay so for no longer.

    :param limit: at this many they are locked out, and forgotten by what
        remembers passwords
    :param since: a lock of before this has ended; None: none ever does
    """
    ended: Any = sa.false() if since is None else User.failed_at <= since
    locked = User.failures >= limit
    failures = sa.case((locked, 1), else_=User.failures + 1)
    session.execute(
        sa.update(User)
        .where(User.id == user_id, sa.or_(sa.not_(locked), ended))
        .values(failures=failures, failed_at=db.utcnow(),
                revision=User.revision + sa.case(
                    (failures >= limit, 1), else_=0))
        .execution_options(synchronize_session=False))


def came_in(session: orm.Session, user_id: str, failures: int, *,
            today: bool) -> None:
    """Forget ``failures`` unless there are others by now."""
    values: dict[str, Any] = {"failures": 0, "failed_at": None}
    if today:
        values["last_active_at"] = db.utcnow()
    session.execute(
        sa.update(User)
        .where(User.id == user_id, User.failures == failures)
        .values(values).execution_options(synchronize_session=False))


def delete(session: orm.Session, user: User) -> None:
    """Delete the user and what is theirs."""
    for table, where in (
            (Assignment, sa.and_(Assignment.actor_kind == USER,
                                 Assignment.actor_id == user.id)),
            (Membership, Membership.user_id == user.id),
            (Password, Password.user_id == user.id)):
        session.execute(sa.delete(table).where(where))
    session.delete(user)
    session.flush()


def add_group(session: orm.Session, group: Group) -> Group:
    """Add a group, or raise Duplicate."""
    session.add(group)
    flush(session, "group", f"name {group.name} is in use")
    return group


def update_group(session: orm.Session, group: Group,
                 values: dict[str, Any]) -> None:
    """Set attributes."""
    for name, value in values.items():
        setattr(group, name, value)
    flush(session, "group", f"name {group.name} is in use")


def delete_group(session: orm.Session, group: Group) -> None:
    """Delete the group, its memberships and roles.

    The tokens of its members end if there were roles to lose.
    """
    losses.of_membership(session, group.id)
    members = sa.select(Membership.user_id).where(
        Membership.group_id == group.id)
    if authority.changed_rows(session, sa.delete(Assignment).where(
            Assignment.actor_kind == GROUP,
            Assignment.actor_id == group.id)):
        session.execute(
            sa.update(User).where(User.id.in_(members))
            .values(epoch=User.epoch + 1, revision=User.revision + 1)
            .execution_options(synchronize_session=False))
    session.execute(
        sa.delete(Membership).where(Membership.group_id == group.id))
    session.delete(group)
    session.flush()


def is_member(session: orm.Session, user_id: str, group_id: str) -> bool:
    """Say whether the user is in the group."""
    return session.get(Membership, (user_id, group_id)) is not None


def add_member(session: orm.Session, user_id: str, group_id: str) -> None:
    """Let the user be in the group; they may be already."""
    if not is_member(session, user_id, group_id):
        session.add(Membership(user_id=user_id, group_id=group_id))
        session.flush()


def remove_member(session: orm.Session, user_id: str,
                  group_id: str) -> None:
    """Take the user out of the group, or raise NotAMember.

    Their tokens end: some of their roles may.
    """
    gone = authority.changed_rows(session, sa.delete(Membership).where(
        Membership.user_id == user_id, Membership.group_id == group_id))
    if gone == 0:
        raise exceptions.NotAMember(user_id=user_id, group_id=group_id)
    losses.of_membership(session, group_id, user_id)
    authority.end_tokens_of_user(session, user_id)


#: How passwords' ends are compared in filters.
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt, "lte": operator.le, "gt": operator.gt,
    "gte": operator.ge, "eq": operator.eq, "neq": operator.ne,
}


class ViewRow(NamedTuple):
    """What views of users show, in the order of columns."""

    id: str
    name: str
    domain_id: str
    enabled: bool
    default_project_id: str | None
    options: dict[str, Any]
    extra: dict[str, Any]
    password_expires_at: datetime.datetime | None
    #: Only there when asked for: it takes time to read.
    active_at: datetime.datetime | None = None


def select_views(*, activity: bool) -> sa.Select[Any]:
    """Return what selects the members of ViewRow.

    :param activity: the last one, too
    """
    return sa.select(*_VIEWED, *([_ACTIVE_AT] if activity else []))


def view_row(user: User) -> ViewRow:
    """Return the same of an object."""
    return ViewRow._make((
        *_attributes(user), user.last_active_at or user.created_at))


_ACTIVE_AT = sa.func.coalesce(
    User.last_active_at, User.created_at).label("active_at")
# Columns of the table: those of the model cost twice as much to select.
_VIEWED = (*[sa.inspect(User).local_table.c[name]
             for name in ViewRow._fields[:-2]],
           User.password_expires_at.label("password_expires_at"))
_attributes = operator.attrgetter(*ViewRow._fields[:-1])


def subject(session: orm.Session, user_id: str
            ) -> authority.Subject | None:
    """Return the user with the hash of the password."""
    return authority.find_subject(session, authority.Named(id=user_id))
