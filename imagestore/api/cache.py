"""The cache of the host that answers, for administrators."""

from typing import Any

from common import exceptions as common_exceptions
from common import wsgi
from imagestore.api import views
from imagestore.cache import Cache
from imagestore.db import data, images
from imagestore.env import Env
from imagestore.policies import stores as policies

_TARGET = "x-image-cache-clear-target"
_TARGETS = {"": ["cached", "queued"], "cache": ["cached"],
            "queue": ["queued"]}


class CacheAPI:
    """Handlers of /v2/cache."""

    def __init__(self, env: Env, cache: Cache) -> None:
        self._env = env
        self._cache = cache

    def routes(self) -> list[wsgi.Route]:
        one = "/v2/cache/{image_id}"
        return [
            ("GET", "/v2/cache", self.index),
            ("DELETE", "/v2/cache", self.clear),
            ("PUT", one, self.queue),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.CACHE_LIST)
        rows = self._cache.listed()
        return {
            "cached_images": [
                {"image_id": row.image_id, "hits": row.hits,
                 "size": row.size,
                 "last_accessed": views.time(row.last_accessed),
                 "last_modified": views.time(row.last_modified)}
                for row in rows if row.state == "cached"],
            "queued_images": [
                row.image_id for row in rows if row.state == "queued"]}

    @wsgi.handler(status=204)
    def clear(self, req: wsgi.Request) -> None:
        req.authorize(policies.CACHE_DELETE)
        target = req.headers.get(_TARGET, "").lower()
        if target not in _TARGETS:
            raise common_exceptions.BadRequest(
                reason=f"{_TARGET}: allowed are cache and queue")
        self._cache.clear(_TARGETS[target])

    @wsgi.handler(status=202)
    def queue(self, req: wsgi.Request, image_id: str) -> None:
        """Have an active image copied to this host."""
        req.authorize(policies.CACHE_IMAGE)
        with self._env.db.reader() as session:
            image = images.get(session, image_id)
        if image.status not in data.HAS_DATA:
            raise common_exceptions.BadRequest(
                reason=f"An image of status {image.status} has no data.")
        self._cache.queue(image_id)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, image_id: str) -> None:
        """Remove this host's copy of an image, if there is one."""
        req.authorize(policies.CACHE_DELETE)
        with self._env.db.reader() as session:
            images.get(session, image_id)
        self._cache.remove(image_id)
