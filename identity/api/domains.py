"""The /domains resource."""

import uuid
from collections.abc import Iterable
from typing import Any

from common import wsgi
from identity.api import base
from identity.api.projects import changes, refuse_immutable, tags
from identity.db import projects
from identity.db.models import Project, ProjectTag
from identity.exceptions import StillEnabled
from identity.policies import projects as policies
from identity.policies.base import target
from identity.schemas import projects as schemas

_KNOWN = ("name", "description", "enabled", "options", "tags",
          "explicit_domain_id")


class Domains(base.Resource):
    """Handlers of /domains."""

    def routes(self) -> list[wsgi.Route]:
        one = "/domains/{domain_id}"
        return [
            ("GET", "/domains", self.list),
            ("POST", "/domains", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        domain_id = base.own_domain(req, policies.LIST_DOMAINS, None)

        def select() -> Any:
            statement = projects.select_views().where(
                Project.is_domain.is_(True))
            if domain_id is not None:
                statement = statement.where(Project.id == domain_id)
            return base.filtered(
                statement, req.params_checked,
                (Project.name, Project.enabled, Project.id))
        page, rows = self.read_rows(req, select, Project, domain_id)
        return base.listed(req, "domains", page, rows, views(req, rows))

    @wsgi.handler(body=schemas.CREATE_DOMAIN, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.CREATE_DOMAIN, {})
        known, extra = base.split_extra(
            req.json["domain"], _KNOWN, schemas.READ_ONLY)
        with self._db.writer() as session:
            domain = projects.add(session, Project(
                id=known.get("explicit_domain_id", uuid.uuid4().hex),
                name=known["name"], is_domain=True, domain_id=None,
                parent_id=None, description=known.get("description") or "",
                enabled=known.get("enabled", True), epoch=0,
                options=base.merged({}, known.get("options", {})),
                extra=base.merged({}, extra),
                tags=[ProjectTag(name=name)
                      for name in sorted(known.get("tags", []))]))
        return {"domain": view(req, domain)}

    @wsgi.handler()
    def show(self, req: wsgi.Request, domain_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            domain = self._find(session, req, policies.GET_DOMAIN, domain_id)
        return {"domain": view(req, domain)}

    @wsgi.handler(body=schemas.UPDATE_DOMAIN)
    def update(self, req: wsgi.Request, domain_id: str) -> dict[str, Any]:
        with self._db.writer() as session:
            domain = self._find(
                session, req, policies.UPDATE_DOMAIN, domain_id)
            body = req.json["domain"]
            base.refuse_other_id(body, domain_id, "domain")
            known, extra = base.split_extra(body, _KNOWN, schemas.READ_ONLY)
            refuse_immutable(domain, known | extra)
            projects.update(session, domain, changes(domain, known, extra))
        if known.get("enabled") is False:
            # All tokens: those of its users and projects have ended.
            self._announce(req.ctx)
        return {"domain": view(req, domain)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, domain_id: str) -> None:
        """Delete a disabled domain, and all that is in it."""
        with self._db.writer() as session:
            domain = self._find(
                session, req, policies.DELETE_DOMAIN, domain_id)
            refuse_immutable(domain, {})
            if domain.enabled:
                raise StillEnabled()
            projects.delete_domain(session, domain)
        self._announce(req.ctx)

    def _find(self, session: Any, req: wsgi.Request, rule: str,
              domain_id: str) -> Project:
        found: Project = base.find(
            req, rule, lambda: projects.get_domain(session, domain_id),
            lambda domain: target(domain_id=domain.id))
        return found


def view(req: wsgi.Request, domain: Project) -> dict[str, Any]:
    """Return what clients see of a domain."""
    return views(req, [projects.view_row(domain)])[0]


def views(req: wsgi.Request, rows: Iterable[projects.ViewRow]
          ) -> list[dict[str, Any]]:
    """Return what clients see of domains."""
    place = base.place(req, "domains")
    return [{
        **row.extra,
        "id": row.id, "name": row.name, "enabled": row.enabled,
        "description": row.description, "options": row.options,
        "tags": tags(row.tag_names), "links": {"self": place + row.id},
    } for row in rows]
