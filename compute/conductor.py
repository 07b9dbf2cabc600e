"""Serves the agents of a cell."""

from typing import Any

from oslo_config import cfg

from common import db, loop, task
from common.context import RequestContext
from compute import spec, specs, states
from compute.conductor_api import JSON, ConductorAPI
from compute.db.api import placement
from compute.db.api.models import Inventory
from compute.db.cell import hosts, servers
from compute.placement import claims

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
                  event: str, generation: int | None = None) -> None:
        """A guest that went down by itself is stopped from now on."""
        if event in _BY_ITSELF:
            db.retrying(self._came_down, host, server_id, event, generation)

    def _came_down(self, host: str, server_id: str, event: str,
                   generation: int | None) -> None:
        was, now = _BY_ITSELF[event]
        with self._cell.writer() as session:
            server = servers.find(session, server_id)
            if server is None or server.host != host:
                return
            power = states.POWER[
                "crashed" if event == "crashed" else "shutdown"]
            servers.change(
                session, server_id, vm_state=[was], task_state=[None],
                generation=generation,
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
