"""The servers that ask, found and known for a moment."""

import dataclasses
import hashlib
import hmac
import time

import cachetools
from oslo_config import cfg

from common import db, exceptions
from compute import exceptions as compute_exceptions
from compute import spec as specs
from compute import specs as spec_views
from compute.db.cell import servers
from compute.db.cell.models import Server

#: Seconds that an answer may be old.
_FRESH_S = 5
_KNOWN_SERVERS = 2000
#: Requests that one server may make in a second.
_RATE = 50


@dataclasses.dataclass(frozen=True)
class Asker:
    """A server, with what only the EC2 form tells of it."""

    spec: specs.ServerSpec
    public_ipv4: str
    groups: list[str]


class Askers:
    """Checks who asks, and finds their data."""

    def __init__(self, conf: cfg.ConfigOpts, cell: db.Database,
                 secret: str) -> None:
        """:param secret: the key with which the proxies sign"""
        if not secret:
            raise ValueError("[metadata] shared_secret is not set")
        self._conf = conf
        self._cell = cell
        self._secret = secret.encode()
        self._known: cachetools.TTLCache[str, Asker] = cachetools.TTLCache(
            _KNOWN_SERVERS, _FRESH_S)
        #: Requests by server and second.
        self._asked: cachetools.LRUCache[tuple[str, int], int] = (
            cachetools.LRUCache(_KNOWN_SERVERS))

    def find(self, server_id: str, project_id: str,
             signature: str) -> Asker:
        """Return who asks.

        :raises Forbidden: if the proxy did not sign it
        :raises NotFound: if the server is not, or not of that project
        :raises TooManyRequests: if it asks too often
        """
        expected = hmac.new(
            self._secret, server_id.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise exceptions.Forbidden(rule="metadata")
        self._limit(server_id)
        asker = self._known.get(server_id) or self._load(server_id)
        if not hmac.compare_digest(asker.spec.project_id.encode(),
                                   project_id.encode()):
            raise exceptions.NotFound()
        return asker

    def _limit(self, server_id: str) -> None:
        key = server_id, int(time.monotonic())
        count = self._asked.get(key, 0) + 1
        if count > _RATE:
            raise exceptions.TooManyRequests(retry_after=1)
        self._asked[key] = count

    def _load(self, server_id: str) -> Asker:
        try:
            with self._cell.reader() as session:
                found = _asker(servers.get(session, server_id), self._conf)
        except compute_exceptions.ServerNotFound:
            raise exceptions.NotFound() from None
        self._known[server_id] = found
        return found


def _asker(server: Server, conf: cfg.ConfigOpts) -> Asker:
    floating = [ip["floating"] for nic in server.nics
                for ip in nic.floating_ips]
    groups = dict.fromkeys(group["name"] for nic in server.nics
                           for group in nic.security_groups)
    return Asker(spec_views.of(server, conf),
                 floating[0] if floating else "", list(groups))
