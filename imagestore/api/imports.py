"""Imports of images, and how they go."""

import re
from typing import Any

from common import exceptions as common_exceptions
from common import fetch, wsgi
from imagestore import exceptions
from imagestore.api import access, views
from imagestore.db import data, images, tasks
from imagestore.db.models import Image, ImageTask
from imagestore.env import Env
from imagestore.policies import images as image_policies
from imagestore.policies import stores as policies
from imagestore.schemas import imports as schemas
from imagestore.tasks import import_image
from imagestore.tasks.import_image import ImportImage

_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Of each method, the status an image must have, and what it has then.
_METHODS = {
    "glance-direct": ("uploading", "importing"),
    "web-download": ("queued", "importing"),
    "glance-download": ("queued", "importing"),
    "copy-image": ("active", "active"),
}
#: Limits on top, where the image is not under way before.
_COUNTED = {"web-download": ["image_count_uploading"],
            "glance-download": ["image_count_uploading"]}
#: What methods need beside their name.
_NEEDED = {"web-download": ["uri"],
           "glance-download": ["glance_image_id", "glance_region"]}


class Imports:
    """Handlers of import and tasks of an image."""

    def __init__(self, env: Env) -> None:
        self._env = env

    def routes(self) -> list[wsgi.Route]:
        one = "/v2/images/{image_id}"
        return [
            ("POST", f"{one}/import", self.start),
            ("GET", f"{one}/tasks", self.tasks),
        ]

    @wsgi.handler(body=schemas.IMPORT, status=202)
    def start(self, req: wsgi.Request, image_id: str) -> None:
        """Have the image filled by a task."""
        with self._env.db.reader() as session:
            image = access.find(
                req, session, image_id, image_policies.GET)
            _authorize(req, image)
        method = req.json["method"]
        self._check_method(method)
        if method["name"] != "copy-image":
            # Better now than when all is there.
            self._env.signed.verifier(image)
        limits = self._env.quotas.limits(image.project_id)
        with self._env.db.writer() as session:
            image = images.get(session, image_id, lock=True)
            self._check(session, image, method["name"])
            self._env.quotas.check(
                session, image.project_id, limits, "image_size_total",
                *_COUNTED.get(method["name"], ()))
            stores = self._stores(req.json, session, image)
            if not stores:
                return  # all of them have it
            wanted = ImportImage(
                image_id=image_id, method=method["name"], stores=stores,
                must_succeed=req.json.get("all_stores_must_succeed", True),
                url=method.get("uri", ""), place=_place(method))
            wanted_status = _METHODS[method["name"]][1]
            if image.status != wanted_status:
                images.set_status(session, image, wanted_status)
            import_image.start(
                self._env, session, image, wanted, req.ctx,
                type="api_image_import", input=_input(req.json, image_id))
        self._env.tasks.wake()

    def _check_method(self, method: dict[str, Any]) -> None:
        """Raise BadRequest unless data may be had that way."""
        name = method["name"]
        offered = self._env.conf.imagestore.import_methods
        if name not in offered or name not in _METHODS:
            raise exceptions.MethodNotOffered(
                method=name, known=", ".join(offered))
        for member in _NEEDED.get(name, ()):
            if member not in method:
                raise common_exceptions.BadRequest(
                    reason=f"body: method.{member} is missing")
        if name == "web-download":
            fetch.check(method["uri"], self._env.web)
        if name == "glance-download" and not _UUID.fullmatch(
                method["glance_image_id"]):
            # These words are what clients know.
            raise common_exceptions.BadRequest(
                reason="body: method.glance_image_id: image id does not "
                       "look like a UUID")

    def _check(self, session: Any, image: Image, method: str) -> None:
        wanted = _METHODS[method][0]
        busy = bool(image.importing_to)
        staged = method != "glance-direct" or data.staging(
            session, image.id) is not None
        if busy:
            raise exceptions.BeingImported(image_id=image.id)
        if image.status != wanted or not staged:
            raise exceptions.NotStaged(
                image_id=image.id, status=image.status, method=method,
                wanted=wanted)
        if method != "glance-download" and not (
                image.container_format and image.disk_format):
            raise exceptions.FormatsUnsetForImport()

    def _stores(self, body: dict[str, Any], session: Any,
                image: Image) -> list[str]:
        """Return the stores that are asked for, without those that have it.

        """
        stores = self._env.stores
        if body.get("all_stores") and "stores" in body:
            raise common_exceptions.BadRequest(
                reason="body: all_stores and stores exclude each other")
        if body.get("all_stores"):
            named = stores.all_writable()
        else:
            named = body.get("stores", [stores.default])
            for name in named:
                if name not in stores.all_writable():
                    raise exceptions.StoreNotOffered(
                        store=name, known=", ".join(stores.all_writable()))
        have = {row.store or stores.default
                for row in data.of_image(session, image.id)}
        if not body.get("all_stores") and have & set(named):
            raise common_exceptions.BadRequest(
                reason="body: stores: the image is in "
                       f"{', '.join(sorted(have & set(named)))} already")
        return [name for name in dict.fromkeys(named) if name not in have]

    @wsgi.handler()
    def tasks(self, req: wsgi.Request, image_id: str) -> dict[str, Any]:
        with self._env.db.reader() as session:
            access.find(req, session, image_id, policies.GET_IMAGE_TASKS)
            rows = tasks.of_image(session, image_id)
        return {"tasks": [view(row) for row in rows]}


def _authorize(req: wsgi.Request, image: Image) -> None:
    """Raise Forbidden unless the sender may import this image."""
    target = {"project_id": image.project_id}
    req.authorize(policies.IMPORT, target)
    if image.project_id != req.ctx.project_id and (
            req.json["method"]["name"] == "copy-image"):
        req.authorize(policies.COPY, target)


def _place(method: dict[str, Any]) -> dict[str, str]:
    """Return the fields of the Place that glance-download names."""
    if method["name"] != "glance-download":
        return {}
    return {"region": method["glance_region"],
            "interface": method.get("glance_service_interface", "public"),
            "image_id": method["glance_image_id"]}


def _input(body: dict[str, Any], image_id: str) -> dict[str, Any]:
    return {"image_id": image_id, "import_req": body,
            "backend": body.get("stores", [])}


def view(row: ImageTask) -> dict[str, Any]:
    """Return a task as the API shows it."""
    return {
        "id": row.id, "type": row.type, "status": row.status,
        "owner": row.project_id, "user_id": row.user_id,
        "image_id": row.image_id, "request_id": row.request_id,
        "input": row.input, "result": row.result, "message": row.message,
        "created_at": views.time(row.created_at),
        "updated_at": views.time(row.updated_at),
        "expires_at": row.expires_at and views.time(row.expires_at),
        "self": f"/v2/tasks/{row.id}", "schema": "/v2/schemas/task",
    }
