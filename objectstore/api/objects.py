"""Objects: PUT, GET, POST, COPY and DELETE of the bytes and their names."""

import hashlib
import mimetypes
import urllib.parse
from collections.abc import Callable
from typing import Any

from common import db, wsgi
from common import exceptions as common_exceptions
from objectstore import exceptions, large, manifests, metadata, names
from objectstore.api import conditions, headers, listings, sending
from objectstore.api.access import Access
from objectstore.api.manifests import Manifests
from objectstore.api.manifests import read as read_manifest
from objectstore.api.sending import Shown
from objectstore.blobs import Store
from objectstore.collector import Collector
from objectstore.db import objects
from objectstore.db.models import Blob, Object
from objectstore.db.objects import Place
from objectstore.uploads import Uploads, Wanted

#: Kept with an object beside its metadata, and told with its bytes.
_OTHERS = ("Content-Encoding", "Content-Disposition", "Cache-Control",
           "Content-Language", "Expires")
_DEFAULT_TYPE = "application/octet-stream"
_MANIFEST_TYPE = "application/json; charset=utf-8"
_MOST_TYPE = 255
#: A path in a header, each byte of it quoted.
_MOST_PATH = 3 * (256 + 1024) + 2

#: What the sender sees, and what opens its bytes.
Content = tuple[Shown, Callable[[], Any]]


class Objects:
    """Handlers of /v1/{account}/{container}/{object}."""

    def __init__(self, database: db.Database, store: Store,
                 uploads: Uploads, collector: Collector) -> None:
        self._db = database
        self._store = store
        self._uploads = uploads
        self._collector = collector
        self._access = Access(database)
        self._large = large.LargeObjects(database, store)
        self._manifests = Manifests(
            database, uploads, collector, self._large)

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
        """Store the body, or what X-Copy-From names.

        With ``multipart-manifest=put`` the body is the manifest of a large
        object.
        """
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
        if _manifest_query(req) == "put":
            return self._create_large(req, wanted)
        return _created(self._uploads.receive(
            wanted, req.environ["wsgi.input"]))

    def _create_large(self, req: wsgi.Request,
                      wanted: Wanted) -> wsgi.Response:
        if large.HEADER in wanted.headers:
            raise common_exceptions.BadRequest(
                reason=f"{large.HEADER}: the object has a manifest already")
        asked = read_manifest(req)
        for container in {each.container for each in asked}:
            self._access.read(req, wanted.place.account, container)
        return _created(self._manifests.create(wanted, asked))

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
                return self._show(req, account, found, blob)
            except exceptions.Damaged:
                # Unless it was replaced and collected since it was found.
                if blob.id == tried:
                    raise
            tried = blob.id

    def _show(self, req: wsgi.Request, account: str, found: Object,
              blob: Blob) -> wsgi.Response:
        shown, open_it = self._content(req, account, found, blob)
        if not conditions.check(req, shown):
            return sending.not_modified(shown)
        ranges = conditions.ranges(req, shown)
        if req.method == "HEAD":
            return sending.head(shown)
        source = open_it()
        source.check(ranges[0][0] if ranges else 0)
        return sending.body(shown, source, ranges)

    def _content(self, req: wsgi.Request, account: str, found: Object,
                 blob: Blob) -> Content:
        """Return what the object is for this request."""
        def allow(container: str) -> None:
            self._access.read(req, account, container)

        def own() -> Any:
            assert blob.sums is not None
            return self._store.open(
                blob.id, blob.nodes, found.size, blob.sums)

        asks_manifest = _manifest_query(req) == "get"
        if found.large_etag is not None:
            if asks_manifest:
                return self._manifest(req, found, blob, own)
            return sending.whole(found), lambda: self._large.static(
                account, self._large.manifest(found, blob), allow)
        if large.HEADER in found.headers and not asks_manifest:
            source, etag = self._large.dynamic(
                account, found.headers[large.HEADER], allow)
            return sending.dynamic(found, source.size, etag), lambda: source
        return sending.plain(found), own

    def _manifest(self, req: wsgi.Request, found: Object, blob: Blob,
                  own: Callable[[], Any]) -> Content:
        if req.GET.get("format") != "raw":
            return sending.plain(found, _MANIFEST_TYPE), own
        text = manifests.raw(self._large.manifest(found, blob))
        etag = hashlib.md5(text, usedforsecurity=False).hexdigest()
        return (sending.plain(found, _MANIFEST_TYPE, len(text), etag),
                lambda: sending.Text(text))

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

    @wsgi.handler(stream=True)
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
        return self._copy(req, source, target)

    def _copy(self, req: wsgi.Request, source: Place,
              target: Place) -> wsgi.Response:
        if "Range" in req.headers:
            raise common_exceptions.BadRequest(
                reason="Range: only whole objects are copied")
        with self._db.reader() as session:
            found, blob = objects.with_blob(session, source)
        shown, open_it = self._content(req, source.account, found, blob)
        if shown.large:
            old, made = found, self._copy_bytes(
                req, target, found, shown, open_it)
        else:
            old, made = db.retrying(self._share, req, source, target)
        self._collector.wake()
        response = _created(made)
        headers.tell(response, {
            "X-Copied-From": urllib.parse.quote(
                f"{source.container}/{source.name}"),
            "X-Copied-From-Account": source.account,
            "X-Copied-From-Last-Modified":
                headers.last_modified(shown.updated_at)})
        headers.tell(response, made.headers)
        return response

    def _copy_bytes(self, req: wsgi.Request, target: Place, found: Object,
                    shown: Shown, open_it: Callable[[], Any]) -> Object:
        """Make a plain object of what a large one stands for."""
        if not conditions.check(req, shown):
            raise common_exceptions.PreconditionFailed()
        said = _copied_headers(req, found)
        said.pop(large.HEADER, None)
        wanted = Wanted(
            place=target, headers=said, length=shown.size,
            content_type=_given_type(req) or found.content_type)
        self._check_container(wanted)
        source = open_it()
        try:
            return self._uploads.receive(
                wanted, sending.Reading(source.part(0, shown.size)))
        finally:
            source.close()

    def _share(self, req: wsgi.Request, source: Place,
               target: Place) -> tuple[Object, Object]:
        """Let both names have the same bytes; return old and new object."""
        with self._db.writer() as session:
            old = objects.find(session, source)
            if not conditions.check(req, sending.plain(old)):
                raise common_exceptions.PreconditionFailed()
            if not objects.add_reference(session, old.blob_id):
                raise db.Retryable()  # it is being replaced
            return old, objects.put(session, target, objects.Content(
                blob_id=old.blob_id, size=old.size, etag=old.etag,
                content_type=_given_type(req) or old.content_type,
                headers=_copied_headers(req, old),
                large_size=old.large_size, large_etag=old.large_etag))

    @wsgi.handler()
    def delete(self, req: wsgi.Request, account: str, container: str,
               name: str) -> wsgi.Response:
        """Forget the name; the bytes go as soon as may be.

        With ``multipart-manifest=delete`` all that a manifest names goes.
        """
        self._access.write(req, account, container)
        place = _place(account, container, name)
        if _manifest_query(req) == "delete":
            return self._manifests.delete(
                place, lambda each: self._access.write(req, account, each),
                lambda each: self._access.read(req, account, each),
            ).response(listings.text_or_json(req))
        with self._db.writer() as session:
            objects.delete(session, place)
        self._collector.wake()
        response = wsgi.Response(status=204)
        response.headers.pop("Content-Type", None)
        return response


def objects_headers(req: wsgi.Request) -> dict[str, str]:
    """Return what is said of an object; nothing means not at all."""
    said = metadata.merged({}, headers.said(
        req, "Object", (*_OTHERS, large.HEADER)))
    if large.HEADER in said:
        large.target(said[large.HEADER])
    return said


def _copied_headers(req: wsgi.Request, old: Object) -> dict[str, str]:
    fresh = req.headers.get("X-Fresh-Metadata", "").lower() == "true"
    said = headers.said(req, "Object", _OTHERS)
    kept = {name: value for name, value in old.headers.items()
            if not fresh or name == large.HEADER}
    return metadata.merged(kept, said)


def _manifest_query(req: wsgi.Request) -> str | None:
    found: str | None = req.GET.get("multipart-manifest")
    return found


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
        "ETag": sending.whole(made).etag_header,
        "X-Timestamp": headers.timestamp(made.updated_at),
        "Last-Modified": headers.last_modified(made.updated_at)})
    return response
