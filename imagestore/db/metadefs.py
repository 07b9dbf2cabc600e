"""Queries on metadata definitions."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, paging
from imagestore import exceptions
from imagestore.db.metadef_models import (
    Association,
    Item,
    Namespace,
    ResourceType,
)


def get(session: orm.Session, name: str, *, lock: bool = False) -> Namespace:
    """Return the namespace, or raise NamespaceNotFound.

    :param lock: no other transaction may change it meanwhile
    """
    statement = sa.select(Namespace).where(Namespace.name == name)
    if lock:
        statement = statement.with_for_update()
    row = session.execute(statement).scalar_one_or_none()
    if row is None:
        raise exceptions.NamespaceNotFound(namespace=name)
    return row


def add(session: orm.Session, name: str, **values: Any) -> Namespace:
    """Make a namespace, or raise DuplicateNamespace."""
    now = db.utcnow()
    row = Namespace(id=db.new_id(), name=name, created_at=now,
                    updated_at=now, **values)
    _insert(session, row, exceptions.DuplicateNamespace(namespace=name))
    return row


def update(session: orm.Session, row: Namespace, **values: Any) -> None:
    """Change a namespace, or raise DuplicateNamespace."""
    error = exceptions.DuplicateNamespace(namespace=values.get("name"))
    _write(session, row, values, error)


def delete(session: orm.Session, row: Namespace) -> None:
    """Forget a namespace and all that it has."""
    for model in (Item, Association):
        session.execute(
            sa.delete(model).where(model.namespace_id == row.id))
    session.delete(row)


def listed(session: orm.Session, page: paging.Page, *,
           owner: str | None, everything: bool, visibility: str | None,
           resource_types: Iterable[str]) -> list[Namespace]:
    """Return the namespaces of a page.

    :param owner: whose are shown beside the public ones
    :param everything: show those of all projects
    :param resource_types: only those for one of them; all if there is none
    """
    statement = sa.select(Namespace)
    if not everything:
        seen = sa.or_(
            Namespace.owner == owner, Namespace.visibility == "public")
        statement = statement.where(seen)
        page.check_marker(session, Namespace.name, seen)
    if visibility:
        statement = statement.where(Namespace.visibility == visibility)
    wanted = list(resource_types)
    if wanted:
        statement = statement.where(Namespace.id.in_(
            sa.select(Association.namespace_id)
            .where(Association.name.in_(wanted))))
    return list(session.execute(
        page.apply(session, statement, Namespace.name)).scalars())


def items(session: orm.Session, namespace_id: str,
          kind: str | None = None) -> list[Item]:
    """Return the definitions of a kind, or all, by name."""
    statement = sa.select(Item).where(Item.namespace_id == namespace_id)
    if kind:
        statement = statement.where(Item.kind == kind)
    return list(session.execute(
        statement.order_by(Item.kind, Item.name)).scalars())


def page_of_items(session: orm.Session, page: paging.Page,
                  namespace_id: str, kind: str) -> list[Item]:
    """Return the definitions of a page; its marker is a name."""
    mine = sa.and_(Item.namespace_id == namespace_id, Item.kind == kind)
    if page.marker is not None:
        page.check_marker(session, Item.name, mine)
        page.marker = session.execute(sa.select(Item.id).where(
            mine, Item.name == page.marker)).scalar()
    return list(session.execute(page.apply(
        session, sa.select(Item).where(mine), Item.id)).scalars())


def item(session: orm.Session, namespace_id: str, kind: str,
         name: str) -> Item:
    """Return a definition, or raise DefinitionNotFound."""
    row = session.execute(sa.select(Item).where(
        Item.namespace_id == namespace_id, Item.kind == kind,
        Item.name == name)).scalar_one_or_none()
    if row is None:
        raise exceptions.DefinitionNotFound(kind=kind, name=name)
    return row


def add_items(session: orm.Session, namespace_id: str, kind: str,
              bodies: Iterable[tuple[str, dict[str, Any]]]) -> list[Item]:
    """Make definitions by name, or raise DuplicateDefinition."""
    now = db.utcnow()
    rows = [Item(id=db.new_id(), namespace_id=namespace_id, kind=kind,
                 name=name, body=body, created_at=now, updated_at=now)
            for name, body in bodies]
    error = exceptions.DuplicateDefinition(
        kind=kind, name=", ".join(row.name for row in rows)[:200])
    _insert(session, rows, error)
    return rows


def update_item(session: orm.Session, row: Item, name: str,
                body: dict[str, Any]) -> None:
    """Change a definition, or raise DuplicateDefinition."""
    _write(session, row, {"name": name, "body": body},
           exceptions.DuplicateDefinition(kind=row.kind, name=name))


def clear(session: orm.Session, namespace_id: str, kind: str) -> None:
    """Forget all definitions of a kind."""
    session.execute(sa.delete(Item).where(
        Item.namespace_id == namespace_id, Item.kind == kind))


def resource_types(session: orm.Session) -> list[ResourceType]:
    """Return all resource types that are known, by name."""
    return list(session.execute(
        sa.select(ResourceType).order_by(ResourceType.name)).scalars())


def associations(session: orm.Session, namespace_ids: Iterable[str]
                 ) -> dict[str, list[Association]]:
    """Return what each of the namespaces is for, by name."""
    found: dict[str, list[Association]] = {
        each: [] for each in namespace_ids}
    for row in session.execute(
            sa.select(Association)
            .where(Association.namespace_id.in_(found))
            .order_by(Association.name)).scalars():
        found[row.namespace_id].append(row)
    return found


def association(session: orm.Session, namespace_id: str,
                name: str) -> Association:
    """Return an association, or raise AssociationNotFound."""
    row = session.get(Association, (namespace_id, name))
    if row is None:
        raise exceptions.AssociationNotFound(name=name)
    return row


def associate(session: orm.Session, namespace_id: str,
              said: list[dict[str, Any]]) -> list[Association]:
    """Make associations, or raise DuplicateAssociation.

    Types that are not known become so.
    """
    now = db.utcnow()
    names = [each["name"] for each in said]
    known = set(session.execute(sa.select(ResourceType.name).where(
        ResourceType.name.in_(names))).scalars())
    error = exceptions.DuplicateAssociation(name=", ".join(names)[:200])
    _insert(session, [
        ResourceType(name=name, created_at=now, updated_at=now)
        for name in sorted(set(names) - known)], error)
    rows = [Association(namespace_id=namespace_id, created_at=now,
                        updated_at=now, **each) for each in said]
    _insert(session, rows, error)
    return rows


def _insert(session: orm.Session, rows: Any, error: Exception) -> None:
    try:
        with session.begin_nested():
            session.add_all(rows if isinstance(rows, list) else [rows])
    except (sa.exc.IntegrityError, orm.exc.FlushError):
        raise error from None


def _write(session: orm.Session, row: Any, values: dict[str, Any],
           error: Exception) -> None:
    try:
        with session.begin_nested():
            for name, value in values.items():
                setattr(row, name, value)
            row.updated_at = db.utcnow()
    except sa.exc.IntegrityError:
        raise error from None
