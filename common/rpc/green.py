"""The cheapest ways to run what each message needs run."""

import contextvars
import logging
from collections.abc import Callable
from typing import Any

import eventlet
import greenlet
from eventlet import greenio, hubs

LOG = logging.getLogger(__name__)

#: Green threads that wait for work, by hub. Each one maps memory for its
#: stack when it is made, which costs more than all else of a small request.
_idle: "dict[Any, list[greenlet.greenlet]]" = {}
_IDLE_MAX = 64
_READ_BYTES = 65536


def spawn(func: Callable[..., Any], *args: Any) -> None:
    """Run ``func`` in a green thread that nobody waits for."""
    hub = hubs.get_hub()
    idle = _idle.setdefault(hub, [])
    worker = idle.pop() if idle else greenlet.greenlet(
        _work, parent=hub.greenlet)
    hub.schedule_call_global(0, worker.switch, func, args)


def _work(func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    idle, me = _idle[hubs.get_hub()], greenlet.getcurrent()
    while True:
        try:
            contextvars.Context().run(func, *args)
        except Exception:
            LOG.exception("What a message started has failed")
        if len(idle) >= _IDLE_MAX:
            return
        idle.append(me)
        func, args = me.parent.switch()  # type: ignore[union-attr]


def later(seconds: float, func: Callable[..., Any], *args: Any) -> Any:
    """Run ``func`` so after a while; the result has ``cancel()``."""
    return hubs.get_hub().schedule_call_global(seconds, spawn, func, *args)


def soon(func: Callable[[], None], seconds: float = 0) -> None:
    """Have the hub call ``func``, which must not wait, when it is next."""
    hubs.get_hub().schedule_call_global(seconds, func)


class Reading:
    """Gives ``func`` what a socket gets, and nothing (b"") at its end.

    Of plain sockets, the hub itself does: ``func`` must not wait.
    """

    def __init__(self, sock: Any, func: Callable[[bytes], None]) -> None:
        self._sock = sock
        self._func = func
        self._thread: Any = None
        self._listener: Any = None
        if isinstance(sock, greenio.GreenSocket):
            hub = hubs.get_hub()
            self._listener = hub.add(
                hub.READ, sock.fileno(), self._readable, self._closed,
                lambda: None)
        else:
            self._thread = eventlet.spawn(self._loop)

    def _readable(self, fileno: int) -> None:
        try:
            data = self._sock.fd.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.cancel()
        self._func(data)

    def _closed(self, *error: Any) -> None:
        self._listener = None
        self._func(b"")

    def _loop(self) -> None:
        data = b"-"
        while data:
            try:
                data = self._sock.recv(_READ_BYTES)
            except OSError:
                data = b""
            self._func(data)

    def cancel(self) -> None:
        """Read no more."""
        if self._thread is not None:
            self._thread.kill()
        listener, self._listener = self._listener, None
        if listener is not None:
            hubs.get_hub().remove(listener)


def send_now(sock: Any, data: bytes) -> int:
    """Return how many bytes the socket took without waiting."""
    try:
        if isinstance(sock, greenio.GreenSocket):
            return int(sock.fd.send(data))
    except BlockingIOError:
        pass
    return 0
