"""Loops that bring what is to what should be."""

import logging
import random
import time

from common import concurrency

LOG = logging.getLogger(__name__)

#: Seconds to wait after a first failure; doubled after each more.
_BACK_OFF = 0.5
_BACK_OFF_MOST = 30.0


class Loop:
    """Call ``run_once`` every ``interval`` seconds, or sooner when woken.

    The interval varies by a tenth, so that many loops do not run in step.
    A run that fails is logged and repeated after a while that grows.
    """

    def __init__(self, interval: float) -> None:
        self.interval = interval
        #: Monotonic time at which a run last succeeded; None before.
        self.succeeded_at: float | None = None
        self.__woken = concurrency.Event()
        self.__due: float | None = None
        self.__stopping = False
        self.__running = False
        self.__ended = concurrency.Event()

    def run_once(self) -> object:
        """Do all the work there is; subclasses define it."""
        raise NotImplementedError

    def wake(self) -> None:
        """Run as soon as the present run, if any, is over."""
        self.__woken.send()

    def due_in(self, seconds: float) -> None:
        """Called by ``run_once``: run again within ``seconds``."""
        if self.__due is None or seconds < self.__due:
            self.__due = seconds

    @property
    def stopping(self) -> bool:
        """Say whether ``stop`` was called."""
        return self.__stopping

    def stop(self, timeout: float = 30) -> None:
        """Run no more; wait for the present run, ``timeout`` s at most."""
        self.__stopping = True
        self.__woken.send()
        if self.__running:
            self.__ended.wait(timeout)

    def run_forever(self) -> None:
        """Run until stopped."""
        self.__running = True
        failures = 0
        try:
            while not self.__stopping:
                self.__woken = concurrency.Event()
                self.__due = None
                failures = 0 if self.__try() else failures + 1
                self.__rest(failures)
        finally:
            self.__running = False
            self.__ended.send()

    def __try(self) -> bool:
        try:
            self.run_once()
        except Exception:
            LOG.exception("%s failed", type(self).__name__)
            return False
        self.succeeded_at = time.monotonic()
        return True

    def __rest(self, failures: int) -> None:
        if self.__stopping:
            return
        if not failures:
            wait = self.interval * random.uniform(0.9, 1.1)
            if self.__due is not None:
                wait = max(0.0, min(wait, self.__due))
            self.__woken.wait(wait)
            return
        most = min(max(self.interval, _BACK_OFF), _BACK_OFF_MOST)
        wait = min(_BACK_OFF * 2.0 ** min(failures - 1, 10), most)
        # Even if woken, a failing loop does not spin.
        concurrency.sleep(random.uniform(0.5, 1) * min(wait, _BACK_OFF))
        if not self.__stopping and wait > _BACK_OFF:
            self.__woken.wait(wait - _BACK_OFF)
