"""What the resources of the native API share."""

import datetime
import functools
from collections.abc import Callable
from typing import Any

from sqlalchemy import orm

from common import exceptions, schema, wsgi
from compute.db.cell import servers
from compute.db.cell.models import Server
from compute.exceptions import ServerNotFound
from compute.policies import servers as policies

#: Any JSON; the handler checks it against the schema of its version.
ANY: schema.Schema = {"type": "object"}


def minor(req: wsgi.Request) -> int:
    """Return the second number of the microversion: 19 for 2.19."""
    return int(req.api_version[1])


def body(req: wsgi.Request, schema_of: Callable[[int], schema.Schema]
         ) -> Any:
    """Return the body, checked as the version of the request wants."""
    return schema.validate(req.json, schema_of(minor(req)))


def iso(moment: datetime.datetime | None) -> str | None:
    """Return 2026-01-02T03:04:05Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def micro(moment: datetime.datetime | None) -> str | None:
    """Return 2026-01-02T03:04:05.000000, as a few members have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") if moment else None


class Links:
    """Addresses of resources, in the form in which the sender asked."""

    def __init__(self, req: wsgi.Request) -> None:
        self._req = req
        project = f"/{req.ctx.project_id}"
        inside = req.path.startswith(f"/v2.1{project}/")
        self._prefix = project if inside else ""

    def href(self, kind: str, key: str) -> str:
        return self._req.public_url(f"/v2.1{self._prefix}/{kind}/{key}")

    def bookmark(self, kind: str, key: str) -> dict[str, str]:
        return {"rel": "bookmark", "href": self._req.public_url(
            f"{self._prefix}/{kind}/{key}")}

    def both(self, kind: str, key: str) -> list[dict[str, str]]:
        return [{"rel": "self", "href": self.href(kind, key)},
                self.bookmark(kind, key)]


def find_server(req: wsgi.Request, session: orm.Session, server_id: str,
                rule: str) -> Server:
    """Return the server if the sender may do ``rule`` with it.

    :raises ServerNotFound: there is none, or none that they may see
    """
    server = servers.get(session, server_id)
    target = {"project_id": server.project_id, "user_id": server.user_id}
    if not req.allowed(policies.SHOW, target):
        raise ServerNotFound(server_id=server_id)
    req.authorize(rule, target)
    return server


def with_project(table: list[wsgi.Route]) -> list[wsgi.Route]:
    """Return the routes below /v2.1 and below /v2.1/{project_id}."""
    return [*wsgi.mounted(["/v2.1"], table),
            *wsgi.mounted(["/v2.1/{project_id}"], [
                (method, path, _in_project(action))
                for method, path, action in table])]


def _in_project(action: wsgi.Handler) -> wsgi.Handler:
    @functools.wraps(action)
    def handle(req: wsgi.Request, project_id: str, **path: str) -> Any:
        if project_id != req.ctx.project_id:
            raise exceptions.BadRequest(
                reason="Malformed request URL: URL's project_id "
                       f"'{project_id[:64]}' doesn't match Context's "
                       f"project_id '{req.ctx.project_id}'")
        return action(req, **path)
    return handle
