"""Downloads: the bytes as they were stored, or an error, never others."""

import hashlib
import logging
from collections.abc import Iterator
from typing import Any

import cachetools

from common import concurrency, transfer
from imagestore.stores.base import Opened
from imagestore.stores.registry import Store

LOG = logging.getLogger(__name__)

_CHUNK = 1 << 20
#: Small, so that little is copied before the rest is sent as a file.
_FIRST = 64 << 10


class Corrupt(Exception):
    """What is stored is not what was stored."""


class Downloads:
    """Sends data; those of which it has seen the digest, at full speed.

    What was read whole once, and found whole, is not looked at again while
    its file says that it is the same.
    """

    def __init__(self) -> None:
        self._whole: Any = cachetools.LRUCache(10_000)

    def stream(self, store: Store, opened: Opened, start: int, end: int,
               digest: "tuple[str, str] | None",
               environ: dict[str, Any]) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to before ``end``; then close.

        :param digest: algorithm and hexadecimal digest of all. The last
            chunk is held back until it fits, so that a receiver that counts
            never takes damaged data for good. Not checked for a part of
            the data.
        """
        try:
            known = (opened.version is not None
                     and self._whole.get(opened.version) == digest)
            all_of_it = (start, end) == (0, opened.size)
            if digest is None or known or not all_of_it:
                yield from _send(store, opened, start, end, environ)
            else:
                yield from _checked(store, opened, end, *digest)
                if opened.version is not None:
                    self._whole[opened.version] = digest
        finally:
            store.call(opened.close)


def _send(store: Store, opened: Opened, start: int, end: int,
          environ: dict[str, Any]) -> Iterator[bytes]:
    sock = transfer.plain_socket(environ)
    if sock is None or opened.fd is None:
        yield from _read(store, opened, start, end, _CHUNK)
        return
    # The server sends the headers with the first chunk.
    first = min(end, start + _FIRST)
    yield from _read(store, opened, start, first, _FIRST)
    yield from transfer.send_file(sock, opened.fd, first, end)


def _read(store: Store, opened: Opened, start: int, end: int,
          size: int) -> Iterator[bytes]:
    while start < end:
        chunk = store.call(opened.read, start, min(size, end - start))
        if not chunk:
            raise _corrupt(opened)
        start += len(chunk)
        yield chunk


def _checked(store: Store, opened: Opened, end: int, algo: str,
             hash_value: str) -> Iterator[bytes]:
    digest = hashlib.new(algo)
    held = b""
    for chunk in _read(store, opened, 0, end, _CHUNK):
        # While a chunk is looked at, the one before it is sent.
        busy = concurrency.spawn(
            concurrency.blocking, digest.update, chunk)
        try:
            if held:
                yield held
        finally:
            busy.wait()
        held = chunk
    if digest.hexdigest() != hash_value:
        raise _corrupt(opened)
    if held:
        yield held


def _corrupt(opened: Opened) -> Corrupt:
    LOG.critical("Stored image data are damaged: %s", opened)
    return Corrupt()
