"""The bytes of an image."""

from typing import Any

from common import exceptions as common_exceptions
from common import wsgi
from imagestore import downloads, exceptions
from imagestore.api import access
from imagestore.db import data
from imagestore.db.models import Data as Row
from imagestore.db.models import Image
from imagestore.env import Env
from imagestore.policies import images as policies
from imagestore.stores.base import Opened
from imagestore.stores.registry import Store

_TYPE = "application/octet-stream"
#: The limit on what images of a status have in all.
_TOTALS = {"saving": "image_size_total", "uploading": "image_stage_total"}
_STORE_HEADER = "X-Image-Meta-Store"


class Data:
    """Handlers of /v2/images/{image_id}/file and stage."""

    def __init__(self, env: Env) -> None:
        self._db = env.db
        self._stores = env.stores
        self._uploads = env.uploads
        self._quotas = env.quotas
        self._cache = env.cache
        self._downloads = downloads.Downloads()

    def routes(self) -> list[wsgi.Route]:
        one = "/v2/images/{image_id}"
        return [
            ("PUT", f"{one}/file", self.upload),
            ("GET", f"{one}/file", self.download),
            ("PUT", f"{one}/stage", self.stage),
        ]

    @wsgi.handler(stream=True, status=204)
    def upload(self, req: wsgi.Request, image_id: str) -> None:
        """Store the body as the data of a queued image."""
        image = self._for_data(req, image_id, "saving")
        if not (image.container_format and image.disk_format):
            raise exceptions.FormatsUnset()
        store = self._stores.writable(req.headers.get(_STORE_HEADER))
        self._uploads.receive(
            image, req.environ["wsgi.input"], req.content_length, store)

    @wsgi.handler(stream=True, status=204)
    def stage(self, req: wsgi.Request, image_id: str) -> None:
        """Keep the body until the image is imported."""
        image = self._for_data(req, image_id, "uploading")
        self._uploads.stage(
            image, req.environ["wsgi.input"], req.content_length)

    def _for_data(self, req: wsgi.Request, image_id: str,
                  status: str) -> Image:
        image, _ = self._find(req, image_id, policies.UPLOAD)
        if req.content_type != _TYPE:
            raise common_exceptions.UnsupportedMediaType(
                content_type=req.content_type or "(none)", allowed=_TYPE)
        if image.status != "queued":
            raise exceptions.WrongStatus(status=image.status, wanted=status)
        limits = self._quotas.limits(image.project_id)
        with self._db.reader() as session:
            self._quotas.check(session, image.project_id, limits,
                               "image_count_uploading", _TOTALS[status])
        return image

    @wsgi.handler(stream=True)
    def download(self, req: wsgi.Request,
                 image_id: str) -> wsgi.Response | None:
        """Send the data, or the one range of them that is asked for."""
        image, rows = self._find(req, image_id, policies.DOWNLOAD)
        if image.status == "deactivated" and not req.allowed(
                policies.DOWNLOAD_DEACTIVATED,
                {"project_id": image.project_id}):
            raise exceptions.Deactivated()
        if image.status not in data.HAS_DATA:
            return wsgi.Response(status=204)
        kept = self._cache and self._cache.open(image_id)
        store, opened = kept or self._open(rows)
        if self._cache and not kept and store.kind != "file":
            self._cache.queue(image_id)
        try:
            return self._response(req, image, store, opened)
        except BaseException:
            store.call(opened.close)
            raise

    def _open(self, rows: list[Row]) -> tuple[Store, Opened]:
        """Open the best data that can be: stores may be away."""
        error: Exception = downloads.Corrupt()
        for row in rows:
            try:
                store = self._stores.get(row.store or self._stores.default)
                return store, store.open(row.key)
            except (OSError, common_exceptions.ServiceError) as failed:
                error = failed
        raise error

    def _find(self, req: wsgi.Request, image_id: str,
              rule: str) -> tuple[Image, list[Row]]:
        with self._db.reader() as session:
            image = access.find(req, session, image_id, rule)
            if rule != policies.DOWNLOAD:
                return image, []
            return image, data.best(session, image_id, self._stores)

    def _response(self, req: wsgi.Request, image: Image, store: Store,
                  opened: Opened) -> wsgi.Response:
        size = image.size if opened.size is None else opened.size
        if size is None or (image.size is not None and size != image.size):
            raise downloads.Corrupt()
        start, end = _range(req, size)
        body: Any = ()
        if req.method == "HEAD":
            store.call(opened.close)
        else:
            digest = None
            if image.hash_algo and image.hash_value:
                digest = image.hash_algo, image.hash_value
            body = self._downloads.stream(
                store, opened, start, end, digest, req.environ)
        response = wsgi.Response(app_iter=body, content_type=_TYPE)
        response.content_length = end - start
        response.headers["Accept-Ranges"] = "bytes"
        if (start, end) != (0, size):
            response.status = 206
            response.headers["Content-Range"] = (
                f"bytes {start}-{end - 1}/{size}")
        else:
            response.headers["Content-MD5"] = image.checksum or ""
        return response


def _range(req: wsgi.Request, size: int) -> tuple[int, int]:
    """Return the first byte that is asked for, and that after the last."""
    if "Range" not in req.headers:
        return 0, size
    found = req.range and req.range.range_for_length(size)
    if not found:
        raise exceptions.RangeUnsatisfiable(size=size)
    start, end = found
    return start, end
