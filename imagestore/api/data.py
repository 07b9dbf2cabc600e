"""The bytes of an image."""

from typing import Any

from common import concurrency, db, wsgi
from common import exceptions as common_exceptions
from imagestore import downloads, exceptions
from imagestore.api import access
from imagestore.db.models import Image
from imagestore.policies import images as policies
from imagestore.stores.base import ImageStore, Opened
from imagestore.uploads import Uploads

_TYPE = "application/octet-stream"


class Data:
    """Handlers of /v2/images/{image_id}/file."""

    def __init__(self, database: db.Database, store: ImageStore,
                 uploads: Uploads) -> None:
        self._db = database
        self._store = store
        self._uploads = uploads

    def routes(self) -> list[wsgi.Route]:
        path = "/v2/images/{image_id}/file"
        return [
            ("PUT", path, self.upload),
            ("GET", path, self.download),
        ]

    @wsgi.handler(stream=True, status=204)
    def upload(self, req: wsgi.Request, image_id: str) -> None:
        """Store the body as the data of a queued image."""
        image = self._find(req, image_id, policies.UPLOAD)
        if req.content_type != _TYPE:
            raise common_exceptions.UnsupportedMediaType(
                content_type=req.content_type or "(none)", allowed=_TYPE)
        if image.status != "queued":
            raise exceptions.WrongStatus(
                status=image.status, wanted="saving")
        if not (image.container_format and image.disk_format):
            raise exceptions.FormatsUnset()
        self._uploads.receive(
            image, req.environ["wsgi.input"], req.content_length)

    @wsgi.handler(stream=True)
    def download(self, req: wsgi.Request,
                 image_id: str) -> wsgi.Response | None:
        """Send the data, or the one range of them that is asked for."""
        image = self._find(req, image_id, policies.DOWNLOAD)
        if image.status == "deactivated" and not req.allowed(
                policies.DEACTIVATE, {"project_id": image.project_id}):
            raise exceptions.Deactivated()
        if image.status not in ("active", "deactivated"):
            return wsgi.Response(status=204)
        assert image.data_id
        opened = concurrency.blocking(self._store.open, image.data_id)
        try:
            return _response(req, image, opened)
        except BaseException:
            opened.close()
            raise

    def _find(self, req: wsgi.Request, image_id: str, rule: str) -> Image:
        with self._db.reader() as session:
            return access.find(req, session, image_id, rule)


def _response(req: wsgi.Request, image: Image,
              opened: Opened) -> wsgi.Response:
    if opened.size != image.size:
        raise downloads.Corrupt()
    start, end = _range(req, opened.size)
    body: Any = ()
    if req.method == "HEAD":
        opened.close()
    else:
        body = downloads.stream(opened, start, end, image.hash_value)
    response = wsgi.Response(app_iter=body, content_type=_TYPE)
    response.content_length = end - start
    response.headers["Accept-Ranges"] = "bytes"
    if (start, end) != (0, opened.size):
        response.status = 206
        response.headers["Content-Range"] = (
            f"bytes {start}-{end - 1}/{opened.size}")
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
