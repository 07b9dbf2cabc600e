"""Give a server a port, and take it away."""

import dataclasses
from typing import ClassVar

from common import events, task
from compute import networking, specs
from compute.db.cell import actions, nics, servers
from compute.db.cell.models import Event, Nic, Server
from compute.env import Env


@dataclasses.dataclass
class _PortTask(task.Task):
    deadline_s: ClassVar[int] = 300
    event: ClassVar[str]

    server_id: str
    port_id: str

    @property
    def resource(self) -> str:
        return self.server_id

    def _load(self, env: Env) -> tuple[Server | None, Nic | None]:
        with env.cell.reader() as session:
            server = servers.find(session, self.server_id)
        if server is None or server.deleted:
            return None, None
        return server, next((nic for nic in server.nics
                             if nic.port_id == self.port_id), None)

    def _unplug(self, env: Env) -> None:
        server, _ = self._load(env)
        if server is not None and server.host is not None:
            env.agent(server.host).detach_port(
                self.context(), server_id=server.id, port_id=self.port_id,
                spec=specs.of(server, env.conf, power="leave").to_json())

    def _free(self, env: Env) -> None:
        """Give the port back, or delete it if we made it."""
        _, nic = self._load(env)
        if nic is None:
            return
        rest = networking.Networking(env.clients.network)
        if nic.owned:
            rest.delete_port(nic.port_id)
        else:
            rest.release_port(nic.port_id)
        with env.cell.writer() as session:
            nics.remove(session, self.server_id, self.port_id)

    def _log(self, env: Env, kind: str, details: str | None = None) -> None:
        with env.cell.writer() as session:
            actions.event_ends(session, self.server_id, self.request_id,
                               self.event, details=details)
            if details is None:
                events.add(session, Event, kind=kind,
                           resource_id=self.server_id,
                           payload={"port": self.port_id})

    def undone(self, env: Env, reason: str) -> None:
        self._log(env, "", details=reason)


@dataclasses.dataclass
class AttachPort(_PortTask):
    """Plugs a port that is bound to the server's host already."""

    event: ClassVar[str] = "compute_attach_interface"

    @task.step
    def hold(self, env: Env) -> None:
        """Nothing: the port and its row are there."""

    @hold.undo
    def free(self, env: Env) -> None:
        self._free(env)

    @task.step
    def plug(self, env: Env) -> None:
        server, nic = self._load(env)
        if server is not None and nic is not None:
            env.agent(str(server.host)).attach_port(
                self.context(), server_id=server.id,
                nic=specs.nic_of(nic).to_json(),
                spec=specs.of(server, env.conf, power="leave").to_json())

    @plug.undo
    def unplug(self, env: Env) -> None:
        self._unplug(env)

    @task.step
    def settle(self, env: Env) -> None:
        self._log(env, "server.port.attach")


@dataclasses.dataclass
class DetachPort(_PortTask):
    """Unplugs a port, then gives it back or deletes it."""

    event: ClassVar[str] = "compute_detach_interface"

    @task.step
    def unplug(self, env: Env) -> None:
        self._unplug(env)

    @task.step
    def free(self, env: Env) -> None:
        self._free(env)

    @task.step
    def settle(self, env: Env) -> None:
        self._log(env, "server.port.detach")
