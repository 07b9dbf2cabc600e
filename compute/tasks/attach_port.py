"""Give a server a port, and take it away."""

import dataclasses
from typing import Any, ClassVar

from common import events, task
from compute import exceptions, networking, specs
from compute.db.cell import actions, nics, servers
from compute.db.cell.models import Event, Nic, Server
from compute.env import Env


@dataclasses.dataclass
class _PortTask(task.Task):
    deadline_s: ClassVar[int] = 300
    event: ClassVar[str]

    server_id: str

    @property
    def resource(self) -> str:
        return self.server_id

    def _rest(self, env: Env) -> networking.Networking:
        return networking.Networking(env.clients.network)

    def _find(self, env: Env) -> Server | None:
        with env.cell.reader() as session:
            return servers.find(session, self.server_id)

    def _unplug(self, env: Env, port_id: str) -> None:
        server = self._find(env)
        if server is None or server.deleted or server.host is None:
            return
        env.agent(server.host).detach_port(
            self.context(), server_id=server.id, port_id=port_id,
            spec=specs.of(server, env.conf, power="leave").to_json())

    def _forget(self, env: Env, port_id: str) -> None:
        with env.cell.writer() as session:
            self.guard(session)
            nics.remove(session, self.server_id, port_id)

    def _log(self, env: Env, kind: str, port_id: str) -> None:
        with env.cell.writer() as session:
            self.guard(session)
            nics.set_status(session, self.server_id, port_id,
                            was="attaching", status="attached")
            actions.event_ends(session, self.server_id, self.request_id,
                               self.event)
            events.add(session, Event, kind=kind,
                       resource_id=self.server_id,
                       payload={"port": port_id})


@dataclasses.dataclass
class AttachPort(_PortTask):
    """Binds a port to the server's host, and plugs it.

    :param wanted: one of ``Server.wanted_nics``; a port that it names has
        its row already
    """

    event: ClassVar[str] = "compute_attach_interface"

    wanted: dict[str, Any]

    @task.step
    def bind(self, env: Env) -> dict[str, Any]:
        """Make or take the port, and let the network know the host."""
        with env.cell.reader() as session:
            server = servers.get(session, self.server_id)
        rest = self._rest(env)
        # Of those that no row knows, one was made by us, before a crash.
        spare = networking.spare_ports(rest, server, _known(server))
        port, owned = networking.bind_one(
            rest, server, self.wanted, str(server.host),
            server.availability_zone or env.conf.compute.availability_zone,
            spare)
        return {"port_id": port["id"], "owned": owned}

    @bind.undo
    def unbind(self, env: Env) -> None:
        """Give the port back, or delete what was made."""
        server = self._find(env)
        if server is None:
            return
        rest, lent = self._rest(env), self.wanted.get("port_id")
        if lent:
            rest.give_back(lent, server.id)
            self._forget(env, lent)
            return
        for port in networking.spare_ports(rest, server, _known(server)):
            rest.delete_port(port["id"])

    @task.step
    def record(self, env: Env) -> None:
        """Write down what the network says of the port."""
        port_id = self.results["bind"]["port_id"]
        rest = self._rest(env)
        port = rest.port(port_id)
        if port is None:
            raise exceptions.PortNotAttached(port_id=port_id)
        nic = networking.describe(
            rest, [(port, self.results["bind"]["owned"])],
            [self.wanted.get("tag")])[0]
        nic.server_id, nic.status, nic.plugged = (
            self.server_id, "attaching", False)
        with env.cell.writer() as session:
            self.guard(session)
            nics.put(session, nic)

    @record.undo
    def erase(self, env: Env) -> None:
        """Forget a port that we made: then it is a spare one."""
        bound = self.results["bind"]
        if bound["owned"]:
            self._forget(env, bound["port_id"])

    @task.step
    def plug(self, env: Env) -> None:
        with env.cell.reader() as session:
            server = servers.get(session, self.server_id)
        nic = _nic(server, self.results["bind"]["port_id"])
        env.agent(str(server.host)).attach_port(
            self.context(), server_id=server.id,
            nic=specs.nic_of(nic).to_json(),
            spec=specs.of(server, env.conf, power="leave").to_json())

    @plug.undo
    def unplug(self, env: Env) -> None:
        self._unplug(env, self.results["bind"]["port_id"])

    @task.step
    def settle(self, env: Env) -> None:
        self._log(env, "server.port.attach",
                  self.results["bind"]["port_id"])
        env.tell_ended(self.id)

    def undone(self, env: Env, reason: str) -> None:
        with env.cell.writer() as session:
            self.guard(session)
            actions.event_ends(session, self.server_id, self.request_id,
                               self.event, details=reason)
        env.tell_ended(self.id)


@dataclasses.dataclass
class DetachPort(_PortTask):
    """Unplugs a port, then gives it back or deletes it."""

    event: ClassVar[str] = "compute_detach_interface"

    port_id: str

    @task.step
    def unplug(self, env: Env) -> None:
        self._unplug(env, self.port_id)

    @task.step
    def free(self, env: Env) -> None:
        """Give the port back, or delete it if we made it."""
        server = self._find(env)
        found = server.nics if server else []
        nic = next((nic for nic in found if nic.port_id == self.port_id),
                   None)
        if nic is None:
            return
        rest = self._rest(env)
        if nic.owned:
            rest.delete_port(nic.port_id)
        else:
            rest.give_back(nic.port_id, self.server_id)
        self._forget(env, nic.port_id)

    @task.step
    def settle(self, env: Env) -> None:
        self._log(env, "server.port.detach", self.port_id)

    def undone(self, env: Env, reason: str) -> None:
        """The guest keeps it: say so, and let the user try again."""
        with env.cell.writer() as session:
            self.guard(session)
            nics.set_status(session, self.server_id, self.port_id,
                            was="detaching", status="attached")
            actions.event_ends(session, self.server_id, self.request_id,
                               self.event, details=reason)


def _known(server: Server) -> list[str]:
    return [*networking.lent_ports(server),
            *(nic.port_id for nic in server.nics)]


def _nic(server: Server, port_id: str) -> Nic:
    for nic in server.nics:
        if nic.port_id == port_id:
            return nic
    raise exceptions.PortNotAttached(port_id=port_id)
