"""The /registered_limits resource."""

import uuid
from typing import Any

from sqlalchemy import orm

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


class RegisteredLimits(base.Collection):
    """Handlers of /registered_limits."""

    about = policies.REGISTERED
    model = RegisteredLimit
    filters = ("service_id", "region_id", "resource_name")

    @wsgi.handler(body=schemas.CREATE_REGISTERED, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Create all that the body lists, or none."""
        req.authorize(self.about.create, {})
        made = []
        with self._db.writer() as session:
            for index, item in enumerate(req.json["registered_limits"]):
                refuse_unknown(
                    session, item, f"registered_limits[{index}]")
                row = RegisteredLimit(id=uuid.uuid4().hex)
                rows.set_registered(session, row, item)
                made.append(row)
        return base.whole(
            req, "registered_limits", [self.view(req, row) for row in made])

    @wsgi.handler(body=schemas.UPDATE_REGISTERED)
    def update(self, req: wsgi.Request,
               registered_limit_id: str) -> dict[str, Any]:
        req.authorize(self.about.update, {})
        body = req.json["registered_limit"]
        with self._db.writer() as session:
            row = self.get(session, registered_limit_id)
            if any(name in body and body[name] != getattr(row, name)
                   for name in _FIXED):
                _refuse_used(session, registered_limit_id)
            refuse_unknown(session, body, "registered_limit")
            rows.set_registered(session, row, body)
        return self.shown(req, row)

    def remove(self, session: orm.Session, row: RegisteredLimit) -> None:
        _refuse_used(session, row.id)
        session.delete(row)

    def view(self, req: wsgi.Request,
             row: RegisteredLimit) -> dict[str, Any]:
        return {
            "id": row.id, "service_id": row.service_id,
            "region_id": row.region_id, "resource_name": row.resource_name,
            "default_limit": row.default_limit,
            "description": row.description,
            "links": base.self_link(req, "registered_limits", row.id)}


def _refuse_used(session: Any, limit_id: str) -> None:
    if rows.has_limits(session, limit_id):
        raise NotAllowed(
            reason=f"Registered limit {limit_id} cannot be deleted, or be "
                   "for another resource: projects or domains have limits "
                   "of their own that refer to it.")
