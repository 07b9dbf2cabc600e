"""The /regions, /services and /endpoints resources."""

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import exceptions, wsgi
from identity.api import base
from identity.catalog import unknown_marks
from identity.db import catalog
from identity.db.models import Endpoint, Region, Service
from identity.exceptions import Duplicate, NotAllowed
from identity.policies import catalog as policies
from identity.schemas import catalog as schemas


class Regions(base.Collection):
    """Handlers of /regions."""

    about = policies.REGIONS
    model = Region

    def routes(self) -> list[wsgi.Route]:
        return [*super().routes(),
                ("PUT", self.about.one, self.create_named)]

    def select(self, query: Mapping[str, Any]) -> sa.Select[Any]:
        parent_id = query.get("parent_region_id")
        if parent_id is None:
            return sa.select(Region)
        return sa.select(Region).where(Region.parent_id == parent_id)

    @wsgi.handler(body=schemas.CREATE_REGION, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(self.about.create, {})
        return self._create(req, req.json["region"])

    @wsgi.handler(body=schemas.CREATE_REGION, status=201)
    def create_named(self, req: wsgi.Request,
                     region_id: str) -> dict[str, Any]:
        """Create a region with the id that the path says."""
        req.authorize(self.about.create, {})
        body = req.json["region"]
        if body.get("id", region_id) != region_id:
            raise exceptions.BadRequest(
                reason=f"body.region.id: is not {region_id}, as in the path")
        return self._create(req, body | {"id": region_id})

    def _create(self, req: wsgi.Request,
                body: dict[str, Any]) -> dict[str, Any]:
        region_id = body.get("id") or uuid.uuid4().hex
        with self._db.writer() as session:
            if session.get(Region, region_id):
                raise Duplicate(
                    kind="region", reason=f"id {region_id} is in use")
            _check_region(session, body.get("parent_region_id"))
            region = catalog.add(session, Region(
                id=region_id, description=body.get("description") or "",
                parent_id=body.get("parent_region_id")))
        return self.shown(req, region)

    @wsgi.handler(body=schemas.UPDATE_REGION)
    def update(self, req: wsgi.Request, region_id: str) -> dict[str, Any]:
        req.authorize(self.about.update, {})
        body = req.json["region"]
        if body.get("id", region_id) != region_id:
            raise exceptions.BadRequest(
                reason="body.region.id: cannot be changed")
        with self._db.writer() as session:
            region = catalog.get_region(session, region_id)
            values: dict[str, Any] = {}
            if "description" in body:
                values["description"] = body["description"] or ""
            if "parent_region_id" in body:
                values["parent_id"] = body["parent_region_id"]
                _check_parent(session, region_id, values["parent_id"])
            catalog.update(session, region, values)
        return self.shown(req, region)

    def remove(self, session: orm.Session, row: Region) -> None:
        """Delete the region and those below it, if no endpoint is there."""
        if catalog.region_is_used(session, row.id):
            raise NotAllowed(
                reason=f"Region {row.id} or one below it has endpoints.")
        catalog.delete_region(session, row)

    def view(self, req: wsgi.Request, row: Region) -> dict[str, Any]:
        return {"id": row.id, "description": row.description,
                "parent_region_id": row.parent_id,
                "links": base.self_link(req, "regions", row.id)}


def refuse_unknown(session: Any, body: dict[str, Any],
                   place: str) -> None:
    """Raise BadRequest if the region or service of ``body`` is not there.

    :param place: of ``body`` in the request's, for the message
    """
    for name, model in (("region_id", Region), ("service_id", Service)):
        value = body.get(name)
        if value is not None and session.get(model, value) is None:
            raise exceptions.BadRequest(
                reason=f"body.{place}.{name}: there is no {value}")


def _check_region(session: Any, region_id: str | None) -> None:
    if region_id is not None and session.get(Region, region_id) is None:
        raise exceptions.BadRequest(
            reason=f"body.region.parent_region_id: there is no {region_id}")


def _check_parent(session: Any, region_id: str,
                  parent_id: str | None) -> None:
    _check_region(session, parent_id)
    if parent_id is not None and region_id in catalog.upwards(
            parent_id, catalog.region_parents(session)):
        raise exceptions.BadRequest(
            reason="body.region.parent_region_id: is below the region")


class Services(base.Collection):
    """Handlers of /services."""

    about = policies.SERVICES
    model = Service
    filters = ("name", "type", "enabled")
    order = "type"

    @wsgi.handler(body=schemas.CREATE_SERVICE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(self.about.create, {})
        with self._db.writer() as session:
            service = catalog.add(session, Service(
                id=uuid.uuid4().hex,
                **{"enabled": True} | req.json["service"]))
        return self.shown(req, service)

    @wsgi.handler(body=schemas.UPDATE_SERVICE)
    def update(self, req: wsgi.Request, service_id: str) -> dict[str, Any]:
        req.authorize(self.about.update, {})
        body = req.json["service"]
        with self._db.writer() as session:
            service = catalog.get_service(session, service_id)
            catalog.update(session, service, body)
        return self.shown(req, service)

    def remove(self, session: orm.Session, row: Service) -> None:
        catalog.delete(session, row)

    def view(self, req: wsgi.Request, row: Service) -> dict[str, Any]:
        return {"id": row.id, "type": row.type, "name": row.name or "",
                "enabled": row.enabled, "description": row.description or "",
                "links": base.self_link(req, "services", row.id)}


class Endpoints(base.Collection):
    """Handlers of /endpoints."""

    about = policies.ENDPOINTS
    model = Endpoint
    filters = ("interface", "service_id", "region_id", "enabled")

    def select(self, query: Mapping[str, Any]) -> sa.Select[Any]:
        if "region" in query:
            query = {"region_id": query["region"]} | dict(query)
        return super().select(query)

    @wsgi.handler(body=schemas.CREATE_ENDPOINT, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(self.about.create, {})
        with self._db.writer() as session:
            values = self._values(session, req.json["endpoint"])
            endpoint = catalog.add(session, Endpoint(
                id=uuid.uuid4().hex, **{"enabled": True} | values))
        return self.shown(req, endpoint)

    def _values(self, session: Any, body: dict[str, Any]
                ) -> dict[str, Any]:
        """Return the attributes to set; check what they refer to.

        ``region`` is the old spelling of ``region_id``; it makes the region
        where there is none.
        """
        values = dict(body)
        old = values.pop("region", None)
        if old is not None and "region_id" not in values:
            values["region_id"] = old
            if session.get(Region, old) is None:
                catalog.add(session, Region(id=old, description=""))
        refuse_unknown(session, values, "endpoint")
        unknown = unknown_marks(values.get("url", ""))
        if unknown:
            raise exceptions.BadRequest(
                reason=f"body.endpoint.url: holds {', '.join(unknown)}; "
                       "$(project_id)s and $(user_id)s are known")
        return values

    @wsgi.handler(body=schemas.UPDATE_ENDPOINT)
    def update(self, req: wsgi.Request, endpoint_id: str) -> dict[str, Any]:
        req.authorize(self.about.update, {})
        body = req.json["endpoint"]
        with self._db.writer() as session:
            endpoint = catalog.get_endpoint(session, endpoint_id)
            catalog.update(session, endpoint, self._values(session, body))
        return self.shown(req, endpoint)

    def remove(self, session: orm.Session, row: Endpoint) -> None:
        catalog.delete(session, row)

    def view(self, req: wsgi.Request, row: Endpoint) -> dict[str, Any]:
        return view_endpoint(req, row)


def view_endpoint(req: wsgi.Request, endpoint: Endpoint) -> dict[str, Any]:
    """Return what clients see of an endpoint."""
    shown = {"id": endpoint.id, "interface": endpoint.interface,
             "url": endpoint.url, "service_id": endpoint.service_id,
             "region": endpoint.region_id, "region_id": endpoint.region_id,
             "enabled": endpoint.enabled,
             "links": base.self_link(req, "endpoints", endpoint.id)}
    for name in ("name", "description"):
        if getattr(endpoint, name) is not None:
            shown[name] = getattr(endpoint, name)
    return shown
