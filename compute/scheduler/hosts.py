"""What the scheduler knows of the hosts, kept in memory as columns."""

import dataclasses
import datetime

from common import db
from compute.db.api import placement
from compute.db.cell import hosts as queries
from compute.db.cell.models import Node, Service


@dataclasses.dataclass
class Hosts:
    """One row for each host, one list for each property."""

    names: list[str] = dataclasses.field(default_factory=list)
    nodes: list[str] = dataclasses.field(default_factory=list)
    provider_ids: list[str] = dataclasses.field(default_factory=list)
    enabled: list[bool] = dataclasses.field(default_factory=list)
    up: list[bool] = dataclasses.field(default_factory=list)
    zones: list[str] = dataclasses.field(default_factory=list)
    archs: list[str] = dataclasses.field(default_factory=list)
    #: What may still be claimed of each resource class.
    free: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    capacity: dict[str, list[float]] = dataclasses.field(
        default_factory=dict)
    #: What one server may have of it, however much is free.
    largest: dict[str, list[float]] = dataclasses.field(
        default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)


CLASSES = ("VCPU", "MEMORY_MB", "DISK_GB")


class HostStates:
    """Reads hosts; asks again only for what has a new generation."""

    def __init__(self, cell: db.Database, api: db.Database, *,
                 zone: str, down_after_s: float) -> None:
        self._cell = cell
        self._api = api
        self._zone = zone
        self._down_after_s = down_after_s
        self._seen: dict[str, int] = {}
        self._room: dict[str, dict[str, tuple[float, float, int]]] = {}

    def read(self) -> Hosts:
        """Return the hosts as they are now."""
        with self._cell.reader() as session:
            rows = queries.nodes_with_services(session)
        self._refresh()
        now = db.utcnow()
        found = Hosts(free={name: [] for name in CLASSES},
                      capacity={name: [] for name in CLASSES},
                      largest={name: [] for name in CLASSES})
        for node, agent in rows:
            self._append(found, node, agent, now)
        return found

    def _refresh(self) -> None:
        with self._api.reader() as session:
            now = placement.generations(session)
            changed = [key for key, generation in now.items()
                       if self._seen.get(key) != generation]
            have = placement.all_inventories(session, changed)
            used = placement.all_usages(session, changed)
        for key in changed:
            self._room[key] = {
                name: (row.capacity - used.get(key, {}).get(name, 0),
                       row.capacity, row.max_unit)
                for name, row in have.get(key, {}).items()}
        self._seen = now

    def _append(self, found: Hosts, node: Node, agent: Service,
                now: datetime.datetime) -> None:
        found.names.append(node.host)
        found.nodes.append(node.hypervisor_hostname)
        found.provider_ids.append(node.id)
        found.enabled.append(not agent.disabled)
        found.up.append(queries.is_up(
            agent, now=now, down_after_s=self._down_after_s))
        found.zones.append(self._zone)
        found.archs.append(node.facts.get("arch", "x86_64"))
        room = self._room.get(node.id, {})
        for name in CLASSES:
            free, capacity, largest = room.get(name, (0, 0, 0))
            found.free[name].append(free)
            found.capacity[name].append(capacity)
            found.largest[name].append(largest)
