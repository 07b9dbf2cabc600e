"""Requests to places that users name: the one way out for them.

Everything is refused that could reach what only this machine reaches: each
address a name stands for must be a public one, and the connection goes to
an address that was checked, not to what the name means a moment later.
"""

import contextlib
import dataclasses
import ipaddress
import socket
import time
import urllib.parse
from collections.abc import Sequence
from typing import Any

import urllib3

from common import concurrency, exceptions

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 3
_CONNECT_S = 10
_IDLE_S = 60
#: For the head of an answer, which may come byte by byte.
_HEAD_S = 30
_MOST_ADDRESSES = 3
_URL_MAX = 2048
#: All that is handed out in IPv6. Beside it are site-local addresses, and
#: those that lead to others of IPv4.
_UNICAST = ipaddress.ip_network("2000::/3")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(exceptions.BadRequest):
    """The address is not one to be asked."""

    message = "The URL does not pass filtering: {reason}."


class Failed(exceptions.BadRequest):
    """What was asked did not answer as it should."""

    message = "The URL could not be read: {reason}."


@dataclasses.dataclass(frozen=True)
class Rules:
    """Where requests may go.

    :param allowed: networks that may be asked though they are private
    :param denied: networks that may not though they are public
    :param most_s: seconds that one request may take in all
    """

    ports: Sequence[int] = (80, 443)
    allowed: Sequence[str] = ()
    denied: Sequence[str] = ()
    most_s: float = 6 * 3600

    def check_address(self, address: str) -> None:
        """Raise Refused unless the address may be asked."""
        found = ipaddress.ip_address(address.partition("%")[0])
        if _within(found, self.allowed):
            return
        if not _is_public(found) or _within(found, self.denied):
            raise Refused(reason="its host is not a public one")


def _within(address: Address, networks: Sequence[str]) -> bool:
    return any(address in ipaddress.ip_network(each) for each in networks)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (
            address not in _UNICAST or address.sixtofour
            or address.teredo):
        return False
    return address.is_global and not address.is_multicast


@dataclasses.dataclass(frozen=True)
class Target:
    """A URL that may be asked, taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: list[str]


def check(url: str, rules: Rules) -> Target:
    """Return where ``url`` leads, or raise Refused."""
    scheme, host, port, path = _parts(url)
    if port not in rules.ports:
        raise Refused(reason=f"port {port} is not allowed")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused(reason="its host is not known") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    for address in addresses:
        rules.check_address(address)
    return Target(scheme, host, port, path, addresses)


def _parts(url: str) -> tuple[str, str, int, str]:
    if len(url) > _URL_MAX or not url.isascii() or any(
            each <= " " for each in url):
        raise Refused(reason="it is too long or holds odd characters")
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused(reason="it is no URL") from None
    if parts.scheme not in ("http", "https"):
        raise Refused(reason="only http and https are allowed")
    if not parts.hostname or "@" in parts.netloc or "\\" in url:
        raise Refused(reason="a host, and no user, must be named")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (parts.scheme, parts.hostname,
            port or {"http": 80, "https": 443}[parts.scheme], path)


class Fetched:
    """The body of an answer, read once from its start."""

    def __init__(self, answer: Any, pool: Any, deadline: float) -> None:
        self._answer = answer
        self._pool = pool
        self._deadline = deadline
        length = answer.headers.get("Content-Length", "")
        said = length.isdecimal() and len(length) < 20
        #: Bytes to come, None if that is not said.
        self.size = int(length) if said else None

    def read(self, length: int) -> bytes:
        """Return ``length`` bytes, or fewer at the end."""
        got = bytearray()
        while len(got) < length:
            # What comes drop by drop must not outlive its time either.
            if time.monotonic() > self._deadline:
                raise Failed(reason="it took too long")
            part = self._read_some(length - len(got))
            if not part:
                break
            got += part
        return bytes(got)

    def _read_some(self, length: int) -> bytes:
        try:
            part: bytes = self._answer.read1(length, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Failed(reason=_kind(error)) from error
        return part or b""

    def close(self) -> None:
        """Let go of the connection; may be repeated."""
        with contextlib.suppress(Exception):
            self._answer.close()
        self._pool.close()


def get(url: str, rules: Rules, *, start: int = 0) -> Fetched:
    """Ask for what is at ``url``, from byte ``start`` on.

    It blocks; under eventlet, only the green thread that calls.

    :raises Refused: if the URL, or one it leads to, may not be asked
    :raises Failed: if there is no proper answer
    """
    deadline = time.monotonic() + rules.most_s
    for _ in range(_MOST_REDIRECTS + 1):
        answer, pool = _ask(check(url, rules), start)
        if answer.status == (206 if start else 200):
            return Fetched(answer, pool, deadline)
        found = answer.headers.get("Location", "")
        answer.close()
        pool.close()
        if answer.status not in _REDIRECTS or not found:
            raise Failed(reason=f"it answers with status {answer.status}")
        url = urllib.parse.urljoin(url, found)
    raise Failed(reason="it leads to too many others")


def _ask(target: Target, start: int) -> tuple[Any, Any]:
    headers = {"Host": _host_header(target), "Accept-Encoding": "identity",
               "User-Agent": "pileus"}
    if start:
        headers["Range"] = f"bytes={start}-"
    error: Exception | None = None
    for address in target.addresses[:_MOST_ADDRESSES]:
        pool = _pool(target, address)
        try:
            with concurrency.Timeout(_HEAD_S):
                return pool.request(
                    "GET", target.path, headers=headers, redirect=False,
                    retries=False, preload_content=False,
                    decode_content=False), pool
        except (urllib3.exceptions.HTTPError, OSError) as failed:
            pool.close()
            error = failed
    raise Failed(reason=_kind(error)) from error


def _pool(target: Target, address: str) -> Any:
    timeout = urllib3.Timeout(connect=_CONNECT_S, read=_IDLE_S)
    if target.scheme == "http":
        return urllib3.HTTPConnectionPool(
            address, target.port, timeout=timeout, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        address, target.port, timeout=timeout, maxsize=1,
        cert_reqs="CERT_REQUIRED", server_hostname=target.host,
        assert_hostname=target.host)


def _host_header(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    usual = {"http": 80, "https": 443}[target.scheme]
    return host if target.port == usual else f"{host}:{target.port}"


def _kind(error: BaseException | None) -> str:
    """Return words for the user: nothing of what the network looks like."""
    if isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)):
        return "it does not answer in time"
    if isinstance(error, urllib3.exceptions.SSLError):
        return "its certificate is not trusted"
    return "the connection failed"


