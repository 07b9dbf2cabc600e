"""Forwards a guest's request to compute, and says whose it is."""

import collections
import contextlib
import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cachetools
import requests
import webob

from common import concurrency, exceptions
from common.secret import Secret

LOG = logging.getLogger(__name__)

#: What a guest says of itself is dropped, but for these headers.
_PASSED = ("Accept", "Content-Type", "User-Agent", "Metadata-Flavor",
           "X-aws-ec2-metadata-token",
           "X-aws-ec2-metadata-token-ttl-seconds")
_RETURNED = ("Content-Type", "ETag", "Last-Modified", "Retry-After")
_METHODS = ("GET", "HEAD", "POST", "PUT")
_MAX_PATH = 2048
_MAX_BODY = 64 << 10
_MAX_REPLY = 1 << 20
#: To connect, and between two parts of the reply.
_TIMEOUT_S = (3, 10)
#: For all of a request, the guest's own slowness included.
_TOTAL_S = 30
#: Requests in progress: those forwarded, and those of one guest.
_AT_ONCE = 8
_AT_ONCE_EACH = 4

#: Network and address to the guest: server_id, project_id, port_id.
Find = Callable[[str, str], dict[str, str]]


class Proxy:
    """Answers the guests of one network."""

    def __init__(self, network_id: str, find: Find, *, url: str,
                 secret: Secret, rate: int,
                 total_s: float = _TOTAL_S) -> None:
        """Forward to ``url``, ``rate`` requests a second of each guest.

        :param total_s: that a request may take
        """
        self._network_id = network_id
        self._find = find
        self._url = url.rstrip("/")
        self._secret = secret
        self._limit = Limit(rate)
        self._session = requests.Session()
        self._session.trust_env = False
        self._slots = concurrency.Semaphore(_AT_ONCE)
        self._total_s = total_s
        #: By address, how many requests are in progress.
        self._busy: collections.Counter[str] = collections.Counter()

    def __call__(self, environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
        req = webob.Request(environ)
        try:
            response = self._answer_in_time(req)
        except exceptions.ServiceError as error:
            response = webob.Response(
                status=error.status, text=str(error),
                content_type="text/plain")
            response.headers.update(error.headers)
        return response(environ, start_response)

    def _answer_in_time(self, req: webob.Request) -> webob.Response:
        address = req.environ["REMOTE_ADDR"]
        self._limit.count(address)
        try:
            with self._turn(address), concurrency.Timeout(self._total_s):
                return self._answer(req, address)
        except TimeoutError:
            LOG.warning("A request of %s on network %s took too long",
                        address, self._network_id)
            raise exceptions.ServiceUnavailable() from None

    @contextlib.contextmanager
    def _turn(self, address: str) -> Iterator[None]:
        """Keep one guest from taking all the slots."""
        if self._busy[address] >= _AT_ONCE_EACH:
            raise exceptions.TooManyRequests(retry_after=1)
        self._busy[address] += 1
        try:
            yield
        finally:
            self._busy[address] -= 1
            if not self._busy[address]:
                del self._busy[address]

    def _answer(self, req: webob.Request, address: str) -> webob.Response:
        path = _path(req)
        if req.method not in _METHODS:
            raise exceptions.MethodNotAllowed(
                method=req.method, allowed=", ".join(_METHODS))
        try:
            guest = self._find(self._network_id, address)
        except exceptions.NotFound:
            raise exceptions.NotFound() from None
        return self._forward(req, path, address, guest)

    def _forward(self, req: webob.Request, path: str, address: str,
                 guest: dict[str, str]) -> webob.Response:
        headers = {name: req.headers[name] for name in _PASSED
                   if name in req.headers}
        headers |= self._identity(address, guest)
        headers["Accept-Encoding"] = "identity"
        body = _body(req)
        try:
            with self._slots, self._session.request(
                    req.method, self._url + path, data=body or None,
                    headers=headers, timeout=_TIMEOUT_S,
                    allow_redirects=False, stream=True) as got:
                said = _reply(got)
        except requests.RequestException as error:
            LOG.warning("The metadata service is away: %s", error)
            raise exceptions.ServiceUnavailable() from None
        response = webob.Response(status=got.status_code, body=said)
        del response.headers["Content-Type"]
        for name in _RETURNED:
            if name in got.headers:
                response.headers[name] = got.headers[name]
        return response

    def _identity(self, address: str,
                  guest: dict[str, str]) -> dict[str, str]:
        """Return the headers that tell compute, signed, who asks."""
        server_id = guest["server_id"]
        signature = hmac.new(self._secret.reveal().encode(),
                             server_id.encode(), hashlib.sha256)
        return {"X-Forwarded-For": address, "X-Instance-ID": server_id,
                "X-Tenant-ID": guest["project_id"],
                "X-Instance-ID-Signature": signature.hexdigest()}


def _body(req: webob.Request) -> bytes:
    try:
        body: bytes = req.body_file.read(_MAX_BODY + 1)
    except TimeoutError:
        raise
    except OSError:
        raise exceptions.BadRequest(reason="body: not whole") from None
    if len(body) > _MAX_BODY:
        raise exceptions.OverLimit(reason="The body is too large.")
    return body


def _reply(got: requests.Response) -> bytes:
    said = bytearray()
    for part in got.iter_content(64 << 10):
        said += part
        if len(said) > _MAX_REPLY:
            LOG.error("The metadata service says more than %d bytes",
                      _MAX_REPLY)
            raise exceptions.ServiceUnavailable()
    return bytes(said)


def _path(req: webob.Request) -> str:
    """Return the path and query as the guest sent them."""
    path = req.environ.get("RAW_PATH_INFO") or req.environ["PATH_INFO"]
    if req.query_string:
        path += f"?{req.query_string}"
    if len(path) > _MAX_PATH or not path.startswith("/") or not (
            path.isascii() and path.isprintable()):
        raise exceptions.BadRequest(reason="path: not a path")
    return path


class Limit:
    """How often each guest may ask."""

    def __init__(self, rate: int, guests: int = 4096) -> None:
        self._rate = rate
        #: By address, what is left of its second, and since when.
        self._left: cachetools.LRUCache = cachetools.LRUCache(guests)

    def count(self, address: str) -> None:
        """Raise TooManyRequests for one request too many."""
        now = time.monotonic()
        left, since = self._left.get(address, (self._rate, now))
        left = min(self._rate, left + (now - since) * self._rate)
        if left < 1:
            raise exceptions.TooManyRequests(retry_after=1)
        self._left[address] = (left - 1, now)
