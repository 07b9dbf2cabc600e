"""What was done with a server: /servers/{id}/os-instance-actions."""

import hashlib
from typing import Any

from common import db, paging, wsgi
from common.exceptions import NotFound
from compute.api.native.common import micro, minor
from compute.api.native.server_filters import moment
from compute.db.cell import actions as queries
from compute.db.cell import servers
from compute.db.cell.models import Action, ActionEvent, Server
from compute.exceptions import ServerNotFound
from compute.policies import servers as policies

View = dict[str, Any]


class InstanceActions:
    """Handlers of a server's actions; of deleted ones too, from 2.21."""

    def __init__(self, cell: db.Database) -> None:
        self._cell = cell

    def routes(self) -> list[wsgi.Route]:
        many = "/servers/{server_id}/os-instance-actions"
        return [("GET", many, self.index),
                ("GET", many + "/{request_id}", self.show)]

    @wsgi.handler()
    def index(self, req: wsgi.Request, server_id: str) -> View:
        version = minor(req)
        page = _page(req) if version >= 58 else paging.Page(
            1000, None, [(Action.started_at, "desc")])
        statement = queries.query(server_id)
        if version >= 58 and "changes-since" in req.GET:
            statement = statement.where(Action.started_at >= moment(
                "changes-since", req.GET["changes-since"]))
        if version >= 66 and "changes-before" in req.GET:
            statement = statement.where(Action.started_at <= moment(
                "changes-before", req.GET["changes-before"]))
        with self._cell.reader() as session:
            self._find(req, session, server_id, policies.ACTIONS)
            found = session.scalars(page.apply(
                session, statement,
                Action.request_id if version >= 58 else Action.id)).all()
        answer: View = {"instanceActions": [
            _view(row, version) for row in found]}
        link = page.next_link(req, [_Marked(row) for row in found])
        if link and version >= 58:
            answer["links"] = [{"rel": "next", "href": link}]
        return answer

    @wsgi.handler()
    def show(self, req: wsgi.Request, server_id: str,
             request_id: str) -> View:
        version = minor(req)
        with self._cell.reader() as session:
            server = self._find(
                req, session, server_id, policies.ACTION_SHOW)
            found = queries.find(session, server_id, request_id)
        if found is None:
            raise NotFound()
        view = _view(found, version)
        admin = req.allowed(policies.ACTION_EVENTS)
        if version >= 51 or admin:
            view["events"] = [
                _event(req, row, server, version, admin=admin)
                for row in found.events]
        return {"instanceAction": view}

    def _find(self, req: wsgi.Request, session: Any, server_id: str,
              rule: str) -> Server:
        server = servers.find(session, server_id)
        if server is None or server.deleted and minor(req) < 21:
            raise ServerNotFound(server_id=server_id)
        target = {"project_id": server.project_id}
        req.authorize(rule, target,
                      hide=ServerNotFound(server_id=server_id))
        return server


def _page(req: wsgi.Request) -> paging.Page:
    return paging.parse(req, {"created_at": Action.started_at},
                        default="created_at:desc")


def _view(row: Action, version: int) -> View:
    view: View = {
        "action": row.action, "instance_uuid": row.server_id,
        "request_id": row.request_id, "user_id": row.user_id,
        "project_id": row.project_id, "message": row.message,
        "start_time": micro(row.started_at)}
    if version >= 58:
        view["updated_at"] = micro(row.updated_at or row.started_at)
    return view


def _event(req: wsgi.Request, row: ActionEvent, server: Server,
           version: int, *, admin: bool) -> View:
    view: View = {
        "event": row.event, "start_time": micro(row.started_at),
        "finish_time": micro(row.finished_at), "result": row.result}
    if version < 51 or admin:
        view["traceback"] = None
    if version >= 62:
        view["hostId"] = hashlib.sha224(
            f"{server.project_id}{row.host}".encode()
        ).hexdigest() if row.host else ""
        if admin:
            view["host"] = row.host
    if version >= 84 and req.allowed(policies.ACTION_DETAILS):
        view["details"] = row.details
    return view


class _Marked:
    """Gives a page link the request's id, which is the marker."""

    def __init__(self, row: Action) -> None:
        self.id = row.request_id
