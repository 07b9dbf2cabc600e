"""Queries on flavors."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from compute import exceptions
from compute.db.api.models import Flavor, FlavorAccess, FlavorSpec


def get(session: orm.Session, flavor_id: str,
        project_id: str | None = None) -> Flavor:
    """Return the flavor, or raise FlavorNotFound.

    :param project_id: who asks; None for those who see all
    """
    found = session.scalar(
        sa.select(Flavor).where(Flavor.flavor_id == flavor_id,
                                _visible(project_id)))
    if found is None:
        raise exceptions.FlavorNotFound(flavor_id=flavor_id)
    return found


def _visible(project_id: str | None) -> sa.ColumnElement[bool]:
    if project_id is None:
        return sa.true()
    lent = sa.select(FlavorAccess.flavor_pk).where(
        FlavorAccess.project_id == project_id)
    return sa.or_(Flavor.is_public, Flavor.id.in_(lent))


def query(*, project_id: str | None, is_public: bool | None,
          min_ram_mib: int = 0, min_disk_gib: int = 0
          ) -> sa.Select[Any]:
    """Return the select of a list.

    :param is_public: None for both kinds
    """
    found = sa.select(Flavor).where(
        Flavor.ram_mib >= min_ram_mib, Flavor.disk_gib >= min_disk_gib,
        _visible(project_id))
    if is_public is not None:
        found = found.where(Flavor.is_public == is_public)
    return found


def create(session: orm.Session, flavor: Flavor) -> Flavor:
    """Add the flavor, or raise FlavorExists."""
    taken = session.scalar(sa.select(Flavor.id).where(sa.or_(
        Flavor.flavor_id == flavor.flavor_id, Flavor.name == flavor.name)))
    if taken is not None:
        raise exceptions.FlavorExists(
            flavor_id=flavor.flavor_id, name=flavor.name)
    session.add(flavor)
    session.flush()
    return flavor


def delete(session: orm.Session, flavor_id: str) -> None:
    """Remove the flavor, or raise FlavorNotFound; servers keep a copy."""
    flavor = get(session, flavor_id)
    session.execute(sa.delete(FlavorAccess).where(
        FlavorAccess.flavor_pk == flavor.id))
    session.delete(flavor)


def set_specs(session: orm.Session, flavor: Flavor,
              specs: dict[str, str]) -> None:
    """Add extra specs; those of the same name are replaced."""
    for name, value in specs.items():
        session.merge(FlavorSpec(
            flavor_pk=flavor.id, name=name, value=value))


def delete_spec(session: orm.Session, flavor: Flavor, name: str) -> bool:
    """Remove one extra spec; say whether it was there."""
    gone: Any = session.execute(sa.delete(FlavorSpec).where(
        FlavorSpec.flavor_pk == flavor.id, FlavorSpec.name == name))
    return bool(gone.rowcount)


def access(session: orm.Session, flavor: Flavor) -> Sequence[str]:
    """Return the ids of the projects that may use a private flavor."""
    return session.scalars(
        sa.select(FlavorAccess.project_id)
        .where(FlavorAccess.flavor_pk == flavor.id)
        .order_by(FlavorAccess.project_id)).all()
