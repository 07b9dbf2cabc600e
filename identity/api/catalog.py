"""The /regions, /services and /endpoints resources."""

import uuid
from typing import Any

import sqlalchemy as sa

from common import exceptions, wsgi
from identity.api import base
from identity.catalog import unknown_marks
from identity.db import catalog
from identity.db.models import Endpoint, Region, Service
from identity.exceptions import Duplicate, NotAllowed
from identity.policies import catalog as policies
from identity.schemas import catalog as schemas


class Regions(base.Resource):
    """Handlers of /regions."""

    def routes(self) -> list[wsgi.Route]:
        one = "/regions/{region_id}"
        return [
            ("GET", "/regions", self.list),
            ("POST", "/regions", self.create),
            ("GET", one, self.show),
            ("PUT", one, self.create_named),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.LIST_REGIONS)
        statement = sa.select(Region)
        parent_id = req.params_checked.get("parent_region_id")
        if parent_id is not None:
            statement = statement.where(Region.parent_id == parent_id)
        page, rows = base.read_page(
            req, self._db, statement, Region, default="id")
        return base.page_of(req, "regions", page, rows, view_region)

    @wsgi.handler(body=schemas.CREATE_REGION, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.CREATE_REGION)
        return self._create(req, req.json["region"])

    @wsgi.handler(body=schemas.CREATE_REGION, status=201)
    def create_named(self, req: wsgi.Request,
                     region_id: str) -> dict[str, Any]:
        """Create a region with the id that the path says."""
        req.authorize(policies.CREATE_REGION)
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
        return {"region": view_region(req, region)}

    @wsgi.handler()
    def show(self, req: wsgi.Request, region_id: str) -> dict[str, Any]:
        req.authorize(policies.GET_REGION)
        with self._db.reader() as session:
            region = catalog.get_region(session, region_id)
        return {"region": view_region(req, region)}

    @wsgi.handler(body=schemas.UPDATE_REGION)
    def update(self, req: wsgi.Request, region_id: str) -> dict[str, Any]:
        req.authorize(policies.UPDATE_REGION)
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
        return {"region": view_region(req, region)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, region_id: str) -> None:
        """Delete the region and those below it, if no endpoint is there."""
        req.authorize(policies.DELETE_REGION)
        with self._db.writer() as session:
            region = catalog.get_region(session, region_id)
            if catalog.region_is_used(session, region_id):
                raise NotAllowed(
                    reason=f"Region {region_id} or one below it has "
                           "endpoints.")
            catalog.delete_region(session, region)


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


class Services(base.Resource):
    """Handlers of /services."""

    def routes(self) -> list[wsgi.Route]:
        one = "/services/{service_id}"
        return [
            ("GET", "/services", self.list),
            ("POST", "/services", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.LIST_SERVICES)
        statement = base.filtered(
            sa.select(Service), req.params_checked,
            (Service.name, Service.type, Service.enabled))
        page, rows = base.read_page(
            req, self._db, statement, Service, default="type")
        return base.page_of(req, "services", page, rows, view_service)

    @wsgi.handler(body=schemas.CREATE_SERVICE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.CREATE_SERVICE)
        with self._db.writer() as session:
            service = catalog.add(session, Service(
                id=uuid.uuid4().hex,
                **{"enabled": True} | req.json["service"]))
        return {"service": view_service(req, service)}

    @wsgi.handler()
    def show(self, req: wsgi.Request, service_id: str) -> dict[str, Any]:
        req.authorize(policies.GET_SERVICE)
        with self._db.reader() as session:
            service = catalog.get_service(session, service_id)
        return {"service": view_service(req, service)}

    @wsgi.handler(body=schemas.UPDATE_SERVICE)
    def update(self, req: wsgi.Request, service_id: str) -> dict[str, Any]:
        req.authorize(policies.UPDATE_SERVICE)
        body = req.json["service"]
        with self._db.writer() as session:
            service = catalog.get_service(session, service_id)
            catalog.update(session, service, body)
        return {"service": view_service(req, service)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, service_id: str) -> None:
        """Delete the service and its endpoints."""
        req.authorize(policies.DELETE_SERVICE)
        with self._db.writer() as session:
            catalog.delete(session, catalog.get_service(session, service_id))


class Endpoints(base.Resource):
    """Handlers of /endpoints."""

    def routes(self) -> list[wsgi.Route]:
        one = "/endpoints/{endpoint_id}"
        return [
            ("GET", "/endpoints", self.list),
            ("POST", "/endpoints", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.LIST_ENDPOINTS)
        query = dict(req.params_checked)
        if "region" in query:
            query.setdefault("region_id", query["region"])
        statement = base.filtered(
            sa.select(Endpoint), query,
            (Endpoint.interface, Endpoint.service_id, Endpoint.region_id,
             Endpoint.enabled))
        page, rows = base.read_page(
            req, self._db, statement, Endpoint, default="id")
        return base.page_of(req, "endpoints", page, rows, view_endpoint)

    @wsgi.handler(body=schemas.CREATE_ENDPOINT, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.CREATE_ENDPOINT)
        with self._db.writer() as session:
            values = self._values(session, req.json["endpoint"])
            endpoint = catalog.add(session, Endpoint(
                id=uuid.uuid4().hex, **{"enabled": True} | values))
        return {"endpoint": view_endpoint(req, endpoint)}

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

    @wsgi.handler()
    def show(self, req: wsgi.Request, endpoint_id: str) -> dict[str, Any]:
        req.authorize(policies.GET_ENDPOINT)
        with self._db.reader() as session:
            endpoint = catalog.get_endpoint(session, endpoint_id)
        return {"endpoint": view_endpoint(req, endpoint)}

    @wsgi.handler(body=schemas.UPDATE_ENDPOINT)
    def update(self, req: wsgi.Request, endpoint_id: str) -> dict[str, Any]:
        req.authorize(policies.UPDATE_ENDPOINT)
        body = req.json["endpoint"]
        with self._db.writer() as session:
            endpoint = catalog.get_endpoint(session, endpoint_id)
            catalog.update(session, endpoint, self._values(session, body))
        return {"endpoint": view_endpoint(req, endpoint)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, endpoint_id: str) -> None:
        req.authorize(policies.DELETE_ENDPOINT)
        with self._db.writer() as session:
            catalog.delete(
                session, catalog.get_endpoint(session, endpoint_id))


def view_region(req: wsgi.Request, region: Region) -> dict[str, Any]:
    """Return what clients see of a region."""
    return {"id": region.id, "description": region.description,
            "parent_region_id": region.parent_id,
            "links": base.self_link(req, "regions", region.id)}


def view_service(req: wsgi.Request, service: Service) -> dict[str, Any]:
    """Return what clients see of a service."""
    return {"id": service.id, "type": service.type,
            "name": service.name or "", "enabled": service.enabled,
            "description": service.description or "",
            "links": base.self_link(req, "services", service.id)}


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
