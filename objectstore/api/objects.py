"""Objects: PUT, GET, POST, COPY and DELETE of the bytes and their names."""

import mimetypes
import urllib.parse
import uuid
from collections.abc import Iterator
from typing import Any

from common import db, wsgi
from common import exceptions as common_exceptions
from objectstore import exceptions, metadata, names
from objectstore.api import conditions, headers
from objectstore.api.access import Access
from objectstore.blobs import Reader, Store
from objectstore.collector import Collector
from objectstore.db import objects
from objectstore.db.models import Blob, Object
from objectstore.db.objects import Place
from objectstore.uploads import Uploads, Wanted

#: Kept with an object beside its metadata, and told with its bytes.
_OTHERS = ("Content-Encoding", "Content-Disposition", "Cache-Control",
           "Content-Language", "Expires")
_DEFAULT_TYPE = "application/octet-stream"
_MOST_TYPE = 255
#: A path in a header, each byte of it quoted.
_MOST_PATH = 3 * (256 + 1024) + 2


class Objects:
    """Handlers of /v1/{account}/{container}/{object}."""

    def __init__(self, database: db.Database, store: Store,
                 uploads: Uploads, collector: Collector) -> None:
        self._db = database
        self._store = store
        self._uploads = uploads
        self._collector = collector
        self._access = Access(database)

    def routes(self) -> list[wsgi.Route]:
        path = "/v1/{account}/{container}/{name:[\\s\\S]+}"
        return [
            ("PUT", path, self.create),
            ("GET", path, self.show),
            ("POST", path, self.update),
            ("COPY", path, self.copy),
            ("DELETE", path, self.delete),
        ]

    @wsgi.handler(stream=True)
    def create(self, req: wsgi.Request, account: str, container: str,
               name: str) -> wsgi.Response:
        """Store the body, or what X-Copy-From names."""
        self._access.write(req, account, container)
        place = _place(account, container, name)
        if "X-Copy-From" in req.headers:
            return self._copy_from(req, place)
        only_new = _wants_new(req)
        if req.content_length is None and not req.environ.get(
                "HTTP_TRANSFER_ENCODING"):
            raise common_exceptions.LengthRequired()
        wanted = Wanted(
            place=place, content_type=_content_type(req, name),
            headers=objects_headers(req), length=req.content_length,
            etag=req.headers.get("ETag", "").strip('"').lower() or None,
            only_new=only_new)
        self._check_container(wanted)
        return _created(self._uploads.receive(
            wanted, req.environ["wsgi.input"]))

    def _check_container(self, wanted: Wanted) -> None:
        """Fail before the bytes are sent rather than after."""
        with self._db.reader() as session:
            objects.check_room(
                session, wanted.place, only_new=wanted.only_new)

    @wsgi.handler(stream=True, public=True)
    def show(self, req: wsgi.Request, account: str, container: str,
             name: str) -> wsgi.Response:
        """Send the bytes, or ranges of them, if the conditions hold.

        To strangers too, if an ACL of the container lets them.
        """
        self._access.read(req, account, container)
        place = _place(account, container, name)
        tried = None
        while True:
            with self._db.reader() as session:
                found, blob = objects.with_blob(session, place)
            try:
                return self._show(req, found, blob)
            except exceptions.Damaged:
                # Unless it was replaced and collected since it was found.
                if blob.id == tried:
                    raise
            tried = blob.id

    def _show(self, req: wsgi.Request, found: Object,
              blob: Blob) -> wsgi.Response:
        modified = headers.last_modified(found.updated_at)
        if not conditions.check(req, found):
            response = wsgi.Response(status=304)
            _describe(response, found, modified)
            return response
        ranges = conditions.ranges(req, found, modified)
        if req.method == "HEAD":
            return _whole(found, modified, ())
        assert blob.sums is not None
        reader = self._store.open(
            blob.id, blob.nodes, found.size, blob.sums)
        reader.check(ranges[0][0] if ranges else 0)
        if ranges is None:
            return _whole(found, modified, _closing(
                reader, reader.part(0, found.size)))
        return _partial(found, modified, reader, ranges)

    @wsgi.handler(status=202)
    def update(self, req: wsgi.Request, account: str, container: str,
               name: str) -> None:
        """Replace all of the object's metadata."""
        self._access.write(req, account, container)
        place = _place(account, container, name)
        said = objects_headers(req)
        with self._db.writer() as session:
            found = objects.find(session, place)
            found.headers = said
            if _given_type(req):
                found.content_type = _content_type(req, name)
            found.updated_at = db.utcnow()

    @wsgi.handler()
    def copy(self, req: wsgi.Request, account: str, container: str,
             name: str) -> wsgi.Response:
        """Give the object a second name, which Destination says."""
        self._access.read(req, account, container)
        source = _place(account, container, name)
        target = _named(req, "Destination", "Destination-Account", account)
        self._access.write(req, target.account, target.container)
        return self._copy(req, source, target)

    def _copy_from(self, req: wsgi.Request, target: Place) -> wsgi.Response:
        source = _named(req, "X-Copy-From", "X-Copy-From-Account",
                        target.account)
        self._access.read(req, source.account, source.container)
        if req.content_length:
            raise common_exceptions.BadRequest(
                reason="Copy requests require a zero byte body")
        return db.retrying(self._copy, req, source, target)

    def _copy(self, req: wsgi.Request, source: Place,
              target: Place) -> wsgi.Response:
        if "Range" in req.headers:
            raise common_exceptions.BadRequest(
                reason="Range: only whole objects are copied")
        said = headers.said(req, "Object", _OTHERS)
        fresh = req.headers.get("X-Fresh-Metadata", "").lower() == "true"
        with self._db.writer() as session:
            old = objects.find(session, source)
            shown = headers.last_modified(old.updated_at)
            if not conditions.check(req, old):
                raise common_exceptions.PreconditionFailed()
            if not objects.add_reference(session, old.blob_id):
                raise db.Retryable()  # it is being replaced
            made = objects.put(session, target, objects.Content(
                blob_id=old.blob_id, size=old.size, etag=old.etag,
                content_type=_given_type(req) or old.content_type,
                headers=metadata.merged({} if fresh else old.headers, said)))
        self._collector.wake()
        response = _created(made)
        headers.tell(response, {
            "X-Copied-From": urllib.parse.quote(
                f"{source.container}/{source.name}"),
            "X-Copied-From-Account": source.account,
            "X-Copied-From-Last-Modified": shown})
        headers.tell(response, made.headers)
        return response

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, account: str, container: str,
               name: str) -> None:
        """Forget the name; the bytes go as soon as may be."""
        self._access.write(req, account, container)
        with self._db.writer() as session:
            objects.delete(session, _place(account, container, name))
        self._collector.wake()


def objects_headers(req: wsgi.Request) -> dict[str, str]:
    """Return what is said of an object; nothing means not at all."""
    return metadata.merged({}, headers.said(req, "Object", _OTHERS))


def _place(account: str, container: str, name: str) -> Place:
    names.check_container(container)
    names.check_object(name)
    return Place(account, container, name)


def _named(req: wsgi.Request, header: str, account_header: str,
           account: str) -> Place:
    """Return the place that a header names as ``container/object``."""
    try:
        text = urllib.parse.unquote(headers.decoded(
            req.headers.get(header, ""), header, _MOST_PATH),
            errors="strict")
    except UnicodeDecodeError:
        raise common_exceptions.PreconditionFailed() from None
    container, _, name = text.lstrip("/").partition("/")
    if not (container and name):
        raise common_exceptions.PreconditionFailed()
    return _place(req.headers.get(account_header) or account,
                  container, name)


def _wants_new(req: wsgi.Request) -> bool:
    wanted = req.headers.get("If-None-Match")
    if wanted is not None and wanted.strip() != "*":
        raise common_exceptions.BadRequest(
            reason="If-None-Match: a PUT takes only *")
    return wanted is not None


def _given_type(req: wsgi.Request) -> str | None:
    """Return the type that was sent; the server makes one up otherwise."""
    sent = req.environ.get("headers_raw")
    if sent is not None and not any(
            name.lower() == "content-type" for name, _ in sent):
        return None
    given = req.headers.get("Content-Type", "")
    return headers.decoded(given, "Content-Type", _MOST_TYPE) or None


def _content_type(req: wsgi.Request, name: str) -> str:
    said = _given_type(req)
    if not said or req.headers.get(
            "X-Detect-Content-Type", "").lower() in ("true", "1", "on"):
        return mimetypes.guess_type(name)[0] or _DEFAULT_TYPE
    return said


def _created(made: Object) -> wsgi.Response:
    response = wsgi.Response(status=201)
    headers.tell(response, {
        "ETag": made.etag, "X-Timestamp": headers.timestamp(made.updated_at),
        "Last-Modified": headers.last_modified(made.updated_at)})
    return response


def _describe(response: wsgi.Response, found: Object,
              modified: str) -> None:
    headers.tell(response, found.headers | {
        "Content-Type": found.content_type, "ETag": found.etag,
        # Anybody's bytes: no page to be made of what does not say so.
        "X-Content-Type-Options": "nosniff",
        "Last-Modified": modified, "Accept-Ranges": "bytes",
        "X-Timestamp": headers.timestamp(found.updated_at)})


def _closing(reader: Reader, parts: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from parts
    finally:
        reader.close()


def _whole(found: Object, modified: str, body: Any) -> wsgi.Response:
    response = wsgi.Response(app_iter=body)
    _describe(response, found, modified)
    response.content_length = found.size
    return response


def _partial(found: Object, modified: str, reader: Reader,
             ranges: list[tuple[int, int]]) -> wsgi.Response:
    """Return one range as it is, several in parts."""
    if len(ranges) == 1:
        start, end = ranges[0]
        response = wsgi.Response(
            status=206, app_iter=_closing(reader, reader.part(start, end)))
        _describe(response, found, modified)
        response.headers["Content-Range"] = _content_range(found, start, end)
        response.content_length = end - start
        return response
    boundary = uuid.uuid4().hex
    heads = [_part_head(found, boundary, start, end)
             for start, end in ranges]
    tail = f"--{boundary}--".encode()
    response = wsgi.Response(status=206, app_iter=_closing(
        reader, _parts(reader, ranges, heads, tail)))
    _describe(response, found, modified)
    response.headers["Content-Type"] = (
        f"multipart/byteranges;boundary={boundary}")
    response.content_length = len(tail) + sum(
        len(head) + end - start + 2
        for head, (start, end) in zip(heads, ranges, strict=True))
    return response


def _content_range(found: Object, start: int, end: int) -> str:
    return f"bytes {start}-{end - 1}/{found.size}"


def _part_head(found: Object, boundary: str, start: int,
               end: int) -> bytes:
    return (f"--{boundary}\r\nContent-Type: {found.content_type}\r\n"
            f"Content-Range: {_content_range(found, start, end)}\r\n\r\n"
            ).encode()


def _parts(reader: Reader, ranges: list[tuple[int, int]],
           heads: list[bytes], tail: bytes) -> Iterator[bytes]:
    for head, (start, end) in zip(heads, ranges, strict=True):
        yield head
        yield from reader.part(start, end)
        yield b"\r\n"
    yield tail
