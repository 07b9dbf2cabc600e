"""Claims: all of it or nothing, never more than there is."""

import dataclasses
import random
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import orm

from common import concurrency, db
from compute import exceptions
from compute.db.api import placement
from compute.db.api.models import Consumer, Inventory

T = TypeVar("T")
Amounts = placement.Amounts

_ATTEMPTS = 10


@dataclasses.dataclass(frozen=True)
class Claim:
    """Who wants how much of which provider."""

    consumer_id: str
    project_id: str
    user_id: str
    provider_id: str
    amounts: tuple[tuple[str, int], ...]


def claim(database: db.Database, wanted: Claim) -> bool:
    """Let the consumer hold exactly this; say whether there was room.

    One that holds it already still does, so the call may be repeated. What
    it held of this or other providers before is let go.
    """
    def once() -> None:
        with database.writer() as session:
            _claim(session, wanted)
    try:
        retried(once)
    except _NoRoom:
        return False
    return True


class _NoRoom(Exception):
    """Ends the transaction of a claim that found too little."""


def release(database: db.Database, consumer_id: str) -> None:
    """Let go of all that the consumer holds; it may be nothing."""
    def once() -> None:
        with database.writer() as session:
            placement.drop(session, consumer_id)
    retried(once)


def retried(once: Callable[[], T]) -> T:
    """Call ``once``, a transaction, again while another one won."""
    for attempt in range(_ATTEMPTS):
        try:
            return once()
        except (exceptions.ProviderChanged, db.Retryable):
            if attempt + 1 == _ATTEMPTS:
                raise
            concurrency.sleep(random.uniform(0, 0.01 * 2 ** attempt))
    raise AssertionError("not reached")


def _claim(session: orm.Session, wanted: Claim) -> None:
    amounts = {name: n for name, n in wanted.amounts if n}
    held = placement.allocations_of_consumer(session, wanted.consumer_id)
    if held and _same(held, wanted.provider_id, amounts):
        return
    if held:
        placement.drop(session, wanted.consumer_id)
    provider = placement.get(session, wanted.provider_id)
    generation = provider.generation
    if not fits(placement.inventories(session, provider.id),
                placement.usages(session, provider.id), amounts):
        raise _NoRoom
    # The provider's row first: those who also want it wait here, and not
    # in a deadlock.
    placement.bump(session, provider.id, generation)
    placement.insert(session, Consumer(
        id=wanted.consumer_id, project_id=wanted.project_id,
        user_id=wanted.user_id), provider.id, amounts)


def _same(held: object, provider_id: str, amounts: Amounts) -> bool:
    found = {(row.provider_id, row.resource_class, row.used)
             for row in held}  # type: ignore[attr-defined]
    return found == {(provider_id, name, n) for name, n in amounts.items()}


def fits(inventories: dict[str, Inventory], used: Amounts,
         amounts: Amounts) -> bool:
    """Say whether the provider has room for ``amounts``."""
    return not any(
        lack(inventories.get(name), used.get(name, 0), amount)
        for name, amount in amounts.items())


def lack(inventory: Inventory | None, used: int, amount: int) -> str | None:
    """Return why the amount cannot be had, or None when it can."""
    if inventory is None:
        return "it has none"
    if amount > inventory.capacity - used:
        return "too little is free"
    if not inventory.min_unit <= amount <= inventory.max_unit:
        return (f"one may hold {inventory.min_unit} to "
                f"{inventory.max_unit}")
    if amount % inventory.step_size:
        return f"not a multiple of {inventory.step_size}"
    return None
