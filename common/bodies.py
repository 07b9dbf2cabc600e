"""Bodies of HTTP/1.1 requests, read from a connection as they come."""

import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from common import concurrency, exceptions, transfer

#: Bytes of a line that says how long a chunk is, and of all trailers.
_MAX_LINE, _MAX_TRAILERS = 256, 16384
#: What is read at a time of what nobody wants.
_DISCARD = 65536
#: Bodies of more bytes come past the connection's buffer.
_LARGE = 1 << 20
#: Chunks after which others get their turn: all may be there already.
_TURN = 256
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00-\x08\x0a-\x1f]*)?"
                    rb"\r\n")


class Source(Protocol):
    """The buffered bytes of a connection."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer; return how many bytes there were to the end."""

    def readline(self, size: int) -> bytes:
        """Return a line, or its first ``size`` bytes."""


class Wire(NamedTuple):
    """Where bodies come from.

    :param buffered: bytes that the source has taken from the socket
    """

    sock: Any
    source: Source
    buffered: int


def of(environ: dict[str, Any], wire: Wire,
       go_on: Callable[[], None]) -> "Body | None":
    """Return the body of a request, None if it has none.

    :param go_on: tells a peer to send the body who waits to be told
    """
    expected = None
    # Peers of the old kind would take it for the answer.
    if (environ.get("HTTP_EXPECT", "").lower() == "100-continue"
            and environ["SERVER_PROTOCOL"] == "HTTP/1.1"):
        expected = go_on
    else:
        environ.pop("HTTP_EXPECT", None)
    if "HTTP_TRANSFER_ENCODING" in environ:
        return ChunkedBody(wire.source, expected)
    length = int(environ.get("CONTENT_LENGTH", 0))
    if length > _LARGE and transfer.plain(wire.sock):
        return LargeBody(wire, length, expected)
    return Body(wire.source, length, expected) if length else None


class BadChunks(exceptions.BadRequest):
    """The body's chunks are not what the protocol says."""

    message = "body: its chunks are broken"


class Body(io.RawIOBase):
    """A body of a known length; shorter, if the peer goes away."""

    def __init__(self, source: Source, length: int,
                 expected: Callable[[], None] | None) -> None:
        self._source = source
        self._left = length
        self._expected = expected
        self._lost = False

    def discard(self) -> bool:
        """Read what nobody wanted; say whether that went well."""
        buffer = None
        try:
            while not self._finished():
                buffer = buffer or bytearray(_DISCARD)
                if not self.readinto(buffer):
                    break
        except (BadChunks, exceptions.RequestTimeout):
            return False
        return self._finished()

    def _finished(self) -> bool:
        return not self._left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raise RequestTimeout if the peer is silent."""
        if self._lost:
            raise exceptions.RequestTimeout()
        try:
            if self._expected is not None:
                expected, self._expected = self._expected, None
                expected()
            return self._fill(memoryview(buffer))
        except (ConnectionError, TimeoutError) as error:
            self._lost = True
            raise exceptions.RequestTimeout() from error

    def _fill(self, view: memoryview) -> int:
        got = self._source.readinto(view[:self._left]) if self._left else 0
        self._left -= got
        return got


class LargeBody(Body):
    """A body that goes from the socket to where it stays."""

    def __init__(self, wire: Wire, length: int,
                 expected: Callable[[], None] | None) -> None:
        super().__init__(wire.source, length, expected)
        self._sock = wire.sock
        self._buffered = wire.buffered

    def _fill(self, view: memoryview) -> int:
        if self._buffered:
            got = super()._fill(view[:self._buffered])
            self._buffered -= got
            return got
        got = transfer.receive(self._sock, view[:self._left])
        self._left -= got
        return got


class ChunkedBody(Body):
    """A body that says how long it is as it comes."""

    def __init__(self, source: Source,
                 expected: Callable[[], None] | None) -> None:
        super().__init__(source, 0, expected)
        self._ended = False
        self._chunks = 0

    def _finished(self) -> bool:
        return self._ended

    def _fill(self, view: memoryview) -> int:
        """Read a part; raise BadChunks if it is cut, or no chunk."""
        if not self._left and not self._ended:
            self._begin()
        if self._ended:
            return 0
        got = self._source.readinto(view[:self._left])
        if not got:
            raise BadChunks()
        self._left -= got
        if not self._left and self._source.readline(2) != b"\r\n":
            raise BadChunks()
        return got

    def _begin(self) -> None:
        self._chunks += 1
        if self._chunks % _TURN == 0:
            concurrency.sleep()
        line = _CHUNK.fullmatch(self._source.readline(_MAX_LINE))
        if line is None:
            raise BadChunks()
        self._left = int(line[1], 16)
        if not self._left:
            self._skip_trailers()
            self._ended = True

    def _skip_trailers(self) -> None:
        room = _MAX_TRAILERS
        while room > 0:
            line = self._source.readline(room)
            if line == b"\r\n":
                return
            if not line.endswith(b"\r\n"):
                break
            room -= len(line)
        raise BadChunks()
