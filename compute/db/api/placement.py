"""Queries on resource providers, inventories and allocations.

All that is claimed of a provider moves its generation by compare-and-set:
of two claims that saw the same generation, one wins.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from compute import exceptions
from compute.db.api.models import (
    Allocation,
    Consumer,
    Inventory,
    ResourceProvider,
)

Amounts = dict[str, int]


def get(session: orm.Session, provider_id: str) -> ResourceProvider:
    """Return the provider, or raise ProviderNotFound."""
    found = session.get(ResourceProvider, provider_id)
    if found is None:
        raise exceptions.ProviderNotFound(provider_id=provider_id)
    return found


def providers(session: orm.Session, *, name: str | None = None,
              provider_id: str | None = None,
              root_id: str | None = None) -> Sequence[ResourceProvider]:
    """Return the providers that match all that is given."""
    wanted = sa.select(ResourceProvider).order_by(ResourceProvider.name)
    if name is not None:
        wanted = wanted.where(ResourceProvider.name == name)
    if provider_id is not None:
        wanted = wanted.where(ResourceProvider.id == provider_id)
    if root_id is not None:
        wanted = wanted.where(ResourceProvider.root_id == root_id)
    return session.scalars(wanted).all()


def create(session: orm.Session, provider_id: str,
           name: str) -> ResourceProvider:
    """Add a provider, or raise ProviderExists."""
    taken = session.scalar(sa.select(ResourceProvider.id).where(sa.or_(
        ResourceProvider.id == provider_id,
        ResourceProvider.name == name)))
    if taken is not None:
        raise exceptions.ProviderExists(name=name)
    made = ResourceProvider(
        id=provider_id, name=name, root_id=provider_id, generation=0)
    session.add(made)
    session.flush()
    return made


def delete(session: orm.Session, provider_id: str) -> None:
    """Remove the provider, unless something is allocated from it."""
    get(session, provider_id)
    if allocations_of_provider(session, provider_id):
        raise exceptions.ProviderInUse(provider_id=provider_id)
    session.execute(sa.delete(Inventory).where(
        Inventory.provider_id == provider_id))
    session.execute(sa.delete(ResourceProvider).where(
        ResourceProvider.id == provider_id))


def bump(session: orm.Session, provider_id: str, generation: int) -> int:
    """Move the provider on from ``generation``; return the new one.

    :raises ProviderChanged: somebody else moved it
    """
    moved: Any = session.execute(
        sa.update(ResourceProvider)
        .where(ResourceProvider.id == provider_id,
               ResourceProvider.generation == generation)
        .values(generation=generation + 1)
        .execution_options(synchronize_session="fetch"))
    if moved.rowcount == 0:
        raise exceptions.ProviderChanged(provider_id=provider_id)
    return generation + 1


def inventories(session: orm.Session,
                provider_id: str) -> dict[str, Inventory]:
    """Return the provider's inventories by resource class."""
    rows = session.scalars(
        sa.select(Inventory).where(Inventory.provider_id == provider_id)
        .order_by(Inventory.resource_class))
    return {row.resource_class: row for row in rows}


def set_inventories(session: orm.Session, provider_id: str,
                    wanted: Iterable[Inventory], generation: int) -> int:
    """Replace all inventories; return the provider's new generation.

    :raises ProviderChanged: it is not of that generation any more
    :raises InventoryInUse: a class that goes is allocated from
    """
    new = bump(session, provider_id, generation)
    by_class = {row.resource_class: row for row in wanted}
    used = usages(session, provider_id)
    gone = set(inventories(session, provider_id)) - set(by_class)
    for resource_class in sorted(gone):
        if used.get(resource_class):
            raise exceptions.InventoryInUse(
                resource_class=resource_class, provider_id=provider_id)
    session.execute(sa.delete(Inventory).where(
        Inventory.provider_id == provider_id,
        Inventory.resource_class.in_(gone)))
    for row in by_class.values():
        row.provider_id = provider_id
        session.merge(row)
    return new


def usages(session: orm.Session, provider_id: str) -> Amounts:
    """Return what is used of each class that the provider has."""
    rows = session.execute(
        sa.select(Allocation.resource_class, sa.func.sum(Allocation.used))
        .where(Allocation.provider_id == provider_id)
        .group_by(Allocation.resource_class))
    used = dict.fromkeys(inventories(session, provider_id), 0)
    return used | {name: int(amount) for name, amount in rows}


def all_usages(session: orm.Session,
               provider_ids: Iterable[str]) -> dict[str, Amounts]:
    """Return what is used of each of these providers."""
    rows = session.execute(
        sa.select(Allocation.provider_id, Allocation.resource_class,
                  sa.func.sum(Allocation.used))
        .where(Allocation.provider_id.in_(list(provider_ids)))
        .group_by(Allocation.provider_id, Allocation.resource_class))
    used: dict[str, Amounts] = {}
    for provider_id, name, amount in rows:
        used.setdefault(provider_id, {})[name] = int(amount)
    return used


def all_inventories(session: orm.Session, provider_ids: Iterable[str]
                    ) -> dict[str, dict[str, Inventory]]:
    """Return the inventories of each of these providers."""
    rows = session.scalars(sa.select(Inventory).where(
        Inventory.provider_id.in_(list(provider_ids))))
    found: dict[str, dict[str, Inventory]] = {}
    for row in rows:
        found.setdefault(row.provider_id, {})[row.resource_class] = row
    return found


def generations(session: orm.Session) -> dict[str, int]:
    """Return the generation of every provider."""
    rows = session.execute(sa.select(
        ResourceProvider.id, ResourceProvider.generation))
    return {row[0]: row[1] for row in rows}


def allocations_of_consumer(session: orm.Session, consumer_id: str
                            ) -> Sequence[Allocation]:
    return session.scalars(
        sa.select(Allocation)
        .where(Allocation.consumer_id == consumer_id)
        .order_by(Allocation.provider_id, Allocation.resource_class)).all()


def held_by(session: orm.Session, consumer_ids: Iterable[str]
            ) -> dict[str, dict[str, Amounts]]:
    """Return, for each consumer that holds any, what of which provider."""
    held: dict[str, dict[str, Amounts]] = {}
    for row in session.scalars(sa.select(Allocation).where(
            Allocation.consumer_id.in_(list(consumer_ids)))):
        held.setdefault(row.consumer_id, {}).setdefault(
            row.provider_id, {})[row.resource_class] = row.used
    return held


def allocations_of_provider(session: orm.Session, provider_id: str
                            ) -> Sequence[Allocation]:
    return session.scalars(
        sa.select(Allocation)
        .where(Allocation.provider_id == provider_id)
        .order_by(Allocation.consumer_id,
                  Allocation.resource_class)).all()


def consumer(session: orm.Session, consumer_id: str) -> Consumer | None:
    return session.get(Consumer, consumer_id)


def consumers_after(session: orm.Session, after: str,
                    limit: int) -> Sequence[str]:
    """Return ids of consumers, in order, beyond the id ``after``."""
    return session.scalars(
        sa.select(Consumer.id).where(Consumer.id > after)
        .order_by(Consumer.id).limit(limit)).all()


def drop(session: orm.Session, consumer_id: str) -> None:
    """Remove what the consumer holds, and the consumer."""
    held = {row.provider_id
            for row in allocations_of_consumer(session, consumer_id)}
    for provider_id in sorted(held):
        session.execute(
            sa.update(ResourceProvider)
            .where(ResourceProvider.id == provider_id)
            .values(generation=ResourceProvider.generation + 1)
            .execution_options(synchronize_session=False))
    session.execute(sa.delete(Allocation).where(
        Allocation.consumer_id == consumer_id))
    session.execute(sa.delete(Consumer).where(Consumer.id == consumer_id))
    session.expire_all()


def insert(session: orm.Session, holder: Consumer,
           provider_id: str, amounts: Amounts) -> None:
    """Write what the consumer holds; the caller has checked the room."""
    if session.get(Consumer, holder.id) is None:
        session.add(holder)
        session.flush()
    for name, amount in amounts.items():
        session.add(Allocation(
            consumer_id=holder.id, provider_id=provider_id,
            resource_class=name, used=amount))
    session.flush()
