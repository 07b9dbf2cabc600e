"""Resource providers, their inventories and what is used of them."""

from typing import Any

from common import db, wsgi
from compute.db.api import placement as queries
from compute.db.api.models import Inventory, ResourceProvider
from compute.policies import placement as policies
from compute.schemas import placement as schemas

View = dict[str, Any]

_FIELDS = ("total", "reserved", "min_unit", "max_unit", "step_size",
           "allocation_ratio")


class Providers:
    """Handlers of /resource_providers."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        one = "/resource_providers/{provider_id}"
        return [
            ("GET", "/resource_providers", self.index),
            ("POST", "/resource_providers", self.create),
            ("GET", one, self.show), ("DELETE", one, self.delete),
            ("GET", one + "/inventories", self.inventories),
            ("PUT", one + "/inventories", self.set_inventories),
            ("GET", one + "/usages", self.usages),
            ("GET", one + "/allocations", self.allocations),
        ]

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> View:
        req.authorize(policies.READ)
        with self._db.reader() as session:
            found = queries.providers(
                session, name=req.GET.get("name"),
                provider_id=req.GET.get("uuid"))
        return {"resource_providers": [_view(row) for row in found]}

    @wsgi.handler(body=schemas.PROVIDER)
    def create(self, req: wsgi.Request) -> wsgi.Response:
        req.authorize(policies.WRITE)
        with self._db.writer() as session:
            made = queries.create(
                session, req.json.get("uuid") or db.new_id(),
                req.json["name"])
        return wsgi.Response(status=201, headers={
            "Location": f"/resource_providers/{made.id}"})

    @wsgi.handler()
    def show(self, req: wsgi.Request, provider_id: str) -> View:
        req.authorize(policies.READ)
        with self._db.reader() as session:
            return _view(queries.get(session, provider_id))

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, provider_id: str) -> None:
        req.authorize(policies.WRITE)
        with self._db.writer() as session:
            queries.delete(session, provider_id)

    @wsgi.handler()
    def inventories(self, req: wsgi.Request, provider_id: str) -> View:
        req.authorize(policies.READ)
        with self._db.reader() as session:
            provider = queries.get(session, provider_id)
            found = queries.inventories(session, provider_id)
        return _inventories(provider.generation, found.values())

    @wsgi.handler(body=schemas.INVENTORIES)
    def set_inventories(self, req: wsgi.Request, provider_id: str) -> View:
        """Replace all inventories, if the generation is the present one."""
        req.authorize(policies.WRITE)
        wanted = [Inventory(resource_class=name, **_DEFAULTS | values)
                  for name, values in req.json["inventories"].items()]
        with self._db.writer() as session:
            queries.get(session, provider_id)
            generation = queries.set_inventories(
                session, provider_id, wanted,
                req.json["resource_provider_generation"])
            found = queries.inventories(session, provider_id)
        return _inventories(generation, found.values())

    @wsgi.handler()
    def usages(self, req: wsgi.Request, provider_id: str) -> View:
        req.authorize(policies.READ)
        with self._db.reader() as session:
            provider = queries.get(session, provider_id)
            used = queries.usages(session, provider_id)
        return {"resource_provider_generation": provider.generation,
                "usages": used}

    @wsgi.handler()
    def allocations(self, req: wsgi.Request, provider_id: str) -> View:
        req.authorize(policies.READ)
        with self._db.reader() as session:
            provider = queries.get(session, provider_id)
            found = queries.allocations_of_provider(session, provider_id)
        holders: dict[str, View] = {}
        for row in found:
            holders.setdefault(row.consumer_id, {"resources": {}})[
                "resources"][row.resource_class] = row.used
        return {"resource_provider_generation": provider.generation,
                "allocations": holders}


_DEFAULTS = {"reserved": 0, "min_unit": 1, "max_unit": 2147483647,
             "step_size": 1, "allocation_ratio": 1.0}


def _view(row: ResourceProvider) -> View:
    path = f"/resource_providers/{row.id}"
    return {"uuid": row.id, "name": row.name, "generation": row.generation,
            "links": [{"rel": "self", "href": path}, *[
                {"rel": part, "href": f"{path}/{part}"}
                for part in ("inventories", "usages")]]}


def _inventories(generation: int, found: Any) -> View:
    return {"resource_provider_generation": generation, "inventories": {
        row.resource_class: {name: getattr(row, name) for name in _FIELDS}
        for row in found}}
