"""Build a server on a host."""

import dataclasses
import logging
import time
from typing import Any, ClassVar

from sqlalchemy import orm

from common import concurrency, db, events, exceptions, task
from common.context import RequestContext
from compute import networking, proofs, specs, states, volumes
from compute.agent_api import PROVING
from compute.db.cell import actions, nics, servers
from compute.db.cell.models import Event, Server
from compute.env import Env
from compute.exceptions import (
    GuestNotStarted,
    HostFull,
    PortsNotWired,
    ServerNotFound,
)
from compute.placement import claims
from compute.scheduler.filters import Request
from compute.scheduler.scheduler import Consumer
from compute.tasks import faults, guests, roots

LOG = logging.getLogger(__name__)

_STAGES = [states.SCHEDULING, states.NETWORKING, states.SPAWNING]

EVENT = "compute__do_build_and_run_instance"

#: Seconds between two looks at whether the ports are wired; the network
#: service is asked itself only every so many of them.
_POLL_S = 0.1
_ASK_EVERY_S = 3.0


@dataclasses.dataclass
class BuildServer(task.Task):
    """Takes a server from ``building`` to ``active``."""

    deadline_s: ClassVar[int] = 600

    server_id: str
    #: Only this host or node, as an operator asked.
    host: str | None = None
    node: str | None = None
    #: How many hosts failed before this attempt.
    attempt: int = 0

    @property
    def resource(self) -> str:
        return self.server_id

    def _load(self, env: Env) -> Server:
        with env.cell.reader() as session:
            return servers.get(session, self.server_id)

    def _enter(self, env: Env, task_state: str,
               **values: Any) -> None:
        """Move to the next task state; the deletion may have come first."""
        with env.cell.writer() as session:
            self.guard(session)
            if servers.change(
                    session, self.server_id, vm_state=[states.BUILDING],
                    task_state=_STAGES,
                    values={"task_state": task_state, **values}) is None:
                raise ServerNotFound(server_id=self.server_id)

    @task.step
    def place(self, env: Env) -> dict[str, Any]:
        """Choose the host and claim room on it."""
        server = self._load(env)
        if server.host:  # written before, but the step was not recorded
            return {"host": server.host, "node": server.node,
                    "zone": server.availability_zone}
        proofs.signer(server, env.conf)  # refused before a host is asked
        claims.release(env.api, server.id)
        place = env.scheduler.place(
            Consumer(server.id, server.project_id, server.user_id),
            self._request(server))
        with env.cell.writer() as session:
            self.guard(session)
            moved = servers.change(
                session, server.id, vm_state=[states.BUILDING],
                task_state=_STAGES, values={"task_state": states.NETWORKING,
                        "host": place.host, "node": place.node,
                        "availability_zone": place.zone})
            if moved is None:
                raise ServerNotFound(server_id=server.id)
            actions.event_begins(
                session, server.id, self.request_id, EVENT, place.host)
        return dataclasses.asdict(place)

    def _request(self, server: Server) -> Request:
        amounts = specs.amounts(server)
        image = server.image or {}
        return Request(
            vcpus=amounts["VCPU"], ram_mib=amounts["MEMORY_MB"],
            disk_gib=amounts["DISK_GB"],
            zone=server.pinned_zone, host=self.host, node=self.node,
            arch=image.get("properties", {}).get("hw_architecture"),
            exclude=tuple(server.failed_hosts))

    @place.undo
    def give_up_place(self, env: Env) -> None:
        claims.release(env.api, self.server_id)
        with env.cell.writer() as session:
            self.guard(session)
            servers.update(session, self.server_id,
                           {"host": None, "node": None})

    @task.step
    def bind_ports(self, env: Env) -> None:
        """Make or take the ports, and let the network know the host."""
        server = self._load(env)
        rest = networking.Networking(env.clients.network)
        place = self.results["place"]
        self._claim_ports(env, rest, server)
        ports = networking.bind(rest, server, place["host"], place["zone"])
        tags = [wanted.get("tag") for wanted in server.wanted_nics]
        rows = networking.describe(rest, ports, tags)
        with env.cell.writer() as session:
            self.guard(session)
            nics.replace(session, server.id, rows)

    def _claim_ports(self, env: Env, rest: networking.Networking,
                     server: Server) -> None:
        """Write down the lent ports: of two servers, one gets a port."""
        lent = {wanted["port_id"] for wanted in server.wanted_nics
                if wanted.get("port_id")}
        left = lent - {nic.port_id for nic in server.nics}
        if not left:
            return
        found = rest.ports(id=sorted(left))
        with env.cell.writer() as session:
            self.guard(session)
            for port in found:
                nics.claim(session, networking.lent_nic(port, server.id))

    @bind_ports.undo
    def free_ports(self, env: Env) -> None:
        with env.cell.reader() as session:
            server = servers.find(session, self.server_id)
        if server is None:
            return
        networking.unbind(networking.Networking(env.clients.network),
                          server.id, networking.lent_ports(server))
        with env.cell.writer() as session:
            self.guard(session)
            nics.replace(session, server.id, [])

    @task.step
    def connect_volume(self, env: Env) -> list[str]:
        """Take the volume that the server starts from, if it does."""
        return roots.connect(env, self, self._load(env))

    @connect_volume.undo
    def free_volume(self, env: Env) -> None:
        with env.cell.reader() as session:
            server = servers.find(session, self.server_id)
        if server is not None:
            roots.disconnect(env, self, server)

    @task.step
    def spawn(self, env: Env) -> dict[str, Any]:
        """Let the agent make the guest; it waits for its ports."""
        self._enter(env, states.SPAWNING)
        server = self._load(env)
        wanted = specs.of(server, env.conf, power="running")
        if env.conf.compute.vif_plugging_timeout:
            wanted.wait_for_ports = [
                nic.port_id for nic in server.nics if not nic.plugged]
        host = self.results["place"]["host"]
        try:
            return _spawn(env, host, self.context(), spec=wanted.to_json(),
                          signer=proofs.signer(server, env.conf))
        except (GuestNotStarted, HostFull):
            self._blame(env, host)
            raise

    def _blame(self, env: Env, host: str) -> None:
        """Note that the fault is the host's: another may do better."""
        with env.cell.writer() as session:
            self.guard(session)
            server = servers.get(session, self.server_id)
            if host not in server.failed_hosts:
                servers.update(session, server.id, {
                    "failed_hosts": [*server.failed_hosts, host]})

    @spawn.undo
    def destroy(self, env: Env) -> None:
        with env.cell.reader() as session:
            server = servers.find(session, self.server_id)
        if server is not None:
            guests.destroy(env, server, self.context())

    @task.step
    def wait_for_network(self, env: Env) -> dict[str, Any]:
        """Wait until every port is wired; then the guest runs."""
        facts: dict[str, Any] = self.results["spawn"]
        if facts.get("waiting_for"):
            _wait_plugged(env, self.server_id)
        if facts.get("waiting_for") or facts["power_state"] != "running":
            facts = env.agent(self.results["place"]["host"]).plugged(
                self.context(), server_id=self.server_id,
                port_ids=facts.get("waiting_for", []))
        return facts

    @task.step
    def complete_volume(self, env: Env) -> None:
        """Say that the guest has its volume."""
        for attachment_id in self.results.get("connect_volume", []):
            volumes.Volumes(env.clients.volume).complete(attachment_id)

    @task.step
    def activate(self, env: Env) -> None:
        power = states.POWER[self.results["wait_for_network"]["power_state"]]
        with env.cell.writer() as session:
            self.guard(session)
            moved = servers.change(
                session, self.server_id, vm_state=[states.BUILDING],
                task_state=_STAGES,
                values={"vm_state": states.ACTIVE, "task_state": None,
                        "power_state": power, "progress": 0,
                        "launched_at": db.utcnow(), "fault": None})
            if moved is None:
                return
            actions.event_ends(
                session, self.server_id, self.request_id, EVENT,
                host=self.results["place"]["host"])
            events.add(session, Event, kind="server.create.end",
                       resource_id=self.server_id)

    def undone(self, env: Env, reason: str) -> None:
        """Try another host, or leave the server in error, saying why."""
        with env.cell.writer() as session:
            self.guard(session)
            server = servers.find(session, self.server_id)
            if server is None or server.deleted:
                return
            failed = server.failed_hosts
            if server.fault:  # of an attempt before this one
                reason = f"{reason}. Before: {server.fault['details']}"
            again = (self.attempt < len(failed)
                     < env.conf.compute.build_attempts)
            self._end(env, session, reason, again=again)

    def _end(self, env: Env, session: orm.Session, reason: str, *,
             again: bool) -> None:
        state = states.BUILDING if again else states.ERROR
        moved = servers.change(
            session, self.server_id, vm_state=[states.BUILDING],
            task_state=_STAGES, values={
                "vm_state": state, "fault": faults.of(reason),
                "task_state": states.SCHEDULING if again else None})
        if moved is None:
            return  # it is being deleted
        if again:
            env.tasks.add(session, dataclasses.replace(
                self, id=db.new_id(), attempt=self.attempt + 1),
                self.context())
            return
        actions.event_ends(session, self.server_id, self.request_id,
                           EVENT, details=reason)
        events.add(session, Event, kind="server.create.error",
                   resource_id=self.server_id, payload={"reason": reason})


def _spawn(env: Env, host: str, ctx: RequestContext, *,
           spec: dict[str, Any], signer: str | None) -> dict[str, Any]:
    if signer is None:
        return env.agent(host).spawn(ctx, spec=spec)
    # An older agent would not look at the signature: it must refuse.
    return env.agent(host, PROVING).spawn(ctx, spec=spec, signer=signer)


def _wait_plugged(env: Env, server_id: str) -> None:
    """Return when the network has wired all ports of the server.

    Its message may be lost, so it is asked too, now and then.

    :raises PortsNotWired: they were not wired in time
    :raises ServerNotFound: it is being deleted
    """
    end = time.monotonic() + env.conf.compute.vif_plugging_timeout
    ask_at = time.monotonic() + _ASK_EVERY_S
    while True:
        with env.cell.reader() as session:
            missing = nics.unplugged(session, server_id)
            wanted = servers.is_building(session, server_id)
        if not wanted:
            raise ServerNotFound(server_id=server_id)
        if not missing:
            return
        if time.monotonic() > end:
            raise PortsNotWired(ports=", ".join(missing))
        if time.monotonic() > ask_at:
            ask_at = time.monotonic() + _ASK_EVERY_S
            _ask_network(env, server_id)
        concurrency.sleep(_POLL_S)


def _ask_network(env: Env, server_id: str) -> None:
    rest = networking.Networking(env.clients.network)
    try:
        ports = rest.ports(device_id=server_id)
    except exceptions.ServiceError as error:
        LOG.warning("Ports of %s are not known: %s", server_id, error)
        return
    wired = [port["id"] for port in ports if port["status"] == "ACTIVE"]
    with env.cell.writer() as session:
        nics.set_plugged(session, server_id, wired)
