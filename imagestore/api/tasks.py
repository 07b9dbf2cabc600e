"""The tasks resource, for administrators."""

from typing import Any

import sqlalchemy as sa

from common import db, events, fetch, paging, wsgi
from common import exceptions as common_exceptions
from imagestore import changes
from imagestore.api import imports
from imagestore.db import images, tasks
from imagestore.db.models import EVENTS, ImageTask
from imagestore.env import Env
from imagestore.policies import stores as policies
from imagestore.protection import Protection
from imagestore.schemas import imports as schemas
from imagestore.tasks import import_image
from imagestore.tasks.import_image import ImportImage

_BRIEF = ("id", "type", "status", "owner", "created_at", "updated_at",
          "expires_at", "self", "schema")
_MOST = 1000


class Tasks:
    """Handlers of /v2/tasks."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._protection = Protection.from_file(
            env.conf.imagestore.property_protection_file)

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/v2/tasks", self.index),
            ("POST", "/v2/tasks", self.create),
            ("GET", "/v2/tasks/{task_id}", self.show),
        ]

    @wsgi.handler(query=schemas.TASKS)
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List tasks without what went in and came out."""
        req.authorize(policies.TASKS)
        asked = req.params_checked
        statement = sa.select(ImageTask).where(*(
            getattr(ImageTask, name) == asked[name]
            for name in ("type", "status") if name in asked))
        page = paging.Page(
            limit=min(int(asked.get("limit", 25)), _MOST),
            marker=asked.get("marker"),
            sort=[(ImageTask.created_at, asked.get("sort_dir", "desc")),
                  (ImageTask.id, asked.get("sort_dir", "desc"))])
        with self._env.db.reader() as session:
            rows = list(session.execute(
                page.apply(session, statement, ImageTask.id)).scalars())
        shown: dict[str, Any] = {
            "tasks": [_brief(row) for row in rows],
            "first": "/v2/tasks", "schema": "/v2/schemas/tasks"}
        if rows and len(rows) == page.limit:
            shown["next"] = (
                f"/v2/tasks?marker={rows[-1].id}&limit={page.limit}")
        return shown

    @wsgi.handler()
    def show(self, req: wsgi.Request, task_id: str) -> dict[str, Any]:
        req.authorize(policies.TASKS)
        with self._env.db.reader() as session:
            return imports.view(tasks.get(session, task_id))

    @wsgi.handler(body=schemas.TASK)
    def create(self, req: wsgi.Request) -> wsgi.Response:
        """Make an image, and have it filled from the web."""
        req.authorize(policies.TASKS)
        if not req.ctx.project_id:
            raise common_exceptions.BadRequest(
                reason="An image belongs to a project: use a token that is "
                       "scoped to one.")
        asked = req.json["input"]
        document = changes.from_body(
            {"disk_format": asked["import_from_format"],
             "container_format": "bare"} | asked["image_properties"],
            changes.Rights(self._protection, req.ctx.roles))
        fetch.check(asked["import_from"], self._env.web)
        with self._env.db.writer() as session:
            image = images.add(
                session, db.new_id(), properties=document.properties,
                tags=document.tags or [],
                **({"project_id": req.ctx.project_id} | document.columns))
            images.set_status(session, image, "importing")
            wanted = ImportImage(
                image_id=image.id, method="web-download",
                stores=[self._env.stores.default], url=asked["import_from"])
            import_image.start(
                self._env, session, image, wanted, req.ctx, type="import",
                input=asked)
            events.add(session, EVENTS, kind="image.create",
                       resource_id=image.id, project_id=image.project_id)
            shown = imports.view(tasks.get(session, wanted.id))
        self._env.tasks.wake()
        response = wsgi.Response(status=201, json=shown)
        response.headers["Location"] = req.public_url(shown["self"])
        return response


def _brief(row: ImageTask) -> dict[str, Any]:
    shown = imports.view(row)
    return {name: shown[name] for name in _BRIEF}
