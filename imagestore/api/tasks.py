"""The tasks resource, for administrators."""

from typing import Any

import sqlalchemy as sa

from common import db, fetch, paging, wsgi
from imagestore import changes, exceptions
from imagestore.api import creation, imports, links
from imagestore.db import images, tasks
from imagestore.db.models import ImageTask
from imagestore.env import Env
from imagestore.policies import stores as policies
from imagestore.schemas import imports as schemas
from imagestore.schemas import tasks as queries
from imagestore.tasks import import_image
from imagestore.tasks.import_image import ImportImage

_BRIEF = ("id", "type", "status", "owner", "created_at", "updated_at",
          "expires_at", "self", "schema")
_LIMIT = 25
#: Limits on projects beside that on the number of images.
_LIMITS = ("image_count_uploading", "image_size_total")
_SORT_KEYS = {
    "id": ImageTask.id, "type": ImageTask.type, "status": ImageTask.status,
    "created_at": ImageTask.created_at, "updated_at": ImageTask.updated_at,
    "expires_at": sa.func.coalesce(
        ImageTask.expires_at, ImageTask.created_at),
}


class Tasks:
    """Handlers of /v2/tasks."""

    def __init__(self, env: Env) -> None:
        self._env = env

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/v2/tasks", self.index),
            ("POST", "/v2/tasks", self.create),
            ("GET", "/v2/tasks/{task_id}", self.show),
        ]

    @wsgi.handler(query=queries.LIST)
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List tasks without what went in and came out."""
        req.authorize(policies.TASKS)
        asked = req.params_checked
        page = paging.parse(req, _SORT_KEYS, default="created_at:desc")
        if "limit" not in asked:
            page.limit = _LIMIT
        statement = sa.select(ImageTask).where(*(
            getattr(ImageTask, name) == asked[name]
            for name in ("type", "status") if name in asked))
        with self._env.db.reader() as session:
            rows = list(session.execute(
                page.apply(session, statement, ImageTask.id)).scalars())
        shown = {"tasks": [_brief(row) for row in rows],
                 "schema": "/v2/schemas/tasks"}
        return links.add(shown, req, page, len(rows),
                         rows[-1].id if rows else None)

    @wsgi.handler()
    def show(self, req: wsgi.Request, task_id: str) -> dict[str, Any]:
        req.authorize(policies.TASKS)
        with self._env.db.reader() as session:
            return imports.view(tasks.get(session, task_id))

    @wsgi.handler(body=schemas.TASK)
    def create(self, req: wsgi.Request) -> wsgi.Response:
        """Make an image, and have it filled from the web."""
        req.authorize(policies.TASKS)
        asked = req.json["input"]
        document = changes.from_body(
            {"disk_format": asked["import_from_format"],
             "container_format": "bare"} | asked["image_properties"],
            changes.Rights(self._env.protection, req.ctx.roles))
        made = creation.Creation(req, self._env.quotas, document)
        fetch.check(asked["import_from"], self._env.web)
        with self._env.db.writer() as session:
            image = made.add(session, db.new_id(), *_LIMITS)
            if not (image.container_format and image.disk_format):
                raise exceptions.FormatsUnset()
            images.set_status(session, image, "importing")
            wanted = ImportImage(
                image_id=image.id, method="web-download",
                stores=[self._env.stores.default], url=asked["import_from"])
            import_image.start(
                self._env, session, image, wanted, req.ctx, type="import",
                input=asked)
            shown = imports.view(tasks.get(session, wanted.id))
        self._env.tasks.wake()
        response = wsgi.Response(status=201, json=shown)
        response.headers["Location"] = req.public_url(shown["self"])
        return response


def _brief(row: ImageTask) -> dict[str, Any]:
    shown = imports.view(row)
    return {name: shown[name] for name in _BRIEF}
