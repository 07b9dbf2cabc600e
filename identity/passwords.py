"""Hashing passwords, slowly, without holding anybody else up."""

import base64
import contextlib
import hashlib
import hmac
import os
import time
from collections.abc import Iterator

import bcrypt
import cachetools

from common import concurrency, exceptions

#: Longer ones are refused before any work is spent on them.
MAX_LENGTH = 4096
#: The least that bcrypt does.
_QUICK_ROUNDS = 4
#: Seconds that a caller may wait for a turn.
_PATIENCE_S = 10


class Hasher:
    """bcrypt in native threads: a few at a time, a bounded queue behind.

    :param rounds: the logarithm of the work of one hash
    :param side_by_side: hashes computed at a time
    :param queue: callers that may wait; the next one is refused, and so is
        who would have to wait for too long
    """

    def __init__(self, rounds: int, side_by_side: int, queue: int) -> None:
        self._rounds = rounds
        self._side_by_side = side_by_side
        self._free = concurrency.Semaphore(side_by_side)
        self._room = self._size = side_by_side + queue
        #: What a turn took lately, in seconds.
        self._usual_s = 0.0
        # Matches no password; made slowly, once, at first need.
        self._nobody: bytes | None = None

    def hash(self, password: str, *, made_by_machine: bool = False) -> str:
        """Return what to store.

        :param made_by_machine: nobody could guess it however fast, so that
            a quick hash will do
        :raises TooManyRequests: if too many wait already
        """
        rounds = _QUICK_ROUNDS if made_by_machine else self._rounds
        with self._turn():
            return concurrency.blocking(
                bcrypt.hashpw, _digest(password),
                bcrypt.gensalt(rounds)).decode()

    def matches(self, password: str, stored: str | None) -> bool:
        """Say whether ``stored`` is of this password.

        To refuse is the same work where nothing, or a quick hash, is
        stored, so that the time taken does not tell who exists.

        :raises TooManyRequests: if too many wait already
        """
        with self._turn():
            wanted = stored.encode() if stored else self._of_nobody()
            same = concurrency.blocking(
                bcrypt.checkpw, _digest(password), wanted)
            if not same and _is_quick(wanted):
                concurrency.blocking(
                    bcrypt.checkpw, _digest(password), self._of_nobody())
        return same and stored is not None

    def _of_nobody(self) -> bytes:
        # A hash is salt and digest: any digest will do, none is computed.
        if self._nobody is None:
            self._nobody = bcrypt.gensalt(self._rounds) + b"." * 31
        return self._nobody

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        wait_s = self._expected_wait_s()
        if self._room <= 0 or wait_s > _PATIENCE_S:
            raise exceptions.TooManyRequests(
                retry_after=max(1, min(30, round(wait_s))))
        self._room -= 1
        try:
            if not self._free.acquire(timeout=_PATIENCE_S):
                raise exceptions.TooManyRequests(retry_after=5)
            try:
                began = time.monotonic()
                yield
                took_s = time.monotonic() - began
                self._usual_s += (took_s - self._usual_s) / 4
            finally:
                self._free.release()
        finally:
            self._room += 1

    def _expected_wait_s(self) -> float:
        waiting = self._size - self._room
        return waiting * self._usual_s / self._side_by_side


def _is_quick(stored: bytes) -> bool:
    return stored.startswith(b"$2b$%02d$" % _QUICK_ROUNDS)


def _digest(password: str) -> bytes:
    # bcrypt reads 72 bytes at most, and stops at a zero byte.
    return base64.b64encode(hashlib.sha384(password.encode()).digest())


class Remembered:
    """Passwords that were right lately, in memory, as keyed digests.

    Each digest covers the user's revision and the hash on record, so that
    any change of the user forgets it, in all processes.
    """

    def __init__(self, seconds: int, size: int = 10_000) -> None:
        self._key = os.urandom(32)
        self._digests: cachetools.TTLCache[str, bytes] = cachetools.TTLCache(
            maxsize=size, ttl=seconds)

    def knows(self, user_id: str, revision: int, stored: str,
              password: str) -> bool:
        """Say whether just this was added lately."""
        wanted = self._digests.get(user_id)
        return wanted is not None and hmac.compare_digest(
            wanted, self._digest(user_id, revision, stored, password))

    def add(self, user_id: str, revision: int, stored: str,
            password: str) -> None:
        """Remember a password that was verified."""
        self._digests[user_id] = self._digest(
            user_id, revision, stored, password)

    def _digest(self, user_id: str, revision: int, stored: str,
                password: str) -> bytes:
        text = "\0".join((user_id, str(revision), stored, password))
        return hmac.digest(self._key, text.encode(), "sha256")
