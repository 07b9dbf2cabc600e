"""Flavors and their extra specs."""

import uuid
from typing import Any

from common import db, paging, schema, wsgi
from common.exceptions import BadRequest, Conflict
from compute.api.native.common import ANY, Links, body, minor
from compute.db.api import flavors as queries
from compute.db.api.models import Flavor
from compute.exceptions import ExtraSpecNotFound
from compute.policies import flavors as policies
from compute.schemas import flavors as schemas

View = dict[str, Any]

_SORT_KEYS = {
    "flavorid": Flavor.flavor_id, "name": Flavor.name,
    "memory_mb": Flavor.ram_mib, "root_gb": Flavor.disk_gib,
    "vcpus": Flavor.vcpus, "created_at": Flavor.created_at,
    "swap": Flavor.swap_mib, "ephemeral_gb": Flavor.ephemeral_gib,
    "is_public": Flavor.is_public, "rxtx_factor": Flavor.rxtx_factor,
    "id": Flavor.id}


class Flavors:
    """Handlers of /flavors."""

    def __init__(self, api: db.Database) -> None:
        self._db = api

    def routes(self) -> list[wsgi.Route]:
        one = "/flavors/{flavor_id}"
        specs = one + "/os-extra_specs"
        return [
            ("POST", "/flavors", self.create),
            ("GET", "/flavors", self.index),
            ("GET", "/flavors/detail", self.detail),
            ("GET", one, self.show), ("PUT", one, self.update),
            ("DELETE", one, self.delete),
            ("GET", one + "/os-flavor-access", self.access),
            ("GET", specs, self.list_specs),
            ("POST", specs, self.set_specs),
            ("GET", specs + "/{key}", self.show_spec),
            ("PUT", specs + "/{key}", self.set_spec),
            ("DELETE", specs + "/{key}", self.delete_spec),
        ]

    @wsgi.handler(query=schemas.QUERY)
    def index(self, req: wsgi.Request) -> View:
        found, page = self._list(req)
        return _page(req, found, [_brief(req, row) for row in found], page)

    @wsgi.handler(query=schemas.QUERY)
    def detail(self, req: wsgi.Request) -> View:
        found, page = self._list(req)
        return _page(req, found, [view(req, row) for row in found], page)

    def _list(self, req: wsgi.Request) -> tuple[Any, paging.Page]:
        req.authorize(policies.LIST)
        everything = req.allowed(policies.ALL)
        statement = queries.query(
            project_id=None if everything else req.ctx.project_id,
            is_public=_public(req) if everything else None,
            min_ram_mib=_number(req, "minRam"),
            min_disk_gib=_number(req, "minDisk"))
        page = paging.parse(req, _SORT_KEYS, default="flavorid:asc")
        with self._db.reader() as session:
            # Markers are flavors' public ids.
            return session.scalars(page.apply(
                session, statement, Flavor.flavor_id)).all(), page

    @wsgi.handler()
    def show(self, req: wsgi.Request, flavor_id: str) -> View:
        req.authorize(policies.SHOW)
        return {"flavor": view(req, self._get(req, flavor_id))}

    def _get(self, req: wsgi.Request, flavor_id: str) -> Flavor:
        whose = None if req.allowed(policies.ALL) else req.ctx.project_id
        with self._db.reader() as session:
            return queries.get(session, flavor_id, whose)

    @wsgi.handler(body=ANY)
    def create(self, req: wsgi.Request) -> View:
        req.authorize(policies.CREATE)
        asked = body(req, schemas.create)["flavor"]
        given = asked.get("id")
        key = str(uuid.uuid4()) if given in (None, "auto") else str(given)
        with self._db.writer() as session:
            made = queries.create(session, Flavor(
                flavor_id=key, name=asked["name"].strip(),
                vcpus=int(asked["vcpus"]), ram_mib=int(asked["ram"]),
                disk_gib=int(asked["disk"]),
                ephemeral_gib=int(asked.get(
                    "OS-FLV-EXT-DATA:ephemeral", 0)),
                swap_mib=int(asked.get("swap", 0)),
                rxtx_factor=float(asked.get("rxtx_factor", 1)),
                is_public=schema.is_true(
                    asked.get("os-flavor-access:is_public", True)),
                description=asked.get("description"), specs=[]))
        return {"flavor": view(req, made)}

    @wsgi.handler(body=schemas.UPDATE, versions=("2.55", None))
    def update(self, req: wsgi.Request, flavor_id: str) -> View:
        req.authorize(policies.UPDATE)
        with self._db.writer() as session:
            flavor = queries.get(session, flavor_id)
            flavor.description = req.json["flavor"]["description"]
        return {"flavor": view(req, flavor)}

    @wsgi.handler(status=202)
    def delete(self, req: wsgi.Request, flavor_id: str) -> None:
        req.authorize(policies.DELETE)
        with self._db.writer() as session:
            queries.delete(session, flavor_id)

    @wsgi.handler()
    def access(self, req: wsgi.Request, flavor_id: str) -> View:
        req.authorize(policies.ACCESS)
        with self._db.reader() as session:
            flavor = queries.get(session, flavor_id)
            if flavor.is_public:
                raise Conflict()
            found = queries.access(session, flavor)
        return {"flavor_access": [
            {"flavor_id": flavor_id, "tenant_id": project}
            for project in found]}

    @wsgi.handler()
    def list_specs(self, req: wsgi.Request, flavor_id: str) -> View:
        req.authorize(policies.SPECS_READ)
        return {"extra_specs": self._get(req, flavor_id).extra_specs}

    @wsgi.handler()
    def show_spec(self, req: wsgi.Request, flavor_id: str,
                  key: str) -> View:
        req.authorize(policies.SPECS_READ)
        specs = self._get(req, flavor_id).extra_specs
        if key not in specs:
            raise ExtraSpecNotFound(flavor_id=flavor_id, key=key)
        return {key: specs[key]}

    @wsgi.handler(body=schemas.SPECS)
    def set_specs(self, req: wsgi.Request, flavor_id: str) -> View:
        req.authorize(policies.SPECS_WRITE)
        specs = req.json["extra_specs"]
        self._write(flavor_id, specs)
        return {"extra_specs": {k: str(v) for k, v in specs.items()}}

    @wsgi.handler(body=schemas.SPEC)
    def set_spec(self, req: wsgi.Request, flavor_id: str,
                 key: str) -> View:
        req.authorize(policies.SPECS_WRITE)
        if key not in req.json:
            raise BadRequest(
                reason=f"body: must have the member {key[:64]!r}")
        self._write(flavor_id, req.json)
        return {key: str(req.json[key])}

    def _write(self, flavor_id: str, specs: dict[str, Any]) -> None:
        with self._db.writer() as session:
            flavor = queries.get(session, flavor_id)
            queries.set_specs(session, flavor, {
                name: str(value) for name, value in specs.items()})

    @wsgi.handler()
    def delete_spec(self, req: wsgi.Request, flavor_id: str,
                    key: str) -> None:
        req.authorize(policies.SPECS_WRITE)
        with self._db.writer() as session:
            flavor = queries.get(session, flavor_id)
            if not queries.delete_spec(session, flavor, key):
                raise ExtraSpecNotFound(flavor_id=flavor_id, key=key)


def _brief(req: wsgi.Request, flavor: Flavor) -> View:
    shown: View = {"id": flavor.flavor_id, "name": flavor.name,
                   "links": Links(req).both("flavors", flavor.flavor_id)}
    if minor(req) >= 55:
        shown["description"] = flavor.description
    return shown


def view(req: wsgi.Request, flavor: Flavor) -> View:
    """Return all of a flavor."""
    version = minor(req)
    shown: View = {
        **_brief(req, flavor), "ram": flavor.ram_mib,
        "disk": flavor.disk_gib, "vcpus": flavor.vcpus,
        "swap": flavor.swap_mib or (0 if version >= 75 else ""),
        "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral_gib,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": flavor.is_public,
        "rxtx_factor": flavor.rxtx_factor}
    if version >= 61 and req.allowed(policies.SPECS_READ):
        shown["extra_specs"] = flavor.extra_specs
    return shown


def _page(req: wsgi.Request, found: Any, views: list[View],
          page: paging.Page) -> View:
    answer: View = {"flavors": views}
    rows = [_Marked(row.flavor_id) for row in found]
    link = page.next_link(req, rows)
    if link:
        answer["flavors_links"] = [{"rel": "next", "href": link}]
    return answer


class _Marked:
    """Gives a page link the flavor's public id."""

    def __init__(self, flavor_id: str) -> None:
        self.id = flavor_id


def _public(req: wsgi.Request) -> bool | None:
    text = req.GET.get("is_public")
    if text is None:
        return True
    if text.lower() == "none":
        return None
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "t",
                            "f", "y", "n", "on", "off"):
        raise BadRequest(
            reason=f"Invalid is_public filter [{text[:32]}]")
    return schema.is_true(text)


def _number(req: wsgi.Request, name: str) -> int:
    text = req.GET.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest(reason=f"Invalid {name} filter [{text[:32]}]")
    return int(text)
