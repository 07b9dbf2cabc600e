"""Renewal of leases, by a native thread: it works while the hub is busy.

One thread per process, which runs only while something is held. It stops
renewing when no green thread has run for a long time: then others take over
what this process holds.
"""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from eventlet import patcher

from common import concurrency, db

LOG = logging.getLogger(__name__)

_threading = patcher.original("threading")
_sleep = patcher.original("time").sleep

#: Seconds without a turn of the hub after which leases are let go.
_STUCK_S = 60.0
#: Seconds of delay of the hub that are worth a line in the log.
_SLOW_S = 1.0


class Held:
    """Something to renew while it is held."""

    def __init__(self, database: db.Database,
                 renew: Callable[[Any], None], interval: float) -> None:
        self.database = database
        self.renew = renew
        self.interval = interval
        self.due = time.monotonic() + interval
        self.error: str | None = None
        self.engine: Any = None

    def run(self) -> None:
        """Renew in a transaction of its own; for the native thread."""
        self.due = time.monotonic() + self.interval
        try:
            if self.engine is None:
                self.engine = self.database.private_engine(
                    ).execution_options(immediate=True)
            with self.engine.begin() as connection:
                self.renew(connection)
            self.error = None
        except Exception as error:
            # Not logged here: the locks of logging are green.
            self.error = f"{type(error).__name__}: {error}"


class Keeper:
    """Renews what is held, in a native thread or, if in memory, green."""

    def __init__(self) -> None:
        self._held: set[Held] = set()
        self._native: Any = None
        self._green: Any = None
        self._changed = _threading.Event()
        self._turned = time.monotonic()

    def hold(self, database: db.Database, renew: Callable[[Any], None],
             interval: float) -> Held:
        """Renew each ``interval`` s until it is dropped."""
        held = Held(database, renew, interval)
        self._held = self._held | {held}
        self._turned = time.monotonic()
        if self._green is None:
            self._green = concurrency.spawn(self._tick)
        if self._native is None and not database.in_memory:
            self._native = concurrency.native_thread(self._renew)
        self._changed.set()
        return held

    def drop(self, held: Held) -> None:
        """Renew it no more."""
        self._held = self._held - {held}
        self._changed.set()

    def _renew(self) -> None:
        while True:
            # Cleared before the look, so that no change is missed.
            self._changed.clear()
            held = [h for h in self._held if not h.database.in_memory]
            if not held:
                self._changed.wait()
                continue
            wait = min(h.due for h in held) - time.monotonic()
            if wait > 0:
                self._changed.wait(wait)
                continue
            if time.monotonic() - self._turned > _STUCK_S:
                _sleep(0.5)
                continue
            for each in held:
                if each.due <= time.monotonic():
                    each.run()

    def _tick(self) -> None:
        """Show that the hub turns; report what went wrong."""
        try:
            while self._held:
                pause = min([_SLOW_S, *(h.interval for h in self._held)])
                concurrency.sleep(pause)
                late = time.monotonic() - self._turned - pause
                self._turned = time.monotonic()
                if late > _SLOW_S:
                    LOG.warning("Green threads stood still for %.1f s", late)
                try:
                    self._look_after(self._held)
                except Exception:
                    LOG.warning("A lease was not renewed", exc_info=True)
        finally:
            self._green = None

    def _look_after(self, everything: set[Held]) -> None:
        for held in everything:
            if held.error:
                LOG.warning("A lease was not renewed: %s", held.error)
                held.error = None
            if held.database.in_memory and held.due <= time.monotonic():
                held.due = time.monotonic() + held.interval
                with held.database.writer() as session:
                    held.renew(session)


_keepers: dict[int, Keeper] = {}


def keeper() -> Keeper:
    """Return this process's keeper; a fork has one of its own."""
    return _keepers.setdefault(os.getpid(), Keeper())
