"""Servers: create, list, show, change, delete."""

from typing import Any

from oslo_config import cfg

from common import db, events, paging, schema, task, wsgi
from common.exceptions import BadRequest
from compute import creation, exceptions, states
from compute.api.native import server_body, server_filters, server_views
from compute.api.native.common import ANY, Links, body, find_server, minor
from compute.db.cell import actions, hosts
from compute.db.cell import servers as queries
from compute.db.cell.models import Event, Server
from compute.policies import servers as policies
from compute.schemas import servers as schemas
from compute.tasks.delete_server import DeleteServer

View = dict[str, Any]


class Servers:
    """Handlers of /servers."""

    def __init__(self, conf: cfg.ConfigOpts, cell: db.Database,
                 tasks: task.Runner, creator: creation.Creator,
                 reader: server_body.Reader) -> None:
        self._conf = conf
        self._cell = cell
        self._tasks = tasks
        self._creator = creator
        self._reader = reader

    def routes(self) -> list[wsgi.Route]:
        return [
            ("POST", "/servers", self.create),
            ("GET", "/servers", self.index),
            ("GET", "/servers/detail", self.detail),
            ("GET", "/servers/{server_id}", self.show),
            ("PUT", "/servers/{server_id}", self.update),
            ("DELETE", "/servers/{server_id}", self.delete),
        ]

    @wsgi.handler(body=ANY, status=202)
    def create(self, req: wsgi.Request) -> View | wsgi.Response:
        """Check all that can be checked, write it down, answer."""
        req.authorize(policies.CREATE)
        asked = body(req, schemas.create)
        wanted = self._reader.read(req, asked)
        made = self._creator.create(req.ctx, wanted)
        return self._created(req, asked["server"], made)

    def _created(self, req: wsgi.Request, asked: View,
                 made: list[Server]) -> View | wsgi.Response:
        if schema.is_true(asked.get("return_reservation_id")):
            return {"reservation_id": made[0].reservation_id}
        names = [row["name"] for row in asked.get("security_groups", [])]
        server = made[0]
        view = {
            "id": server.id, "links": Links(req).both("servers", server.id),
            "OS-DCF:diskConfig": server.disk_config,
            "adminPass": server_body.password(asked),
            "security_groups": [
                {"name": name}
                for name in dict.fromkeys(names or ["default"])]}
        response = wsgi.Response(json_body={"server": view}, status=202,
                                 charset="UTF-8")
        response.headers["Location"] = Links(req).href("servers", server.id)
        return response

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> View:
        req.authorize(policies.LIST)
        found, page = self._list(req)
        return server_views.page(
            req, found, [server_views.brief(req, row) for row in found],
            page)

    @wsgi.handler()
    def detail(self, req: wsgi.Request) -> View:
        req.authorize(policies.DETAIL)
        found, page = self._list(req)
        about = self._hosts(req)
        return server_views.page(
            req, found,
            [server_views.detail(req, row, about) for row in found], page)

    def _list(self, req: wsgi.Request) -> tuple[Any, paging.Page]:
        version = minor(req)
        params = _params(req, version)
        page = paging.parse(
            req, server_filters.SORT_KEYS, default="created_at:desc")
        statement = server_filters.statement(
            params, version, admin=req.allowed(policies.ALL_FILTERS),
            project_id=_whose(req, params))
        with self._cell.reader() as session:
            return session.scalars(page.apply(
                session, statement, Server.id)).all(), page

    def _hosts(self, req: wsgi.Request) -> server_views.Hosts:
        """Return what the sender may know of hosts, in one query."""
        zone = self._conf.compute.availability_zone
        if minor(req) < 16 or not req.allowed(policies.HOST_STATUS):
            return server_views.Hosts({}, zone)
        with self._cell.reader() as session:
            rows = hosts.services(session, binary=hosts.COMPUTE)
        now, limit = db.utcnow(), self._conf.compute.down_after
        return server_views.Hosts({
            row.host: "MAINTENANCE" if row.disabled else
            "UP" if hosts.is_up(row, now=now, down_after_s=limit)
            else "DOWN" for row in rows}, zone)

    @wsgi.handler()
    def show(self, req: wsgi.Request, server_id: str) -> View:
        with self._cell.reader() as session:
            server = find_server(req, session, server_id, policies.SHOW)
        return {"server": server_views.detail(
            req, server, self._hosts(req), single=True)}

    @wsgi.handler(body=ANY)
    def update(self, req: wsgi.Request, server_id: str) -> View:
        """Change what is no state; the generation stays."""
        asked = body(req, schemas.update)["server"]
        creation.check_address(asked.get("accessIPv4"), 4, "accessIPv4")
        creation.check_address(asked.get("accessIPv6"), 6, "accessIPv6")
        values = {_COLUMNS[name]: value for name, value in asked.items()}
        with self._cell.writer() as session:
            find_server(req, session, server_id, policies.UPDATE)
            queries.update(session, server_id, values)
            server = queries.get(session, server_id)
        if minor(req) >= 75:
            return {"server": server_views.detail(
                req, server, self._hosts(req), single=True)}
        view = server_views.basic(req, server, short_addresses=True)
        if minor(req) >= 71:
            view["server_groups"] = []
        return {"server": view}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, server_id: str) -> None:
        """Begin the deletion; it wins over all that is going on."""
        with self._cell.writer() as session:
            server = find_server(req, session, server_id, policies.DELETE)
            if server.task_state == states.DELETING:
                return
            if server.locked_by and "admin" not in req.ctx.roles:
                raise exceptions.ServerLocked(server_id=server_id)
            begun = queries.change(
                session, server_id, generation=server.generation,
                values={"task_state": states.DELETING})
            if begun is None:
                raise db.Retryable()
            actions.begin(session, req.ctx, server_id, "delete")
            events.add(session, Event, kind="server.delete.start",
                       resource_id=server_id, project_id=server.project_id)
            self._tasks.cancel(session, server_id)
            self._tasks.add(session, DeleteServer(server_id=server_id),
                            req.ctx)
        self._tasks.wake()


_COLUMNS = {"name": "name", "description": "description",
            "hostname": "hostname", "OS-DCF:diskConfig": "disk_config",
            "accessIPv4": "access_ip_v4", "accessIPv6": "access_ip_v6"}


def _params(req: wsgi.Request, version: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in req.GET.items():
        found.setdefault(name, []).append(value)
    schema.validate(found, schemas.query(version), "query")
    return found


def _whose(req: wsgi.Request,
           params: dict[str, list[str]]) -> str | None:
    """Return the project whose servers are listed; None for all.

    Who may not see others' gets their own, whatever they ask for.
    """
    named = params.get("project_id") or params.get("tenant_id")
    wanted = named[-1] if named else None
    everybody = "all_tenants" in params and _truth(params["all_tenants"][-1])
    if everybody:
        req.authorize(policies.ALL_PROJECTS)
        return wanted
    return req.ctx.project_id


def _truth(value: str) -> bool:
    if value == "":
        return True
    if value.lower() not in ("true", "false", "1", "0", "t", "f", "yes",
                             "no", "on", "off", "y", "n"):
        raise BadRequest(reason=f"all_tenants: {value[:32]!r} is not true "
                                "or false")
    return schema.is_true(value)
