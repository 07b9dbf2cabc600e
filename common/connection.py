"""Connections of clients: requests in, answers out (HTTP/1.1).

In place of ``eventlet.wsgi.HttpProtocol``, at half its cost: a head is read
whole, and that of the answer goes out together with what follows it.
"""

import functools
import io
import logging
import sys
import time
import wsgiref.handlers
from collections.abc import Callable, Iterable
from typing import Any

import eventlet
import eventlet.wsgi
from eventlet.green import socket

from common import bodies, concurrency, heads

LOG = logging.getLogger(__name__)

#: What is read of a connection at a time, unless more is asked for.
_BUFFER = 16384
#: Bytes that are copied, so that they go out in one piece with a head.
_SMALL = 65536
_GONE = (ConnectionError, TimeoutError)
#: Seconds after which others get their turn between two requests.
_TURN_S = 0.005


class Connection:
    """One connection, from its first request to its last.

    :param state: its address, socket and state, which eventlet's server
        looks at and sets to end connections
    """

    def __init__(self, state: list[Any], server: Any) -> None:
        self._state = state
        self._app = server.app
        self._sock: Any = state[1]
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = self._sock.makefile("rb", _BUFFER)
        self._buffered = 0
        self._turn_at = time.monotonic()
        self._surroundings = _surroundings(self._sock, state[0])
        try:
            while self._serve():
                self._let_others_in()
                if state[2] == eventlet.wsgi.STATE_CLOSE:
                    break
                state[2] = eventlet.wsgi.STATE_IDLE
        except OSError as error:
            LOG.debug("%s: %r", state[0], error)
        finally:
            # Else it stays open for as long as anybody knows the request.
            self._input.close()

    def _serve(self) -> bool:
        """Answer one request; say whether another may follow."""
        try:
            head = self._read_head()
            if not head:
                return False
            self._state[2] = eventlet.wsgi.STATE_REQUEST
            environ = heads.parse(head) | self._surroundings
        except heads.Refused as error:
            self._sock.sendall(
                f"HTTP/1.1 {error.status}\r\nContent-Length: 0\r\n"
                "Connection: close\r\n\r\n".encode())
            return False
        answer = Answer(self._state, environ)
        body = bodies.of(
            environ, bodies.Wire(self._sock, self._input, self._buffered),
            answer.go_on)
        environ["wsgi.input"] = (
            io.BufferedReader(body) if body else io.BytesIO())
        answer.give(self._app)
        if body is None or not answer.keeps_open:
            return answer.keeps_open
        with concurrency.Timeout(self._sock.gettimeout()):
            return body.discard()

    def _let_others_in(self) -> None:
        """Wait a turn: the next request may be here, and need no wait."""
        if time.monotonic() - self._turn_at > _TURN_S:
            concurrency.sleep()
            self._turn_at = time.monotonic()

    def _read_head(self) -> bytes:
        """Return the next request's head; nothing if there is none."""
        seen: bytes = self._input.peek(1)
        size = heads.end_of(seen)
        if size < 0 and seen:
            # Who sends a head bit by bit is not idle, and never ends.
            with concurrency.Timeout(self._sock.gettimeout()):
                return self._read_slowly()
        self._buffered = len(seen) - size
        read: bytes = self._input.read(max(size, 0))
        return read

    def _read_slowly(self) -> bytes:
        head, size = b"", -1
        while size < 0:
            more = self._input.peek(1)
            if not more:
                return b""
            size = heads.end_of(head + more, len(head))
            taken = len(more) if size < 0 else size - len(head)
            self._buffered = len(more) - taken
            head += self._input.read(taken)
        return head


def _surroundings(sock: Any, address: Any) -> dict[str, Any]:
    """Return what all requests of a connection have in common."""
    host, port = sock.getsockname()[:2]
    return {
        "SERVER_NAME": host, "SERVER_PORT": str(port),
        "REMOTE_ADDR": address[0], "REMOTE_PORT": str(address[1]),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr, "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False,
        "wsgi.input_terminated": True, "common.socket": sock}


class Answer:
    """What goes back for one request.

    :param state: that of its connection
    """

    def __init__(self, state: list[Any], environ: dict[str, Any]) -> None:
        self._state = state
        self._sock = state[1]
        self._environ = environ
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._sent = self._chunked = self._bodyless = False
        #: Whether the peer may send another request.
        self.keeps_open = _keeps_open(environ)

    def go_on(self) -> None:
        """Tell the peer, who waits for it, to send the body."""
        if not self._sent:
            del self._environ["HTTP_EXPECT"]
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def give(self, app: Callable[..., Any]) -> None:
        """Send what the application says."""
        result: Any = None
        try:
            result = app(self._environ, self._start)
            if isinstance(result, (list, tuple)):
                self._send_whole(b"".join(result))
            else:
                self._send_parts(result)
        except (Exception, eventlet.Timeout) as error:
            if self._sent and isinstance(error, _GONE):
                raise  # of the peer, most likely
            LOG.exception("%s %a was not answered",
                          self._environ["REQUEST_METHOD"],
                          self._environ["PATH_INFO"])
            self._give_up()
        finally:
            if hasattr(result, "close"):
                result.close()

    def _start(self, status: str, headers: list[tuple[str, str]],
               exc_info: Any = None) -> Callable[[bytes], None]:
        if self._sent:
            raise exc_info[1] if exc_info else AssertionError(
                "the answer was begun before")
        self._status, self._headers = status, headers
        self._bodyless = (
            status.startswith(("204", "304", "1"))
            or self._environ["REQUEST_METHOD"] == "HEAD")
        return self._send_part

    def _send_whole(self, data: bytes) -> None:
        if self._sent:
            return self._send_parts([data])
        if self._bodyless:
            self._send_with_head(self._head(None), b"")
        else:
            self._send_with_head(self._head(len(data)), data)

    def _send_parts(self, parts: Iterable[bytes]) -> None:
        for part in parts:
            if part:
                self._send_part(part)
        if not self._sent:
            self._send_whole(b"")
        elif self._chunked:
            self._sock.sendall(b"0\r\n\r\n")

    def _send_part(self, part: bytes) -> None:
        head = b"" if self._sent else self._head(None)
        if self._bodyless:
            part = b""
        elif self._chunked:
            part = b"%x\r\n%b\r\n" % (len(part), part)
        self._send_with_head(head, part)

    def _send_with_head(self, head: bytes, data: bytes) -> None:
        self._sent = True
        if len(data) > _SMALL and head:
            self._sock.sendall(head)
            head = b""
        self._sock.sendall(head + data if head else data)

    def _head(self, length: int | None) -> bytes:
        """Return the head of the answer.

        :param length: of the body, if it is known
        :raises ValueError: if a header would become two, or has characters
            that none may have
        """
        lines = [f"HTTP/1.1 {self._status}"]
        names = set()
        for name, value in self._headers:
            names.add(name.lower())
            lines.append(f"{name}: {value}")
        if "date" not in names:
            lines.append(_date(int(time.time())))
        if "content-length" not in names:
            lines += self._framing(length)
        if ("HTTP_EXPECT" in self._environ
                or self._state[2] == eventlet.wsgi.STATE_CLOSE):
            # Nobody knows whether the body comes after all; or the server
            # stops, and what would come next would be lost.
            self.keeps_open = False
        if not self.keeps_open:
            lines.append("Connection: close")
        elif self._environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        text = "\r\n".join([*lines, "\r\n"])
        if text.count("\n") != len(lines) + 1 or text.count("\r") != (
                len(lines) + 1) or "\0" in text:
            raise ValueError("a header of the answer has more than a line")
        return text.encode("latin-1")

    def _framing(self, length: int | None) -> list[str]:
        """Return how the peer can tell the end of the body."""
        if self._bodyless:
            return []
        if length is not None:
            return [f"Content-Length: {length}"]
        if self._environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            self.keeps_open = False
            return []
        self._chunked = True
        return ["Transfer-Encoding: chunked"]

    def _give_up(self) -> None:
        self.keeps_open = False
        if not self._sent:
            self._start("500 Internal Server Error", [])
            self._send_whole(b"")


def _keeps_open(environ: dict[str, Any]) -> bool:
    """Say whether the peer may send another request."""
    said = environ.get("HTTP_CONNECTION", "").lower()
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        return "keep-alive" in said
    return "close" not in said


@functools.lru_cache(1)
def _date(second: int) -> str:
    return f"Date: {wsgiref.handlers.format_date_time(second)}"
