"""Choose a host and claim what the server needs of it."""

import dataclasses
from collections import Counter

from common import db
from compute import exceptions
from compute.placement import claims
from compute.scheduler.filters import FILTERS, Request
from compute.scheduler.hosts import Hosts, HostStates
from compute.scheduler.weighers import WEIGHERS


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a server goes."""

    host: str
    node: str
    zone: str
    provider_id: str


@dataclasses.dataclass(frozen=True)
class Consumer:
    """On whose account the claim goes."""

    id: str
    project_id: str
    user_id: str


class Scheduler:
    """Several may run: a claim that lost a race goes to the next host."""

    def __init__(self, states: HostStates, api: db.Database) -> None:
        self._states = states
        self._api = api

    def place(self, consumer: Consumer, request: Request) -> Place:
        """Claim room for the server on the best host, and return it.

        :raises NoValidHost: with the count of hosts by reason
        """
        hosts = self._states.read()
        fitting, refused = self.sift(hosts, request)
        for row in self.rank(hosts, request, fitting):
            if self._claim(hosts.provider_ids[row], consumer, request):
                return Place(hosts.names[row], hosts.nodes[row],
                             hosts.zones[row], hosts.provider_ids[row])
            refused["just filled up"] += 1
        raise exceptions.NoValidHost(reason=explain(len(hosts), refused))

    def sift(self, hosts: Hosts,
             request: Request) -> tuple[list[int], Counter[str]]:
        """Return the rows that fit, and how many did not, by reason."""
        rows = list(range(len(hosts)))
        refused: Counter[str] = Counter()
        for reason, check in FILTERS:
            mask = check(hosts, request)
            kept = [row for row in rows if mask[row]]
            if len(kept) < len(rows):
                refused[reason] = len(rows) - len(kept)
            rows = kept
        return rows, refused

    def rank(self, hosts: Hosts, request: Request,
             rows: list[int]) -> list[int]:
        """Return the rows, best first; ties go by name."""
        weights = [0.0] * len(hosts)
        for factor, weigh in WEIGHERS:
            for row, weight in enumerate(weigh(hosts, request)):
                weights[row] += factor * weight
        return sorted(rows, key=lambda r: (-weights[r], hosts.names[r]))

    def _claim(self, provider_id: str, consumer: Consumer,
               request: Request) -> bool:
        return claims.claim(self._api, claims.Claim(
            consumer_id=consumer.id, project_id=consumer.project_id,
            user_id=consumer.user_id, provider_id=provider_id,
            amounts=tuple(request.amounts.items())))


def explain(total: int, refused: Counter[str]) -> str:
    """Return ``2 hosts refused: 1 disabled, 1 too little RAM``."""
    if not total:
        return "There are no compute hosts."
    counts = ", ".join(
        f"{n} {reason}" for reason, n in sorted(refused.items()))
    hosts = "1 host" if total == 1 else f"{total} hosts"
    return f"{hosts} refused: {counts}"
