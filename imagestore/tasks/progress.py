"""Data on their way, and what users are told of it meanwhile."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from common import concurrency, exceptions
from imagestore.db import tasks
from imagestore.env import Env
from imagestore.stores.base import Opened
from imagestore.stores.registry import Store

#: Seconds between two notes of how far it is.
_NOTE_S = 2.0


class Counted:
    """Notes at the task how much was read, now and then."""

    def __init__(self, env: Env, task_id: str,
                 read: Callable[[int], bytes], doing: str) -> None:
        self._env = env
        self._task_id = task_id
        self._read = read
        self._doing = doing
        self._got = 0
        self._noted_at = time.monotonic()

    def read(self, length: int) -> bytes:
        """Return what is next."""
        chunk = self._read(length)
        self._got += len(chunk)
        if time.monotonic() - self._noted_at > _NOTE_S:
            self._noted_at = time.monotonic()
            _note(self._env, self._task_id, self._doing, self._got)
        return chunk


@contextlib.contextmanager
def watched(env: Env, task_id: str, path: str, doing: str) -> Iterator[None]:
    """Note how much there is of the file that another program writes."""
    def watch() -> None:
        while True:
            concurrency.sleep(_NOTE_S)
            _note(env, task_id, doing, os.stat(path).st_blocks * 512)
    thread = concurrency.spawn(watch)
    try:
        yield
    finally:
        thread.kill()


def _note(env: Env, task_id: str, doing: str, size_bytes: int) -> None:
    # The next note says it too: nothing that is long under way ends of it.
    with contextlib.suppress(exceptions.ServiceUnavailable):
        with env.db.writer() as session:
            tasks.note(session, task_id,
                       message=f"{doing} {size_bytes >> 20} MiB")


class Reader:
    """Reads what was opened from its start to its end."""

    def __init__(self, store: Store, opened: Opened) -> None:
        self._store = store
        self._opened = opened
        self._at = 0

    def read(self, length: int) -> bytes:
        """Return what is next."""
        chunk = self._store.call(self._opened.read, self._at, length)
        self._at += len(chunk)
        return chunk
