"""Queries on the options of domains; the caller owns the transaction."""

import uuid
from collections.abc import Callable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from identity.db import authority
from identity.db.models import DomainOption, DomainSecret
from identity.domain_options import SENSITIVE

Config = dict[str, dict[str, Any]]


def get(session: orm.Session, domain_id: str) -> Config:
    """Return what is set, apart from secrets, by group."""
    found: Config = {}
    for group, name, value in session.execute(
            sa.select(DomainOption.group_name, DomainOption.name,
                      DomainOption.value)
            .where(DomainOption.domain_id == domain_id)
            .order_by(DomainOption.group_name, DomainOption.name)):
        found.setdefault(group, {})[name] = orjson.loads(value)
    return found


def is_set(session: orm.Session, domain_id: str,
           group: str | None = None, name: str | None = None) -> bool:
    """Say whether any is set, secrets too, of this group and name."""
    return any(
        session.execute(sa.select(sa.true()).where(
            *_which(table, domain_id, group, name)).limit(1)).first()
        for table in (DomainOption, DomainSecret))


def put(session: orm.Session, domain_id: str, group: str, name: str,
        value: Any, seal: Callable[[str], str]) -> None:
    """Set one option.

    :param seal: turns a secret into what is stored of it
    """
    delete(session, domain_id, group, name)
    text = orjson.dumps(value).decode()
    if name in SENSITIVE[group]:
        session.add(DomainSecret(
            id=uuid.uuid4().hex, domain_id=domain_id, group_name=group,
            name=name, sealed_value=seal(text)))
    else:
        session.add(DomainOption(
            domain_id=domain_id, group_name=group, name=name, value=text))


def delete(session: orm.Session, domain_id: str, group: str | None = None,
           name: str | None = None) -> int:
    """Unset all, a group, or one option; return how many were set."""
    return sum(
        authority.changed_rows(session, sa.delete(table).where(
            *_which(table, domain_id, group, name)))
        for table in (DomainOption, DomainSecret))


def _which(table: Any, domain_id: str, group: str | None,
           name: str | None) -> list[sa.ColumnElement[bool]]:
    found = [table.domain_id == domain_id]
    if group is not None:
        found.append(table.group_name == group)
    if name is not None:
        found.append(table.name == name)
    return found
