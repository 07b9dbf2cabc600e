"""Ports of servers: /servers/{id}/os-interface."""

from typing import Any

from oslo_config import cfg

from common import clients, db, task, wsgi
from common.exceptions import BadRequest, NotFound
from compute import nets, networking, states
from compute.api.native.common import ANY, body, find_server, minor
from compute.api.native.server_actions import check_unlocked, wrong_state
from compute.db.cell import actions, nics
from compute.db.cell.models import Nic, Server
from compute.policies import servers as policies
from compute.schemas import servers as schemas
from compute.tasks.attach_port import AttachPort, DetachPort

View = dict[str, Any]

_READY = (states.ACTIVE, states.PAUSED, states.STOPPED)


class Interfaces:
    """Handlers of the ports of a server."""

    def __init__(self, conf: cfg.ConfigOpts, cell: db.Database,
                 tasks: task.Runner, rest: clients.Clients) -> None:
        self._conf = conf
        self._cell = cell
        self._tasks = tasks
        self._rest = rest

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
        """Bind the port, answer, and let a task plug it."""
        asked = body(req, schemas.attach_port).get(
            "interfaceAttachment", {})
        with self._cell.reader() as session:
            server = find_server(
                req, session, server_id, policies.PORTS_CREATE)
        _check_ready(req, server, "attach_interface")
        wanted = self._wanted(req, server, asked)
        rest = networking.Networking(self._rest.network)
        nic = self._bind(rest, server, wanted)
        try:
            self._write(req, nic)
        except Exception:
            _unbind(rest, nic)
            raise
        self._tasks.wake()
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

    def _bind(self, rest: networking.Networking, server: Server,
              wanted: View) -> Nic:
        made, owned = networking.bind_one(
            rest, server, wanted, str(server.host),
            server.availability_zone or self._conf.compute.availability_zone)
        nic = networking.describe(
            rest, [(made, owned)], [wanted.get("tag")])[0]
        nic.server_id = server.id
        nic.plugged = False
        return nic

    def _write(self, req: wsgi.Request, nic: Nic) -> None:
        with self._cell.writer() as session:
            nics.append(session, nic)
            actions.begin(session, req.ctx, nic.server_id,
                          "attach_interface")
            self._tasks.add(session, AttachPort(
                server_id=nic.server_id, port_id=nic.port_id), req.ctx)

    @wsgi.handler(status=202)
    def detach(self, req: wsgi.Request, server_id: str,
               port_id: str) -> None:
        with self._cell.writer() as session:
            server = find_server(
                req, session, server_id, policies.PORTS_DELETE)
            _check_ready(req, server, "detach_interface")
            nic = _nic(server, port_id)
            actions.begin(session, req.ctx, server_id, "detach_interface")
            self._tasks.add(session, DetachPort(
                server_id=server_id, port_id=nic.port_id), req.ctx)
        self._tasks.wake()


def _unbind(rest: networking.Networking, nic: Nic) -> None:
    if nic.owned:
        rest.delete_port(nic.port_id)
    else:
        rest.release_port(nic.port_id)


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
