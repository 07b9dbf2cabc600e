"""The cheapest ways to start green threads, for one per message."""

from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import hubs


def spawn(func: Callable[..., Any], *args: Any) -> None:
    """Run ``func`` in a green thread that nobody waits for."""
    eventlet.spawn_n(func, *args)


def later(seconds: float, func: Callable[..., Any], *args: Any) -> Any:
    """Run ``func`` so after a while; the result has ``cancel()``."""
    return hubs.get_hub().schedule_call_global(
        seconds, eventlet.spawn_n, func, *args)
