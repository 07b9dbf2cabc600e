"""Where the data of an image lie."""

import hashlib
from typing import Any

from common import db, fetch, wsgi
from common import exceptions as common_exceptions
from imagestore import exceptions
from imagestore.api import access
from imagestore.db import data, images, tasks
from imagestore.db.models import Data, Image
from imagestore.env import Env
from imagestore.policies import stores as policies
from imagestore.schemas import imports as schemas
from imagestore.tasks.add_location import AddLocation


class Locations:
    """Handlers of /v2/images/{image_id}/locations."""

    def __init__(self, env: Env) -> None:
        self._env = env

    def routes(self) -> list[wsgi.Route]:
        path = "/v2/images/{image_id}/locations"
        return [("POST", path, self.add), ("GET", path, self.index)]

    @wsgi.handler(body=schemas.LOCATION, status=202)
    def add(self, req: wsgi.Request, image_id: str) -> None:
        """Use data that are on a web server, and stay there."""
        with self._env.db.reader() as session:
            image = access.find(
                req, session, image_id, policies.ADD_LOCATION)
        store = self._env.stores.of_kind("http")
        if store is None:
            raise common_exceptions.BadRequest(
                reason="body: url: no store takes it")
        algo, value = _promised(req.json.get("validation_data") or {})
        url = req.json["url"]
        fetch.check(url.partition("#")[0], self._env.web)
        limits = self._env.quotas.limits(image.project_id)
        with self._env.db.writer() as session:
            image = images.get(session, image_id, lock=True)
            self._env.quotas.check(session, image.project_id, limits,
                                   "image_count_uploading",
                                   "image_size_total")
            if image.status != "queued":
                raise exceptions.WrongStatus(
                    status=image.status, wanted="importing")
            if not (image.container_format and image.disk_format):
                raise exceptions.FormatsUnset()
            row = self._record(session, image, store.name, url)
            wanted = AddLocation(
                image_id=image_id, data_id=row.id, hash_algo=algo,
                hash_value=value, secure=self._env.conf.imagestore.secure_hash)
            tasks.add(
                session, self._env.conf.imagestore.imports_per_project,
                id=wanted.id, image_id=image_id, project_id=image.project_id,
                type="location_import", user_id=req.ctx.user_id,
                request_id=req.ctx.request_id,
                input={"image_id": image_id, "loc_url": url,
                       "validation_data": req.json.get("validation_data")})
            self._env.tasks.add(session, wanted)
        self._env.tasks.wake()

    def _record(self, session: Any, image: Image, store: str,
                url: str) -> Data:
        data.doom(session, Data.image_id == image.id,
                  Data.state == "refused")
        row = Data(id=db.new_id(), image_id=image.id, state="live",
                   owner="", store=store, url=url, expires_at=db.epoch())
        session.add(row)
        images.set_status(session, image, "importing")
        image.data_id = row.id
        return row

    @wsgi.handler()
    def index(self, req: wsgi.Request, image_id: str) -> list[Any]:
        with self._env.db.reader() as session:
            access.find(req, session, image_id, policies.GET_LOCATIONS)
            rows = data.best(session, image_id, self._env.stores)
        return [self._view(row) for row in rows]

    def _view(self, row: Data) -> dict[str, Any]:
        name = row.store or self._env.stores.default
        return {
            "url": self._env.stores.get(name).driver.url(row.key),
            "metadata": (row.notes or {}) | {"store": name}}


def _promised(said: dict[str, Any]) -> tuple[str, str | None]:
    """Return algorithm and digest that the data must have."""
    algo, value = said.get("os_hash_algo"), said.get("os_hash_value")
    if algo is None and value is None:
        return "sha512", None
    if algo is None or value is None:
        raise common_exceptions.BadRequest(
            reason="body: validation_data: os_hash_algo and os_hash_value "
                   "need each other")
    digits = hashlib.new(algo).digest_size * 2
    if len(value) != digits:
        raise common_exceptions.BadRequest(
            reason=f"body: validation_data.os_hash_value: {algo} has "
                   f"{digits} digits")
    return algo, value
