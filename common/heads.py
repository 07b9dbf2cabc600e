"""Heads of HTTP/1.1 requests (RFC 9112), as WSGI has them.

Strict: what two readers could understand differently is refused, for one of
them may be a proxy that let the request pass.
"""

import functools
import re
import urllib.parse
from typing import Any

#: Bytes of a request's first line, of each other line, and of all.
MAX_URL, MAX_LINE, MAX_HEAD = 8192, 16384, 65536

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_START = re.compile(
    rf"({_TOKEN}) ([\x21-\x7e\x80-\xff]+) HTTP/([0-9])\.([0-9])\r\n")
_FIELD = re.compile(
    rf"({_TOKEN}):([^\x00-\x08\x0a-\x1f\x7f]*)\r\n")
_FIELDS = re.compile(
    rf"(?:{_TOKEN}:[^\x00-\x08\x0a-\x1f\x7f]*\r\n)*\r\n")
_ABSOLUTE = re.compile(r"(?i:https?)://([^/?#]+)(.*)")
_LENGTH = re.compile(r"[0-9]{1,18}")
#: Links are made of it, so it is a name or an address, and a port.
_HOST = re.compile(r"[0-9A-Za-z._~!$&'()*+,;=%:\[\]-]*")

#: Of these, a second one could mean something else to another reader.
_ONCE = {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_HOST",
         "HTTP_TRANSFER_ENCODING"}
_NO_PREFIX = {"HTTP_CONTENT_LENGTH": "CONTENT_LENGTH",
              "HTTP_CONTENT_TYPE": "CONTENT_TYPE"}


class Refused(Exception):
    """The request is not to be answered but with this status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


def end_of(head: bytes, seen: int = 0) -> int:
    """Return the length of the head, or -1 if its end is yet to come.

    :param seen: bytes that have been looked at before
    :raises Refused: if it is too long already, or no head
    """
    end = head.find(b"\r\n\r\n", max(0, seen - 3))
    size = len(head) if end < 0 else end + 4
    if size > MAX_HEAD:
        raise Refused("431 Request Header Fields Too Large")
    if end < 0:
        first = head.find(b"\n", 0, MAX_URL)
        if first < 0 and size >= MAX_URL:
            raise Refused("414 URI Too Long")
        if head.count(b"\n") != head.count(b"\r\n"):
            raise Refused("400 Bad Request")
        return -1
    return size


def parse(head: bytes) -> dict[str, Any]:
    """Return what a whole head adds to the environment of its request.

    :raises Refused: if it breaks a rule of the protocol, or our limits
    """
    text = head.decode("latin-1")
    start = _START.match(text)
    if start is None or not _FIELDS.fullmatch(text, start.end()):
        raise Refused("400 Bad Request")
    method, target, major, minor = start.groups()
    if major != "1":
        raise Refused("505 HTTP Version Not Supported")
    if start.end() > MAX_URL:
        raise Refused("414 URI Too Long")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "",
        "SERVER_PROTOCOL": "HTTP/1.0" if minor == "0" else "HTTP/1.1"}
    _add_fields(environ, _FIELD.findall(text, start.end()))
    _add_target(environ, target)
    _check_framing(environ)
    return environ


def _add_fields(environ: dict[str, Any],
                fields: list[tuple[str, str]]) -> None:
    for name, value in fields:
        if len(value) > MAX_LINE:
            raise Refused("431 Request Header Fields Too Large")
        key = _key(name)
        if key is None:
            continue
        value = value.strip(" \t")
        if key in environ:
            if key in _ONCE:
                raise Refused("400 Bad Request")
            value = f"{environ[key]},{value}"
        environ[key] = value


@functools.lru_cache(512)
def _key(name: str) -> str | None:
    """Return the name in WSGI, None where another would have the same."""
    if "_" in name:
        return None
    key = "HTTP_" + name.upper().replace("-", "_")
    return _NO_PREFIX.get(key, key)


def _add_target(environ: dict[str, Any], target: str) -> None:
    if not target.startswith("/") and target != "*":
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise Refused("400 Bad Request")
        environ["HTTP_HOST"], target = absolute.groups()
    path, _, query = target.partition("?")
    if path.startswith("//"):
        # Else links made of it would lead to another host.
        path = "/" + path.lstrip("/")
    environ["RAW_PATH_INFO"] = path or "/"
    environ["PATH_INFO"] = (
        urllib.parse.unquote(path, "latin-1") if "%" in path else path or "/")
    environ["QUERY_STRING"] = query


def _check_framing(environ: dict[str, Any]) -> None:
    """Refuse a request of which others could see another end."""
    length = environ.get("CONTENT_LENGTH")
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    modern = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    if length is not None and (
            coding is not None or not _LENGTH.fullmatch(length)):
        raise Refused("400 Bad Request")
    host = environ.get("HTTP_HOST")
    if (modern and host is None) or not _HOST.fullmatch(host or ""):
        raise Refused("400 Bad Request")
    if coding is not None and not modern:
        raise Refused("400 Bad Request")
    if coding is not None and coding.lower() != "chunked":
        raise Refused("501 Not Implemented")
