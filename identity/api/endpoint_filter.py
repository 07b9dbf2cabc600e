"""The /OS-EP-FILTER resources: which endpoints a project sees."""

import uuid
from typing import Any

from sqlalchemy import orm

from common import wsgi
from identity.api import base
from identity.api.catalog import refuse_unknown, view_endpoint
from identity.api.projects import view as view_project
from identity.db import catalog, endpoint_filter, projects
from identity.db.models import (
    EndpointGroup,
    Project,
    ProjectEndpoint,
    ProjectEndpointGroup,
)
from identity.exceptions import EndpointNotShown
from identity.policies import endpoint_filter as policies
from identity.schemas import endpoint_filter as schemas

_ROOT = "/OS-EP-FILTER"


class EndpointGroups(base.Collection):
    """Handlers of /OS-EP-FILTER/endpoint_groups."""

    about = policies.GROUPS
    model = EndpointGroup
    filters = ("name",)
    order = "name"

    def routes(self) -> list[wsgi.Route]:
        return [*super().routes(),
                ("GET", f"{self.about.one}/endpoints", self.endpoints),
                ("GET", f"{self.about.one}/projects", self.projects)]

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(self.about.create)
        body = req.json["endpoint_group"]
        with self._db.writer() as session:
            refuse_unknown(session, body["filters"], "endpoint_group.filters")
            group = catalog.add(session, EndpointGroup(
                id=uuid.uuid4().hex, **body))
        return self.shown(req, group)

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request,
               endpoint_group_id: str) -> dict[str, Any]:
        """Change what the body has; ``filters`` as a whole."""
        req.authorize(self.about.update)
        body = {name: value for name, value
                in req.json["endpoint_group"].items() if value is not None}
        with self._db.writer() as session:
            group = endpoint_filter.get_group(session, endpoint_group_id)
            refuse_unknown(session, body.get("filters", {}),
                           "endpoint_group.filters")
            catalog.update(session, group, body)
        return self.shown(req, group)

    def remove(self, session: orm.Session, row: EndpointGroup) -> None:
        catalog.delete(session, row)

    def view(self, req: wsgi.Request, row: EndpointGroup) -> dict[str, Any]:
        return view(req, row)

    @wsgi.handler()
    def endpoints(self, req: wsgi.Request,
                  endpoint_group_id: str) -> dict[str, Any]:
        req.authorize(policies.ENDPOINTS_OF_GROUP)
        with self._db.reader() as session:
            found = endpoint_filter.endpoints_of_group(
                session, endpoint_filter.get_group(session, endpoint_group_id))
        return base.whole(
            req, "endpoints", [view_endpoint(req, row) for row in found])

    @wsgi.handler()
    def projects(self, req: wsgi.Request,
                 endpoint_group_id: str) -> dict[str, Any]:
        req.authorize(policies.PROJECTS_OF_GROUP)
        with self._db.reader() as session:
            endpoint_filter.get_group(session, endpoint_group_id)
            found = endpoint_filter.projects_of_group(
                session, endpoint_group_id)
        return base.whole(
            req, "projects", [view_project(req, row) for row in found])


class EndpointFilter(base.Resource):
    """Handlers of what is added to, and seen by, projects."""

    def routes(self) -> list[wsgi.Route]:
        project = f"{_ROOT}/projects/{{project_id}}"
        endpoint = f"{project}/endpoints/{{endpoint_id}}"
        group = policies.GROUPS.one + "/projects/{project_id}"
        return [
            ("GET", f"{project}/endpoints", self.endpoints),
            ("GET", f"{project}/endpoint_groups", self.groups),
            ("GET", f"{_ROOT}/endpoints/{{endpoint_id}}/projects",
             self.projects),
            ("GET", endpoint, self.check),
            ("PUT", endpoint, self.add),
            ("DELETE", endpoint, self.remove),
            ("GET", group, self.show_group),
            ("PUT", group, self.add),
            ("DELETE", group, self.remove),
        ]

    @wsgi.handler()
    def endpoints(self, req: wsgi.Request,
                  project_id: str) -> dict[str, Any]:
        """List the endpoints added one by one, and those of groups."""
        req.authorize(policies.ENDPOINTS_OF_PROJECT)
        with self._db.reader() as session:
            projects.get(session, project_id)
            found = endpoint_filter.endpoints_of_project(session, project_id)
        return base.whole(
            req, "endpoints", [view_endpoint(req, row) for row in found])

    @wsgi.handler()
    def groups(self, req: wsgi.Request, project_id: str) -> dict[str, Any]:
        req.authorize(policies.GROUPS_OF_PROJECT)
        with self._db.reader() as session:
            projects.get(session, project_id)
            found = endpoint_filter.groups_of_project(session, project_id)
        return base.whole(
            req, "endpoint_groups", [view(req, row) for row in found])

    @wsgi.handler()
    def projects(self, req: wsgi.Request,
                 endpoint_id: str) -> dict[str, Any]:
        req.authorize(policies.PROJECTS_OF_ENDPOINT)
        with self._db.reader() as session:
            catalog.get_endpoint(session, endpoint_id)
            found = endpoint_filter.projects_of_endpoint(
                session, endpoint_id)
        return base.whole(
            req, "projects", [view_project(req, row) for row in found])

    @wsgi.handler(status=204)
    def check(self, req: wsgi.Request, **path: str) -> None:
        """Answer 204 if just this endpoint was added, else 404."""
        req.authorize(policies.CHECK_ENDPOINT)
        self._check(path)

    @wsgi.handler()
    def show_group(self, req: wsgi.Request, **path: str) -> dict[str, Any]:
        """Return the project, if it may use the group."""
        req.authorize(policies.CHECK_GROUP)
        return {"project": view_project(req, self._check(path))}

    def _check(self, path: dict[str, str]) -> Project:
        """Return the project, or raise EndpointNotShown."""
        with self._db.reader() as session:
            project, link = _named(session, **path)
            if not endpoint_filter.is_linked(session, link):
                raise EndpointNotShown(project_id=project.id)
        return project

    @wsgi.handler(status=204)
    def add(self, req: wsgi.Request, **path: str) -> None:
        req.authorize(policies.ADD[_kind(path)])
        with self._db.writer() as session:
            endpoint_filter.link(session, _named(session, **path)[1])

    @wsgi.handler(status=204)
    def remove(self, req: wsgi.Request, **path: str) -> None:
        req.authorize(policies.REMOVE[_kind(path)])
        with self._db.writer() as session:
            endpoint_filter.unlink(session, _named(session, **path)[1])


def _kind(path: dict[str, str]) -> str:
    return "endpoint" if "endpoint_id" in path else "endpoint_group"


def _named(session: Any, project_id: str, endpoint_id: str = "",
           endpoint_group_id: str = ""
           ) -> tuple[Project, endpoint_filter.Link]:
    """Return a project, and its link, not yet stored, to what else is named.

    Both must exist.
    """
    project = projects.get(session, project_id)
    if endpoint_id:
        catalog.get_endpoint(session, endpoint_id)
        return project, ProjectEndpoint(
            project_id=project_id, endpoint_id=endpoint_id)
    endpoint_filter.get_group(session, endpoint_group_id)
    return project, ProjectEndpointGroup(
        project_id=project_id, group_id=endpoint_group_id)


def view(req: wsgi.Request, group: EndpointGroup) -> dict[str, Any]:
    """Return what clients see of an endpoint group."""
    return {"id": group.id, "name": group.name,
            "description": group.description, "filters": group.filters,
            "links": base.self_link(
                req, "OS-EP-FILTER", "endpoint_groups", group.id)}
