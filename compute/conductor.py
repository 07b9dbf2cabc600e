"""Serves the agents of a cell, and sweeps up after accidents."""

import datetime
import logging
from typing import Any

from oslo_config import cfg

from common import db, loop, task
from common.context import RequestContext
from compute import spec, specs, states
from compute.conductor_api import JSON, ConductorAPI
from compute.db.api import mappings, placement
from compute.db.api.models import Inventory
from compute.db.cell import hosts, servers
from compute.placement import claims

LOG = logging.getLogger(__name__)

#: The rest states that a guest changes by itself.
_BY_ITSELF = {"stopped": (states.ACTIVE, states.STOPPED),
              "crashed": (states.ACTIVE, states.STOPPED)}


class Conductor(ConductorAPI):
    """Reads and writes the cell's database for agents, which cannot."""

    def __init__(self, conf: cfg.ConfigOpts, api: db.Database,
                 cell: db.Database, tasks: task.Runner) -> None:
        self._conf = conf
        self._api = api
        self._cell = cell
        self._tasks = tasks

    def register(self, ctx: RequestContext, *, host: str, host_uuid: str,
                 facts: JSON) -> JSON:
        """Record host, agent and what the host has."""
        told = spec.HostFacts.from_json(facts)
        db.retrying(self._write_host, host, host_uuid, told)
        claims.retried(lambda: self._write_provider(
            host_uuid, told.hypervisor_hostname or host, told))
        return {"provider_id": host_uuid,
                "report_interval_s": self._conf.compute.report_interval}

    def _write_host(self, host: str, host_uuid: str,
                    facts: spec.HostFacts) -> None:
        with self._cell.writer() as session:
            hosts.register(session, host, host_uuid, facts.to_json())
            hosts.beat(session, hosts.COMPUTE, host)

    def _write_provider(self, provider_id: str, name: str,
                        facts: spec.HostFacts) -> None:
        wanted = self._inventories(facts)
        with self._api.writer() as session:
            if not placement.providers(session, provider_id=provider_id):
                placement.create(session, provider_id, name)
            known = placement.inventories(session, provider_id)
            if _same(known, wanted):
                return
            provider = placement.get(session, provider_id)
            placement.set_inventories(
                session, provider_id, wanted, provider.generation)

    def _inventories(self, facts: spec.HostFacts) -> list[Inventory]:
        own = self._conf.compute
        return [
            _inventory("VCPU", facts.vcpus, 0, own.cpu_allocation_ratio),
            _inventory("MEMORY_MB", facts.memory_mib,
                       facts.reserved_memory_mib, own.ram_allocation_ratio),
            _inventory("DISK_GB", facts.disk_gib, facts.reserved_disk_gib,
                       own.disk_allocation_ratio)]

    def report(self, ctx: RequestContext, *, host: str,
               servers: list[Any]) -> JSON:
        """Note that the host lives, and its guests' power."""
        powers = {row["id"]: states.POWER.get(row["power_state"], 0)
                  for row in servers}
        return {"registered": db.retrying(self._note, host, powers)}

    def _note(self, host: str, powers: dict[str, int]) -> bool:
        with self._cell.writer() as session:
            if hosts.agent_of(session, host) is None:
                return False
            hosts.beat(session, hosts.COMPUTE, host)
            servers.set_power(session, host, powers)
        return True

    def desired(self, ctx: RequestContext, *, host: str) -> JSON:
        """Return what should be on the host."""
        with self._cell.reader() as session:
            found = servers.on_host(session, host)
        return {"servers": [
            specs.of(server, self._conf).to_json() for server in found]}

    def lifecycle(self, ctx: RequestContext, *, host: str, server_id: str,
                  event: str) -> None:
        """A guest that went down by itself is stopped from now on."""
        if event in _BY_ITSELF:
            db.retrying(self._came_down, host, server_id, event)

    def _came_down(self, host: str, server_id: str, event: str) -> None:
        was, now = _BY_ITSELF[event]
        with self._cell.writer() as session:
            server = servers.find(session, server_id)
            if server is None or server.host != host:
                return
            power = states.POWER[
                "crashed" if event == "crashed" else "shutdown"]
            servers.change(
                session, server_id, vm_state=[was], task_state=[None],
                values={"vm_state": now, "power_state": power})

    def wake(self, ctx: RequestContext) -> None:
        """Look for tasks now."""
        loop.Loop.wake(self._tasks)


def _inventory(name: str, total: int, reserved: int,
               ratio: float) -> Inventory:
    return Inventory(
        resource_class=name, total=total, reserved=min(reserved, total),
        min_unit=1, max_unit=max(total, 1), step_size=1,
        allocation_ratio=ratio)


_COMPARED = ("total", "reserved", "max_unit", "allocation_ratio")


def _same(known: dict[str, Inventory], wanted: list[Inventory]) -> bool:
    return len(known) == len(wanted) and all(
        row.resource_class in known and all(
            getattr(known[row.resource_class], name) == getattr(row, name)
            for name in _COMPARED)
        for row in wanted)


class Beat(loop.Loop):
    """Shows that this conductor lives."""

    def __init__(self, conf: cfg.ConfigOpts, cell: db.Database) -> None:
        super().__init__(conf.compute.report_interval)
        self._host = conf.host
        self._cell = cell

    def run_once(self) -> None:
        """Write the moment."""
        with self._cell.writer() as session:
            for binary in ("nova-conductor", "nova-scheduler"):
                hosts.beat(session, binary, self._host)


#: How old something must be before a sweep judges it: all that is going on
#: has made its rows by then.
_GRACE = datetime.timedelta(minutes=5)
_BATCH = 500


class Sweeper(loop.Loop):
    """Takes away claims and quota whose server never came to be.

    A server's quota is written before the server: who dies in between
    leaves it behind.
    """

    def __init__(self, api: db.Database, cell: db.Database, *,
                 interval: float = 300,
                 grace: datetime.timedelta = _GRACE) -> None:
        super().__init__(interval)
        self._api = api
        self._cell = cell
        self._grace = grace

    def run_once(self) -> int:
        """Return how many were taken away."""
        return self._sweep_mappings() + self._sweep_consumers()

    def _sweep_mappings(self) -> int:
        count, after, before = 0, "", db.utcnow() - self._grace
        while True:
            with self._api.reader() as session:
                ids = mappings.older_than(session, before, after, _BATCH)
            orphans = self._orphans(ids)
            if orphans:
                LOG.warning("Quota of servers that are not: %s", orphans)
                with self._api.writer() as session:
                    mappings.remove(session, orphans)
            count += len(orphans)
            if len(ids) < _BATCH:
                return count
            after = ids[-1]

    def _sweep_consumers(self) -> int:
        """Release what deleted servers still hold."""
        count, after = 0, ""
        while True:
            with self._api.reader() as session:
                ids = placement.consumers_after(session, after, _BATCH)
            with self._cell.reader() as session:
                gone = sorted(servers.buried(session, ids))
            for key in gone:
                LOG.warning("Claim of a deleted server: %s", key)
                claims.release(self._api, key)
            count += len(gone)
            if len(ids) < _BATCH:
                return count
            after = ids[-1]

    def _orphans(self, ids: Any) -> list[str]:
        with self._cell.reader() as session:
            known = servers.existing(session, ids)
        return [key for key in ids if key not in known]
