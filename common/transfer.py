"""Bulk data between sockets, files and memory, at the speed of the machine.

Native threads move them, and wait a moment for a peer that nearly keeps up;
for those who are slower than that, green threads wait.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import eventlet
from eventlet import patcher

from common import concurrency

_select = patcher.original("select")

#: Bytes that one call into a native thread moves at most.
_MOST = 64 << 20
#: How long a native thread waits for a peer, and how many may at a time.
_PATIENCE_MS = 20
_turns = concurrency.Semaphore(4)


def plain_socket(environ: dict[str, Any]) -> Any:
    """Return the socket beneath a request, None if it is not a bare one."""
    return plain(environ.get("common.socket"))


def plain(sock: Any) -> Any:
    """Return ``sock`` if what it says goes out as it is, else None."""
    return sock if type(sock) is eventlet.greenio.GreenSocket else None


def send_file(sock: Any, fd: int, start: int, end: int) -> Iterator[bytes]:
    """Send a part of a file without looking at it; yields nothing.

    For the end of a body, after a first chunk was yielded, with which the
    server sends the headers.

    :raises OSError: if the peer is gone, or slower than the idle time
    """
    # Of its own: were this green thread killed, the native one would go on
    # with a number that may be another file's by then.
    with open(os.dup(fd), "rb", buffering=0) as file:
        while start < end:
            start += _with_patience(
                _send, sock.fd, file, start, min(end - start, _MOST))
            if start < end:
                _wait(sock, write=True)
    yield from ()


def receive(sock: Any, view: memoryview) -> int:
    """Fill the view from a socket; return how many bytes came to its end.

    :raises OSError: if the peer is gone, or slower than the idle time
    """
    got = 0
    while got < len(view):
        more, ended = _with_patience(_receive, sock.fd, view[got:])
        got += more
        if ended:
            break
        if got < len(view):
            _wait(sock, read=True)
    return got


def _with_patience(act: Any, *args: Any) -> Any:
    if not _turns.acquire(blocking=False):
        return concurrency.blocking(act, *args, 0)
    try:
        return concurrency.blocking(act, *args, _PATIENCE_MS)
    finally:
        _turns.release()


def _wait(sock: Any, **what: bool) -> None:
    eventlet.hubs.trampoline(
        sock, timeout=sock.gettimeout(), timeout_exc=TimeoutError, **what)


def _becomes_ready(sock: Any, event: int, patience_ms: int) -> bool:
    poll = _select.poll()
    poll.register(sock, event)
    return bool(patience_ms and poll.poll(patience_ms))


def _send(sock: Any, file: Any, start: int, length: int,
          patience_ms: int) -> int:
    """Send until the peer has enough for now; return how many bytes."""
    sent = 0
    while sent < length:
        try:
            done = os.sendfile(
                sock.fileno(), file.fileno(), start + sent, length - sent)
        except BlockingIOError:
            if _becomes_ready(sock, _select.POLLOUT, patience_ms):
                continue
            break
        if not done:
            raise OSError("the file ended before its time")
        sent += done
    return sent


def _receive(sock: Any, view: memoryview,
             patience_ms: int) -> tuple[int, bool]:
    """Receive what there is; return how much, and whether it is the end."""
    got = 0
    while got < len(view):
        with contextlib.suppress(BlockingIOError):
            more = sock.recv_into(view[got:])
            got += more
            if not more:
                return got, True
            continue
        if not _becomes_ready(sock, _select.POLLIN, patience_ms):
            break
    return got, False
