"""The /limits resource: what single projects and domains may have."""

import uuid
from typing import Any

import sqlalchemy as sa

from common import exceptions, wsgi
from identity.api import base
from identity.api.catalog import refuse_unknown
from identity.db import limits as rows
from identity.db import projects
from identity.db.models import Limit, Project, RegisteredLimit
from identity.exceptions import NotAllowed
from identity.policies import limits as policies
from identity.policies.base import target
from identity.schemas import limits as schemas

#: No row is like this.
_NONE = sa.false()


class Limits(base.Resource):
    """Handlers of /limits."""

    def routes(self) -> list[wsgi.Route]:
        one = "/limits/{limit_id}"
        return [
            ("GET", "/limits/model", self.show_model),
            ("GET", "/limits", self.list),
            ("POST", "/limits", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler()
    def show_model(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.GET_MODEL)
        return {"model": {"name": self._env.limit_model.name,
                          "description": self._env.limit_model.description}}

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        """List all, or those of the sender's project or domain."""
        req.authorize(policies.LIST)
        statement = sa.select(Limit).join(
            RegisteredLimit, RegisteredLimit.id == Limit.registered_limit_id)
        if not req.allowed(policies.GET, {}):
            statement = statement.where(_own(req))
        query = req.params_checked
        for name, of_domain in (("project_id", False), ("domain_id", True)):
            if name in query:
                statement = statement.where(
                    Limit.owner_id == query[name],
                    Limit.of_domain.is_(of_domain))
        statement = base.filtered(statement, query, (
            RegisteredLimit.service_id, RegisteredLimit.region_id,
            RegisteredLimit.resource_name))
        page, found = base.read_page(
            req, self._db, statement, Limit, default="id")
        return base.page_of(req, "limits", page, found, view)

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Create all that the body lists, or none."""
        req.authorize(policies.CREATE)
        items = req.json["limits"]
        made: dict[int, Limit] = {}
        with self._db.writer() as session:
            # Those of domains first: the others may need them.
            for index in sorted(range(len(items)), key=lambda i: bool(
                    items[i].get("project_id"))):
                made[index] = self._add(session, items[index], index)
        return base.whole(req, "limits", [
            view(req, made[index]) for index in range(len(items))])

    def _add(self, session: Any, item: dict[str, Any], index: int) -> Limit:
        place = f"limits[{index}]"
        refuse_unknown(session, item, place)
        owner, of_domain = _owner(session, item, place)
        registered = rows.registered_for(
            session, item["service_id"], item.get("region_id"),
            item["resource_name"])
        if registered is None:
            raise NotAllowed(
                reason=f"body.{place}: no limit is registered for resource "
                       f"{item['resource_name']} of this service and "
                       "region.")
        limit = Limit(
            id=uuid.uuid4().hex, registered=registered, owner=owner,
            registered_limit_id=registered.id, owner_id=owner.id,
            of_domain=of_domain, resource_limit=item["resource_limit"],
            description=item.get("description"))
        with session.no_autoflush:
            self._env.limit_model.check(session, limit)
        rows.add(session, limit)
        return limit

    @wsgi.handler()
    def show(self, req: wsgi.Request, limit_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            limit: Limit = base.find(
                req, policies.GET, lambda: rows.get(session, limit_id),
                _described)
        return {"limit": view(req, limit)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, limit_id: str) -> dict[str, Any]:
        req.authorize(policies.UPDATE)
        with self._db.writer() as session:
            limit = rows.get(session, limit_id)
            for name, value in req.json["limit"].items():
                setattr(limit, name, value)
            with session.no_autoflush:
                self._env.limit_model.check(session, limit)
        return {"limit": view(req, limit)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, limit_id: str) -> None:
        req.authorize(policies.DELETE)
        with self._db.writer() as session:
            session.delete(rows.get(session, limit_id))


def _own(req: wsgi.Request) -> sa.ColumnElement[bool]:
    """Return what the limits of the sender's scope are like."""
    of_project = Limit.of_domain.is_(False)
    if req.ctx.project_id:
        return sa.and_(of_project, Limit.owner_id == req.ctx.project_id)
    if not req.ctx.domain_id:
        return _NONE
    inside = sa.select(Project.id).where(
        Project.domain_id == req.ctx.domain_id)
    return sa.or_(
        sa.and_(of_project, Limit.owner_id.in_(inside)),
        Limit.owner_id == req.ctx.domain_id)


def _owner(session: Any, item: dict[str, Any],
           place: str) -> tuple[Project, bool]:
    """Return the project or domain, and whether it is the domain."""
    project_id, domain_id = item.get("project_id"), item.get("domain_id")
    if bool(project_id) == bool(domain_id):
        raise exceptions.BadRequest(
            reason=f"body.{place}: one of project_id and domain_id is "
                   "required, not both")
    try:
        if project_id:
            return projects.get(session, project_id), False
        return projects.get_domain(session, str(domain_id)), True
    except exceptions.NotFound as error:
        raise exceptions.BadRequest(
            reason=f"body.{place}: {error}") from None


def _described(limit: Limit) -> dict[str, Any]:
    owner = limit.owner
    return target(
        project_id=None if limit.of_domain else owner.id,
        domain_id=owner.domain_id or owner.id)


def add_to_projects(session: Any, req: wsgi.Request,
                    views: list[dict[str, Any]]) -> None:
    """Give each project's view its ``limits``, in one query."""
    found = rows.of_projects(session, (shown["id"] for shown in views))
    for shown in views:
        shown["limits"] = [
            view(req, limit) for limit in found.get(shown["id"], [])]


def view(req: wsgi.Request, limit: Limit) -> dict[str, Any]:
    """Return what clients see of a limit."""
    of = limit.registered
    return {
        "id": limit.id,
        "project_id": None if limit.of_domain else limit.owner_id,
        "domain_id": limit.owner_id if limit.of_domain else None,
        "service_id": of.service_id, "region_id": of.region_id,
        "resource_name": of.resource_name,
        "resource_limit": limit.resource_limit,
        "description": limit.description,
        "links": base.self_link(req, "limits", limit.id)}
