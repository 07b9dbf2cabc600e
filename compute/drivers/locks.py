"""A lock per key, that exists while somebody wants it."""

import contextlib
from collections.abc import Iterator

from common import concurrency


class KeyedLocks:
    """Locks for green threads, by key."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[concurrency.Semaphore, list[int]]] = {}

    @contextlib.contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Wait for the key's lock and hold it."""
        lock, users = self._locks.setdefault(
            key, (concurrency.Semaphore(1), [0]))
        users[0] += 1
        try:
            with lock:
                yield
        finally:
            users[0] -= 1
            if users[0] == 0:
                del self._locks[key]

    def held(self, key: str) -> bool:
        """Say whether somebody holds the key's lock or waits for it."""
        return key in self._locks
