"""The tags of projects."""

from typing import Any

from common import exceptions, schema, wsgi
from identity.api import base
from identity.api.projects import find, refuse_immutable, retagged
from identity.db.models import Project, ProjectTag
from identity.exceptions import TagNotFound
from identity.policies import projects as policies
from identity.schemas import projects as schemas

_MAX_TAGS = 80


class Tags(base.Resource):
    """Handlers of /projects/{project_id}/tags."""

    def routes(self) -> list[wsgi.Route]:
        tags = "/projects/{project_id}/tags"
        one = tags + "/{tag}"
        return [
            ("GET", tags, self.list),
            ("PUT", tags, self.replace),
            ("DELETE", tags, self.clear),
            ("GET", one, self.check),
            ("PUT", one, self.add),
            ("DELETE", one, self.remove),
        ]

    @wsgi.handler()
    def list(self, req: wsgi.Request, project_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            project = find(session, req, policies.GET_TAGS, project_id)
        return _view(req, project)

    @wsgi.handler(body=schemas.SET_TAGS)
    def replace(self, req: wsgi.Request, project_id: str) -> dict[str, Any]:
        with self._db.writer() as session:
            project = _changeable(session, req, project_id)
            project.tags = retagged(project, req.json["tags"])
        return _view(req, project)

    @wsgi.handler(status=204)
    def clear(self, req: wsgi.Request, project_id: str) -> None:
        with self._db.writer() as session:
            _changeable(session, req, project_id).tags = []

    @wsgi.handler(status=204)
    def check(self, req: wsgi.Request, project_id: str, tag: str) -> None:
        with self._db.reader() as session:
            _get(find(session, req, policies.GET_TAGS, project_id), tag)

    @wsgi.handler(status=201)
    def add(self, req: wsgi.Request, project_id: str,
            tag: str) -> wsgi.Response:
        schema.validate(tag, schemas.TAG, "path.tag")
        with self._db.writer() as session:
            project = _changeable(session, req, project_id)
            names = {t.name for t in project.tags} | {tag}
            if len(names) > _MAX_TAGS:
                raise exceptions.BadRequest(
                    reason=f"A project has {_MAX_TAGS} tags at most.")
            project.tags = retagged(project, sorted(names))
        response = wsgi.Response(status=201)
        response.headers["Location"] = req.public_url(req.path)
        return response

    @wsgi.handler(status=204)
    def remove(self, req: wsgi.Request, project_id: str, tag: str) -> None:
        with self._db.writer() as session:
            project = _changeable(session, req, project_id)
            project.tags.remove(_get(project, tag))


def _changeable(session: Any, req: wsgi.Request,
                project_id: str) -> Project:
    project = find(session, req, policies.SET_TAGS, project_id,
                   of_domains=policies.UPDATE_DOMAIN)
    refuse_immutable(project, {})
    return project


def _get(project: Project, name: str) -> ProjectTag:
    for tag in project.tags:
        if tag.name == name:
            return tag
    raise TagNotFound(tag=name, project_id=project.id)


def _view(req: wsgi.Request, project: Project) -> dict[str, Any]:
    return {"tags": [tag.name for tag in project.tags],
            "links": base.links(req)}
