"""Ports of servers: /servers/{id}/os-interface."""

import time
from typing import Any

from common import concurrency, db, task, wsgi
from common.exceptions import BadRequest, NotFound, ServiceUnavailable
from compute import nets, networking, states
from compute.api.native.common import ANY, body, find_server, minor
from compute.api.native.server_actions import check_unlocked, wrong_state
from compute.db.cell import actions, jobs, nics, servers
from compute.db.cell.models import Nic, Server
from compute.env import Env
from compute.exceptions import PortBusy, PortRefused
from compute.policies import servers as policies
from compute.schemas import servers as schemas
from compute.tasks.attach_port import AttachPort, DetachPort

View = dict[str, Any]

_READY = (states.ACTIVE, states.PAUSED, states.STOPPED)
#: Seconds that an answer waits for the port.
_ATTACH_S = 20.0
#: Seconds after which it looks, if it was told nothing.
_LOOK_S = 1.0


class Interfaces:
    """Handlers of the ports of a server."""

    def __init__(self, cell: db.Database, tasks: task.Runner,
                 env: Env) -> None:
        self._cell = cell
        self._tasks = tasks
        self._rest = env.clients
        self._waiting = env.waiting

    def routes(self) -> list[wsgi.Route]:
        many = "/servers/{server_id}/os-interface"
        one = many + "/{port_id}"
        return [("GET", many, self.index), ("POST", many, self.attach),
                ("GET", one, self.show), ("DELETE", one, self.detach)]

    @wsgi.handler()
    def index(self, req: wsgi.Request, server_id: str) -> View:
        with self._cell.reader() as session:
            server = find_server(
                req, session, server_id, policies.PORTS_LIST)
        return {"interfaceAttachments": [
            _view(req, nic) for nic in server.nics]}

    @wsgi.handler()
    def show(self, req: wsgi.Request, server_id: str,
             port_id: str) -> View:
        with self._cell.reader() as session:
            server = find_server(
                req, session, server_id, policies.PORTS_SHOW)
        return {"interfaceAttachment": _view(req, _nic(server, port_id))}

    @wsgi.handler(body=ANY)
    def attach(self, req: wsgi.Request, server_id: str) -> View:
        """Attach a port; answer once it is there, as Nova does.

        It goes on, whether or not somebody waits for the answer.
        """
        asked = body(req, schemas.attach_port).get(
            "interfaceAttachment", {})
        with self._cell.reader() as session:
            server = find_server(
                req, session, server_id, policies.PORTS_CREATE)
        _check_ready(req, server, "attach_interface")
        job = AttachPort(server_id=server_id,
                         wanted=self._wanted(req, server, asked))
        with self._waiting.for_end(job.id) as end:
            self._add(req, job)
            self._tasks.wake()
            nic = self._wait_attached(job, end)
        return {"interfaceAttachment": _view(req, nic)}

    def _wanted(self, req: wsgi.Request, server: Server,
                asked: View) -> View:
        if asked.get("net_id") and asked.get("port_id"):
            raise BadRequest(
                reason="net_id: cannot be given together with port_id")
        if asked.get("fixed_ips") and not asked.get("net_id"):
            raise BadRequest(reason="fixed_ips: needs a net_id")
        found = nets.Nets(
            networking.Networking(self._rest.as_user(req, "network")),
            server.project_id,
            external=req.allowed(policies.EXTERNAL_NETWORK))
        if not asked.get("net_id") and not asked.get("port_id"):
            return found.automatic(required=True)[0]
        addresses = asked.get("fixed_ips", [{}])
        return found.resolve([{
            "uuid": asked.get("net_id"), "port": asked.get("port_id"),
            "fixed_ip": addresses[0].get("ip_address"),
            "tag": asked.get("tag")}], 1)[0]

    def _add(self, req: wsgi.Request, job: AttachPort) -> None:
        lent = job.wanted.get("port_id")
        port = lent and networking.Networking(self._rest.network).port(lent)
        with self._cell.writer() as session:
            if port:
                nics.claim(session, networking.lent_nic(
                    port, job.server_id, status="attaching",
                    tag=job.wanted.get("tag")))
            actions.begin(session, req.ctx, job.server_id,
                          "attach_interface")
            self._tasks.add(session, job, req.ctx)

    def _wait_attached(self, job: AttachPort,
                       end: concurrency.Event) -> Nic:
        """Return the row of the port once it is attached.

        After a while one that is bound will do.

        :raises PortRefused: the network refused
        :raises ServiceUnavailable: it takes long; the task goes on
        """
        give_up = time.monotonic() + _ATTACH_S
        while True:
            ended = end.ready() or time.monotonic() > give_up
            nic = self._progress(job)
            if ended or (nic is not None and nic.status == "attached"):
                break
            end.wait(_LOOK_S)
        if nic is None:
            raise ServiceUnavailable()
        return nic

    def _progress(self, job: AttachPort) -> Nic | None:
        """Return the row of the port, None as long as it is not bound."""
        with self._cell.reader() as session:
            found = jobs.progress(session, job.id)
            server = servers.find(session, job.server_id)
        if found.reason is not None:
            raise PortRefused(reason=found.reason)
        if server is None or "record" not in found.results:
            return None
        return _nic(server, found.results["bind"]["port_id"])

    @wsgi.handler(status=202)
    def detach(self, req: wsgi.Request, server_id: str,
               port_id: str) -> None:
        with self._cell.writer() as session:
            server = find_server(
                req, session, server_id, policies.PORTS_DELETE)
            _check_ready(req, server, "detach_interface")
            nic = _nic(server, port_id)
            if not nics.set_status(session, server_id, port_id,
                                   was="attached", status="detaching"):
                raise PortBusy(port_id=port_id, status=nic.status)
            actions.begin(session, req.ctx, server_id, "detach_interface")
            self._tasks.add(session, DetachPort(
                server_id=server_id, port_id=nic.port_id), req.ctx)
        self._tasks.wake()


def _check_ready(req: wsgi.Request, server: Server, action: str) -> None:
    check_unlocked(req, server)
    if server.vm_state not in _READY or server.task_state is not None:
        raise wrong_state(server, action, _READY)


def _nic(server: Server, port_id: str) -> Nic:
    for nic in server.nics:
        if nic.port_id == port_id:
            return nic
    raise NotFound()


def _view(req: wsgi.Request, nic: Nic) -> View:
    view: View = {
        "net_id": nic.network_id, "port_id": nic.port_id,
        "mac_addr": nic.mac, "fixed_ips": nic.fixed_ips,
        "port_state": "ACTIVE" if nic.plugged else "DOWN"}
    if minor(req) >= 70:
        view["tag"] = nic.tag
    return view
