"""Limits of how much a project may have."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc, orm

from network import exceptions
from network.db.models import (
    FloatingIP,
    Network,
    Port,
    Quota,
    QuotaLock,
    Router,
    Rule,
    SecurityGroup,
    Subnet,
)

#: Each resource, and how many of it a project has by default.
DEFAULTS = {
    "network": 100, "subnet": 100, "port": 500, "router": 10,
    "floatingip": 50, "security_group": 10, "security_group_rule": 100,
}
_MODELS: dict[str, Any] = {
    "network": Network, "subnet": Subnet, "port": Port, "router": Router,
    "floatingip": FloatingIP, "security_group": SecurityGroup,
    "security_group_rule": Rule,
}


def limits(session: orm.Session, project_id: str) -> dict[str, int]:
    """Return the project's limits; -1 is none."""
    own = session.execute(
        sa.select(Quota.resource, Quota.limit)
        .where(Quota.project_id == project_id)).all()
    return DEFAULTS | dict(own)


def projects(session: orm.Session) -> list[str]:
    """Return the projects with limits of their own."""
    return list(session.scalars(
        sa.select(Quota.project_id).distinct().order_by(Quota.project_id)
        .limit(1000)))


def used(session: orm.Session, project_id: str, resource: str) -> int:
    """Return how many the project has; rows are what counts."""
    model = _MODELS[resource]
    return session.scalar(
        sa.select(sa.func.count()).select_from(model)
        .where(model.project_id == project_id)) or 0


def check(session: orm.Session, project_id: str, resource: str) -> None:
    """Raise OverQuota if the project may not have one more.

    The project is held until the transaction ends, so that two who ask for
    the last one do not both get it.
    """
    _lock(session, project_id)
    limit = limits(session, project_id)[resource]
    if 0 <= limit <= used(session, project_id, resource):
        raise exceptions.OverQuota(resource=resource)


def _lock(session: orm.Session, project_id: str) -> None:
    found = session.scalar(
        sa.select(QuotaLock.project_id)
        .where(QuotaLock.project_id == project_id).with_for_update())
    if found is None:
        try:
            with session.begin_nested():
                session.execute(sa.insert(QuotaLock).values(
                    project_id=project_id))
        except exc.IntegrityError:
            session.scalar(
                sa.select(QuotaLock.project_id)
                .where(QuotaLock.project_id == project_id)
                .with_for_update())


def set_limit(session: orm.Session, project_id: str, resource: str,
              limit: int) -> None:
    """Give the project a limit of its own."""
    session.merge(Quota(project_id=project_id, resource=resource,
                        limit=limit))


def reset(session: orm.Session, project_id: str) -> None:
    """Give the project the default limits."""
    session.execute(sa.delete(Quota).where(Quota.project_id == project_id))
