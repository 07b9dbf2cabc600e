"""The /registered_limits resource."""

import uuid
from typing import Any

import sqlalchemy as sa

from common import wsgi
from identity.api import base
from identity.api.catalog import refuse_unknown
from identity.db import limits as rows
from identity.db.models import RegisteredLimit
from identity.exceptions import NotAllowed
from identity.policies import limits as policies
from identity.schemas import limits as schemas

#: While projects have limits of their own, these stay.
_FIXED = ("service_id", "region_id", "resource_name")


class RegisteredLimits(base.Resource):
    """Handlers of /registered_limits."""

    def routes(self) -> list[wsgi.Route]:
        one = "/registered_limits/{registered_limit_id}"
        return [
            ("GET", "/registered_limits", self.list),
            ("POST", "/registered_limits", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.LIST_REGISTERED)
        statement = base.filtered(
            sa.select(RegisteredLimit), req.params_checked,
            (RegisteredLimit.service_id, RegisteredLimit.region_id,
             RegisteredLimit.resource_name))
        page, found = base.read_page(
            req, self._db, statement, RegisteredLimit, default="id")
        return base.page_of(req, "registered_limits", page, found, view)

    @wsgi.handler(body=schemas.CREATE_REGISTERED, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Create all that the body lists, or none."""
        req.authorize(policies.CREATE_REGISTERED)
        made = []
        with self._db.writer() as session:
            for index, item in enumerate(req.json["registered_limits"]):
                refuse_unknown(
                    session, item, f"registered_limits[{index}]")
                row = RegisteredLimit(id=uuid.uuid4().hex)
                rows.set_registered(session, row, item)
                made.append(row)
        return base.whole(
            req, "registered_limits", [view(req, row) for row in made])

    @wsgi.handler()
    def show(self, req: wsgi.Request,
             registered_limit_id: str) -> dict[str, Any]:
        req.authorize(policies.GET_REGISTERED)
        with self._db.reader() as session:
            row = rows.get_registered(session, registered_limit_id)
        return {"registered_limit": view(req, row)}

    @wsgi.handler(body=schemas.UPDATE_REGISTERED)
    def update(self, req: wsgi.Request,
               registered_limit_id: str) -> dict[str, Any]:
        req.authorize(policies.UPDATE_REGISTERED)
        body = req.json["registered_limit"]
        with self._db.writer() as session:
            row = rows.get_registered(session, registered_limit_id)
            if any(name in body and body[name] != getattr(row, name)
                   for name in _FIXED):
                _refuse_used(session, registered_limit_id)
            refuse_unknown(session, body, "registered_limit")
            rows.set_registered(session, row, body)
        return {"registered_limit": view(req, row)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, registered_limit_id: str) -> None:
        req.authorize(policies.DELETE_REGISTERED)
        with self._db.writer() as session:
            row = rows.get_registered(session, registered_limit_id)
            _refuse_used(session, registered_limit_id)
            session.delete(row)


def _refuse_used(session: Any, limit_id: str) -> None:
    if rows.has_limits(session, limit_id):
        raise NotAllowed(
            reason=f"Registered limit {limit_id} cannot be deleted, or be "
                   "for another resource: projects or domains have limits "
                   "of their own that refer to it.")


def view(req: wsgi.Request, row: RegisteredLimit) -> dict[str, Any]:
    """Return what clients see of a registered limit."""
    return {
        "id": row.id, "service_id": row.service_id,
        "region_id": row.region_id, "resource_name": row.resource_name,
        "default_limit": row.default_limit, "description": row.description,
        "links": base.self_link(req, "registered_limits", row.id)}
