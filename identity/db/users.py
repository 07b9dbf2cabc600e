"""Queries on users and groups; the caller owns the transaction."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import authority
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
    """Return the user, or raise UserNotFound."""
    user = session.get(User, user_id)
    if user is None:
        raise exceptions.UserNotFound(user_id=user_id)
    return user


def get_group(session: orm.Session, group_id: str) -> Group:
    """Return the group, or raise GroupNotFound."""
    group = session.get(Group, group_id)
    if group is None:
        raise exceptions.GroupNotFound(group_id=group_id)
    return group


def add(session: orm.Session, user: User, password_hash: str | None
        ) -> User:
    """Add a user, or raise Duplicate."""
    session.add(user)
    flush(session, "user", f"name {user.name} is in use")
    if password_hash is not None:
        session.add(Password(user_id=user.id, hash=password_hash))
        session.flush()
    session.refresh(user, ["password_expires_at"])
    return user


def update(session: orm.Session, user: User,
           values: dict[str, Any]) -> None:
    """Set attributes; the user's tokens end when they are disabled."""
    disabled = user.enabled and values.get("enabled") is False
    for name, value in values.items():
        setattr(user, name, value)
    user.revision += 1
    if disabled:
        user.epoch += 1
    flush(session, "user", f"name {user.name} is in use")


def set_password(session: orm.Session, user: User,
                 password_hash: str | None, *,
                 self_service: bool = False) -> None:
    """Set a password, or none; the user's tokens end."""
    if password_hash is None:
        session.execute(
            sa.delete(Password).where(Password.user_id == user.id))
    else:
        session.add(Password(
            user_id=user.id, hash=password_hash,
            self_service=self_service))
    user.revision += 1
    user.epoch += 1
    session.flush()
    session.refresh(user, ["password_expires_at"])


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
    """Delete the group, its memberships and roles."""
    session.execute(sa.delete(Assignment).where(
        Assignment.actor_kind == GROUP, Assignment.actor_id == group.id))
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
    """Take the user out of the group, or raise NotAMember."""
    gone = authority.changed_rows(session, sa.delete(Membership).where(
        Membership.user_id == user_id, Membership.group_id == group_id))
    if gone == 0:
        raise exceptions.NotAMember(user_id=user_id, group_id=group_id)


def subject(session: orm.Session, user_id: str
            ) -> authority.Subject | None:
    """Return the user with the hash of the password."""
    return authority.find_subject(session, authority.Named(id=user_id))
