"""Queries on accounts and their containers."""

import dataclasses

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from objectstore import exceptions, metadata
from objectstore.db.models import Account, Container


@dataclasses.dataclass(frozen=True)
class Usage:
    """What an account holds."""

    container_count: int
    object_count: int
    bytes_used: int


def get(session: orm.Session, name: str) -> Account | None:
    """Return what is said of the account, None if nothing was ever."""
    return session.get(Account, name)


def update(session: orm.Session, name: str, change: dict[str, str]) -> None:
    """Set headers of the account; an empty value removes one."""
    account = session.get(Account, name, with_for_update=True)
    if account is None:
        account = Account(name=name, headers={}, created_at=db.utcnow())
        session.add(account)
    account.headers = metadata.merged(account.headers, change)


def usage(session: orm.Session, name: str) -> Usage:
    """Return the sums over the account's containers."""
    row = session.execute(
        sa.select(sa.func.count(),
                  sa.func.coalesce(sa.func.sum(Container.object_count), 0),
                  sa.func.coalesce(sa.func.sum(Container.bytes_used), 0))
        .where(Container.account == name)).one()
    return Usage(*(int(value) for value in row))


def find(session: orm.Session, account: str, name: str, *,
         lock: bool = False) -> Container:
    """Return a container, or raise NoContainer."""
    statement = sa.select(Container).where(
        Container.account == account, Container.name == name)
    if lock:
        statement = statement.with_for_update()
    found = session.execute(statement).scalar_one_or_none()
    if found is None:
        raise exceptions.NoContainer(container=name)
    return found


def headers_of(session: orm.Session, account: str,
               name: str) -> dict[str, str]:
    """Return what is said of a container, nothing of one not there."""
    found: dict[str, str] | None = session.execute(
        sa.select(Container.headers).where(
            Container.account == account,
            Container.name == name)).scalar_one_or_none()
    return found or {}


def ensure(session: orm.Session, account: str, name: str,
           headers: dict[str, str]) -> bool:
    """Make a container, or change the headers of one; True if it is new."""
    try:
        found = find(session, account, name, lock=True)
    except exceptions.NoContainer:
        now = db.utcnow()
        made = Container(
            id=db.new_id(), account=account, name=name,
            headers=metadata.merged({}, headers), object_count=0, bytes_used=0,
            created_at=now, updated_at=now)
        try:
            with session.begin_nested():
                session.add(made)
            return True
        except sa.exc.IntegrityError:
            found = find(session, account, name, lock=True)
    if headers:
        found.headers = metadata.merged(found.headers, headers)
        found.updated_at = db.utcnow()
    return False


def remove(session: orm.Session, account: str, name: str) -> None:
    """Remove an empty container; raise NotEmpty for another."""
    found = find(session, account, name, lock=True)
    if found.object_count:
        raise exceptions.NotEmpty()
    session.delete(found)
