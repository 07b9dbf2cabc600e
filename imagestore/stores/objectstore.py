"""Images as large objects in an object store, found in the catalog.

The data of key K are the segments ``K/00001`` and so on, and a static large
object K that names them, which is made last: what has no such object is not
whole. They lie in one container of the service's own account.
"""

import contextlib
import hashlib
import json
import urllib.parse
import uuid
from collections.abc import Iterator
from typing import Any

import requests
import urllib3
from keystoneauth1 import exceptions as ksa
from oslo_config import cfg

from common import clients, concurrency
from imagestore import conf as conf_options
from imagestore import exceptions
from imagestore.stores import base

_MIB = 1 << 20
#: More than that no object may have.
_MOST_SEGMENT = 5 << 30
#: A segment may have this part of what is there already, so that 1,000
#: segments are enough for any image.
_PART = 100
_FULL = (413, 507)
_AGAIN = [500, 502, 503, 504]
_TRIES = 3
_LISTED = 1000


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn what the other service or the way to it says into our errors.

    :raises FileNotFoundError: if a thing is not there
    """
    try:
        yield
    except ksa.NotFound as error:
        raise FileNotFoundError(str(error)) from error
    except ksa.HttpError as error:
        if error.http_status in _FULL:
            raise exceptions.StoreFull() from error
        raise exceptions.StoreAway() from error
    except (ksa.ClientException, requests.RequestException,
            urllib3.exceptions.HTTPError, OSError) as error:
        raise exceptions.StoreAway() from error


class Container:
    """Requests about one container of the service's account."""

    def __init__(self, service: clients.Clients, name: str) -> None:
        self._service = service
        self.name = name
        self._path = f"/{urllib.parse.quote(name, safe='')}"

    def request(self, method: str, name: str = "",
                **kwargs: Any) -> requests.Response:
        """Ask, and ask again while the other side is only busy.

        Not for what may not be done twice.
        """
        options = {"status_code_retries": _TRIES,
                   "retriable_status_codes": _AGAIN} | kwargs
        with _translated():
            answer: requests.Response = self._service.object.request(
                f"{self._path}/{name}" if name else self._path, method,
                log=False, **options)
            return answer

    def send(self, name: str, parts: Iterator[bytes]) -> str:
        """Make an object of what can be read once; return its MD5."""
        answer = self.request(
            "PUT", name, data=parts, status_code_retries=0,
            connect_retries=0, allow_reauth=False,
            headers={"Content-Type": "application/octet-stream"})
        return str(answer.headers.get("ETag", "")).strip('"').lower()

    def listed(self, prefix: str) -> list[str]:
        """Return names that begin with ``prefix``: some, if there are any.
        """
        try:
            answer = self.request("GET", params={
                "prefix": prefix, "format": "json", "limit": str(_LISTED)})
        except FileNotFoundError:
            return []
        return [each["name"] for each in answer.json()]


class _Segment:
    """One object being sent while its bytes come in."""

    def __init__(self, container: Container, name: str) -> None:
        self._container = container
        self.name = name
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._queue = concurrency.Queue(1)
        self._error: Exception | None = None
        self._thread = concurrency.spawn(self._run)

    @property
    def etag(self) -> str:
        """MD5 of what was written."""
        return self._md5.hexdigest()

    def write(self, chunk: memoryview) -> None:
        """Add to it; raise what went wrong with what was before."""
        # It is sent later, when its memory holds something else.
        self._queue.put(bytes(chunk))
        self.size += len(chunk)
        concurrency.blocking(self._md5.update, chunk)
        self._check()

    def finish(self) -> None:
        """Return once it is stored."""
        self._queue.put(None)
        self._thread.wait()
        self._check()

    def close(self) -> None:
        """Break it off, if it is not stored."""
        self._thread.kill()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        left = True

        def parts() -> Iterator[bytes]:
            nonlocal left
            while (chunk := self._queue.get()) is not None:
                yield chunk
            left = False
        try:
            etag = self._container.send(self.name, parts())
            if left or etag != self.etag:
                raise exceptions.StoreAway()
        except Exception as error:
            self._error = error
        while left:
            left = self._queue.get() is not None


class StagedObject(base.Staged):
    """Segments, and at last what names them."""

    def __init__(self, store: "ObjectStore", key: str,
                 segment_bytes: int) -> None:
        self._store = store
        self._key = key
        self._segment_bytes = segment_bytes
        self._segments: list[_Segment] = []
        self._size = 0
        self._room = 0
        self._finished = False

    def write(self, chunk: bytes | memoryview) -> None:
        left = memoryview(chunk)
        while left:
            if not self._room:
                self._next()
            part, left = left[:self._room], left[self._room:]
            self._segments[-1].write(part)
            self._size += len(part)
            self._room -= len(part)

    def _next(self) -> None:
        if self._segments:
            self._segments[-1].finish()
        number = len(self._segments) + 1
        self._segments.append(_Segment(
            self._store.container, f"{self._key}/{number:05d}"))
        self._room = min(_MOST_SEGMENT, max(
            self._segment_bytes, self._size // _PART))

    def finish(self) -> None:
        if self._segments:
            self._segments[-1].finish()
            self._name_segments()
        else:
            self._store.container.request("PUT", self._key, data=b"")
        self._finished = True

    def _name_segments(self) -> None:
        """Make the large object.

        The store refuses unless all segments are there: so data that were
        given up meanwhile, and removed, do not come back.
        """
        container = self._store.container
        manifest = [{"path": f"/{container.name}/{each.name}",
                     "etag": each.etag, "size_bytes": each.size}
                    for each in self._segments]
        container.request(
            "PUT", self._key, params={"multipart-manifest": "put"},
            data=json.dumps(manifest),
            headers={"Content-Type": "application/octet-stream"})

    def close(self) -> None:
        segments, self._segments = self._segments, []
        for each in segments[-1:]:
            each.close()
        if segments and not self._finished:
            # What cannot be removed now is left to the collector.
            with contextlib.suppress(exceptions.StoreAway):
                self._store.delete(self._key)


class OpenedObject(base.Opened):
    """An object being read, best from its start to its end."""

    def __init__(self, container: Container, key: str) -> None:
        self._container = container
        self._key = key
        head = container.request("HEAD", key)
        self.size = int(head.headers["Content-Length"])
        self._at = -1
        self._body: Any = None

    def read(self, offset: int, length: int) -> bytes:
        assert self.size is not None
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        for _ in range(_TRIES):
            if offset != self._at:
                self._begin(offset)
            with contextlib.suppress(exceptions.StoreAway), _translated():
                part: bytes = self._body.read(length, decode_content=False)
                if part:
                    self._at += len(part)
                    return part
            self.close()
        raise exceptions.StoreAway()

    def _begin(self, offset: int) -> None:
        self.close()
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self._container.request(
            "GET", self._key, stream=True,
            headers=headers | {"Accept-Encoding": "identity"})
        if offset and answer.status_code != 206:
            answer.close()
            raise exceptions.StoreAway()  # these are bytes of another place
        self._body = answer.raw
        self._at = offset

    def close(self) -> None:
        if self._body is not None:
            # What is left of it is not worth to be read to its end.
            self._body.close()
            self._body = None
        self._at = -1


class ObjectStore(base.ImageStore):
    """Large objects named by id."""

    green = True

    def __init__(self, service: clients.Clients, container: str,
                 segment_mib: int) -> None:
        self.container = Container(service, container)
        self._segment_bytes = segment_mib * _MIB

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts, name: str) -> "ObjectStore":
        own = conf[conf_options.store_group(name)]
        return cls(clients.Clients(conf, "imagestore"), own.container,
                   own.segment_mib)

    def prepare(self) -> None:
        """Do nothing: the object store may start later."""

    def stage(self, key: str) -> StagedObject:
        self.container.request("PUT")
        return StagedObject(self, _name(key), self._segment_bytes)

    def open(self, key: str) -> OpenedObject:
        return OpenedObject(self.container, _name(key))

    def delete(self, key: str) -> None:
        name = _name(key)
        with contextlib.suppress(FileNotFoundError):
            self.container.request(
                "DELETE", name, params={"multipart-manifest": "delete"})
        # What was never whole has segments alone. Only when none is there
        # can none be named, whoever is still at it.
        while found := self.container.listed(name):
            if not sum([self._remove(each) for each in found]):
                # Some stores list for a while what is gone: come back later.
                raise exceptions.StoreAway()

    def _remove(self, name: str) -> bool:
        """Remove an object; say whether it was there."""
        try:
            self.container.request("DELETE", name)
        except FileNotFoundError:
            return False
        return True

    def url(self, key: str) -> str:
        return f"object-store://{self.container.name}/{key}"


def _name(key: str) -> str:
    return str(uuid.UUID(key))
