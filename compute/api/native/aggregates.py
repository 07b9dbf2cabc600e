"""Groups of hosts: /os-aggregates."""

from typing import Any

from oslo_config import cfg

from common import db, schema, wsgi
from common.exceptions import BadRequest
from compute.api.native.common import ANY, micro, minor
from compute.db.api import aggregates as queries
from compute.db.api.models import Aggregate
from compute.db.cell import hosts
from compute.exceptions import ComputeHostNotFound
from compute.policies import aggregates as policies
from compute.schemas import aggregates as schemas

View = dict[str, Any]
_ZONE = "availability_zone"


class Aggregates:
    """Handlers of groups of hosts.

    They name hosts, and place no servers yet; all hosts are in one zone.
    """

    def __init__(self, conf: cfg.ConfigOpts, api: db.Database,
                 cell: db.Database) -> None:
        self._zone = conf.compute.availability_zone
        self._api = api
        self._cell = cell

    def routes(self) -> list[wsgi.Route]:
        one = "/os-aggregates/{aggregate_id}"
        return [
            ("GET", "/os-aggregates", self.index),
            ("POST", "/os-aggregates", self.create),
            ("GET", one, self.show), ("PUT", one, self.update),
            ("DELETE", one, self.delete),
            ("POST", one + "/action", self.act)]

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> View:
        req.authorize(policies.READ)
        with self._api.reader() as session:
            return {"aggregates": [
                _view(req, row) for row in queries.every(session)]}

    @wsgi.handler()
    def show(self, req: wsgi.Request, aggregate_id: str) -> View:
        req.authorize(policies.READ)
        with self._api.reader() as session:
            return {"aggregate": _view(
                req, queries.get(session, aggregate_id))}

    @wsgi.handler(body=schemas.CREATE)
    def create(self, req: wsgi.Request) -> View:
        req.authorize(policies.WRITE)
        asked = req.json["aggregate"]
        zone = self._checked(asked.get(_ZONE))
        with self._api.writer() as session:
            made = queries.create(
                session, asked["name"], {_ZONE: zone} if zone else {})
            return {"aggregate": _view(req, made)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, aggregate_id: str) -> View:
        req.authorize(policies.WRITE)
        asked = req.json["aggregate"]
        with self._api.writer() as session:
            found = queries.get(session, aggregate_id)
            if _ZONE in asked:
                queries.set_meta(found, {_ZONE: self._checked(asked[_ZONE])})
            queries.rename(session, found, asked.get("name", found.name))
            return {"aggregate": _view(req, found)}

    @wsgi.handler()
    def delete(self, req: wsgi.Request, aggregate_id: str) -> wsgi.Response:
        req.authorize(policies.WRITE)
        with self._api.writer() as session:
            queries.delete(session, queries.get(session, aggregate_id))
        return wsgi.Response(status=200)

    @wsgi.handler(body=ANY)
    def act(self, req: wsgi.Request, aggregate_id: str) -> View:
        """Add or remove a host, or set metadata."""
        req.authorize(policies.WRITE)
        name: str
        value: Any
        name, value = next(iter(req.json.items()), ("", None))
        known = {"add_host": _add_host, "remove_host": _remove_host,
                 "set_metadata": self._set_metadata}
        if name not in known or len(req.json) != 1:
            raise BadRequest(reason="body: must have exactly one member of "
                                    f"{', '.join(sorted(known))}")
        schema.validate(value, schemas.METADATA if name == "set_metadata"
                        else schemas.HOST, f"body.{name}")
        if name == "add_host":
            self._check_host(value["host"])
        with self._api.writer() as session:
            found = queries.get(session, aggregate_id)
            known[name](session, found, value)
            session.flush()
            return {"aggregate": _view(req, found)}

    def _check_host(self, host: str) -> None:
        with self._cell.reader() as session:
            if hosts.agent_of(session, host) is None:
                raise ComputeHostNotFound(host=host)

    def _set_metadata(self, session: Any, found: Aggregate,
                      value: View) -> None:
        self._checked(value["metadata"].get(_ZONE))
        queries.set_meta(found, value["metadata"])

    def _checked(self, zone: str | None) -> str | None:
        if zone not in (None, self._zone):
            raise BadRequest(
                reason=f"availability_zone: the only one is {self._zone}")
        return zone


def _add_host(session: Any, found: Aggregate, value: View) -> None:
    queries.add_host(session, found, value["host"])


def _remove_host(session: Any, found: Aggregate, value: View) -> None:
    queries.remove_host(session, found, value["host"])


def _view(req: wsgi.Request, row: Aggregate) -> View:
    view: View = {
        "id": row.id, "name": row.name, _ZONE: row.meta.get(_ZONE),
        "hosts": [each.host for each in row.hosts], "metadata": row.meta,
        "created_at": micro(row.created_at),
        "updated_at": micro(row.updated_at),
        "deleted": False, "deleted_at": None}
    return view | {"uuid": row.uuid} if minor(req) >= 41 else view
