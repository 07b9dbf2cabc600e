"""Which backend takes a volume."""

import collections
import dataclasses
from collections.abc import Iterable

from blockstore import exceptions


@dataclasses.dataclass(frozen=True)
class Pool:
    """A backend, as last reported, and what is promised of it already."""

    name: str
    zone: str
    total_gib: int
    free_gib: int
    promised_gib: int
    overcommit: float = 1.0
    alive: bool = True
    disabled: bool = False

    @property
    def room_gib(self) -> int:
        """Return how large a volume it can take."""
        unpromised = int(self.total_gib * self.overcommit)
        return max(0, min(unpromised - self.promised_gib, self.free_gib))

    def refusal(self, size_gib: int, zone: str) -> str | None:
        """Return why it does not take such a volume, or None."""
        if not self.alive:
            return "its agent is away"
        if self.disabled:
            return "disabled"
        if self.zone != zone:
            return "in another availability zone"
        if self.room_gib < size_gib:
            return "not enough room"
        return None


def choose(pools: Iterable[Pool], size_gib: int, zone: str) -> list[Pool]:
    """Return those that take the volume, the one with most room first.

    Ties go to the first name, so that tests and reruns choose alike.

    :raises NoBackend: that counts the refusals by reason
    """
    refused: collections.Counter[str] = collections.Counter()
    fitting = []
    for pool in pools:
        reason = pool.refusal(size_gib, zone)
        if reason is None:
            fitting.append(pool)
        else:
            refused[reason] += 1
    if not fitting:
        reasons = [f"{count} {reason}" for reason, count
                   in sorted(refused.items())]
        total = sum(refused.values())
        raise exceptions.NoBackend(
            size_gib=size_gib,
            reason=f"{total} of {total} refused: {', '.join(reasons)}"
            if reasons else "no backend has reported yet")
    return sorted(fitting, key=lambda pool: (-pool.room_gib, pool.name))
