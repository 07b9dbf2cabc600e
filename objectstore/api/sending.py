"""Answers that hold an object: whole, or ranges of it."""

import dataclasses
import datetime
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from common import wsgi
from objectstore.api import headers
from objectstore.db.models import Object

STATIC = "X-Static-Large-Object"


class Source(Protocol):
    """What the bytes are read from."""

    def part(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to before ``end``."""

    def close(self) -> None:
        """Let go of it."""


@dataclasses.dataclass(frozen=True)
class Shown:
    """An object as its reader sees it.

    :param etag: MD5 of the bytes, or of a large object's segments' MD5s
    """

    size: int
    etag: str
    content_type: str
    headers: Mapping[str, str]
    updated_at: datetime.datetime
    large: bool = False

    @property
    def last_modified(self) -> str:
        """As the header has it."""
        return headers.last_modified(self.updated_at)

    @property
    def etag_header(self) -> str:
        """As the header has it: that of a large object is quoted."""
        return f'"{self.etag}"' if self.large else self.etag


class Text:
    """Bytes that are at hand, as a source."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def check(self, offset: int) -> None:
        """All can be read."""

    def part(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to before ``end``."""
        yield self._text[start:end]

    def close(self) -> None:
        """Nothing is held."""


class Reading:
    """The parts of a source, read as from a file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._left = b""

    def read(self, length: int) -> bytes:
        """Return up to ``length`` bytes; none at the end."""
        self._left = self._left or next(self._parts, b"")
        part, self._left = self._left[:length], self._left[length:]
        return part


def plain(found: Object, content_type: str | None = None,
          size: int | None = None, etag: str | None = None) -> Shown:
    """Return the object that a row is, its blob being its bytes.

    :param content_type: in place of its own; so are size and etag
    """
    return Shown(found.size if size is None else size, etag or found.etag,
                 content_type or found.content_type, _said(found),
                 found.updated_at)


def whole(found: Object) -> Shown:
    """Return what a row stands for, which may be a static large object."""
    if found.large_size is None or found.large_etag is None:
        return plain(found)
    return dataclasses.replace(
        plain(found), size=found.large_size, etag=found.large_etag,
        large=True)


def dynamic(found: Object, size: int, etag: str) -> Shown:
    """Return the dynamic large object that a row stands for."""
    return dataclasses.replace(
        plain(found), size=size, etag=etag, large=True)


def _said(found: Object) -> Mapping[str, str]:
    return found.headers | (
        {STATIC: "True"} if found.large_etag is not None else {})


def describe(response: wsgi.Response, shown: Shown) -> None:
    """Add the headers that say what the object is."""
    headers.tell(response, dict(shown.headers) | {
        "Content-Type": shown.content_type, "ETag": shown.etag_header,
        # Anybody's bytes: no page to be made of what does not say so.
        "X-Content-Type-Options": "nosniff",
        "Last-Modified": shown.last_modified, "Accept-Ranges": "bytes",
        "X-Timestamp": headers.timestamp(shown.updated_at)})


def not_modified(shown: Shown) -> wsgi.Response:
    """Return the answer to one who has this state of it already."""
    response = wsgi.Response(status=304)
    describe(response, shown)
    return response


def head(shown: Shown) -> wsgi.Response:
    """Return the answer without its body."""
    return _whole(shown, ())


def body(shown: Shown, source: Source,
         ranges: list[tuple[int, int]] | None) -> wsgi.Response:
    """Return the answer with all bytes, or ranges of them."""
    if ranges is None:
        return _whole(shown, _closing(source, source.part(0, shown.size)))
    if len(ranges) == 1:
        return _range(shown, source, *ranges[0])
    return _ranges(shown, source, ranges)


def _closing(source: Source, parts: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from parts
    finally:
        source.close()


def _whole(shown: Shown, parts: Any) -> wsgi.Response:
    response = wsgi.Response(app_iter=parts)
    describe(response, shown)
    response.content_length = shown.size
    return response


def _range(shown: Shown, source: Source, start: int,
           end: int) -> wsgi.Response:
    response = wsgi.Response(
        status=206, app_iter=_closing(source, source.part(start, end)))
    describe(response, shown)
    response.headers["Content-Range"] = _content_range(shown, start, end)
    response.content_length = end - start
    return response


def _ranges(shown: Shown, source: Source,
            ranges: list[tuple[int, int]]) -> wsgi.Response:
    boundary = uuid.uuid4().hex
    heads = [_part_head(shown, boundary, start, end)
             for start, end in ranges]
    tail = f"--{boundary}--".encode()
    response = wsgi.Response(status=206, app_iter=_closing(
        source, _parts(source, ranges, heads, tail)))
    describe(response, shown)
    response.headers["Content-Type"] = (
        f"multipart/byteranges;boundary={boundary}")
    response.content_length = len(tail) + sum(
        len(head) + end - start + 2
        for head, (start, end) in zip(heads, ranges, strict=True))
    return response


def _content_range(shown: Shown, start: int, end: int) -> str:
    return f"bytes {start}-{end - 1}/{shown.size}"


def _part_head(shown: Shown, boundary: str, start: int, end: int) -> bytes:
    return (f"--{boundary}\r\nContent-Type: {shown.content_type}\r\n"
            f"Content-Range: {_content_range(shown, start, end)}\r\n\r\n"
            ).encode()


def _parts(source: Source, ranges: list[tuple[int, int]],
           heads: list[bytes], tail: bytes) -> Iterator[bytes]:
    for part_head, (start, end) in zip(heads, ranges, strict=True):
        yield part_head
        yield from source.part(start, end)
        yield b"\r\n"
    yield tail
