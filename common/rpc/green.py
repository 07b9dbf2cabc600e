"""The cheapest ways to start green threads, for one per message."""

from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import greenio, hubs


def spawn(func: Callable[..., Any], *args: Any) -> None:
    """Run ``func`` in a green thread that nobody waits for."""
    eventlet.spawn_n(func, *args)


def later(seconds: float, func: Callable[..., Any], *args: Any) -> Any:
    """Run ``func`` so after a while; the result has ``cancel()``."""
    return hubs.get_hub().schedule_call_global(
        seconds, eventlet.spawn_n, func, *args)


def soon(func: Callable[[], None]) -> None:
    """Have the hub call ``func``, which must not wait, when it is next."""
    hubs.get_hub().schedule_call_global(0, func)


def send_now(sock: Any, data: bytes) -> int:
    """Return how many bytes the socket took without waiting."""
    try:
        if isinstance(sock, greenio.GreenSocket):
            return int(sock.fd.send(data))
    except BlockingIOError:
        pass
    return 0
