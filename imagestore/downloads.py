"""Downloads: the bytes as they were stored, or an error, never others."""

import hashlib
import logging
from collections.abc import Iterator

from common import concurrency
from imagestore.stores.base import Opened

LOG = logging.getLogger(__name__)

_CHUNK = 1 << 20


class Corrupt(Exception):
    """What is stored is not what was stored."""


def stream(opened: Opened, start: int, end: int,
           hash_value: str | None) -> Iterator[bytes]:
    """Yield the bytes from ``start`` to before ``end``; close at the end.

    :param hash_value: SHA-512 of all. The last chunk is held back until it
        fits, so that a receiver that counts never takes damaged data for
        good. Not checked for a part of the data.
    """
    whole = hash_value is not None and (start, end) == (0, opened.size)
    digest = hashlib.sha512()
    try:
        while start < end:
            chunk = concurrency.blocking(
                _read, opened, start, min(_CHUNK, end - start),
                digest if whole else None)
            start += len(chunk)
            if not chunk or (whole and start == end
                             and digest.hexdigest() != hash_value):
                LOG.critical("Stored image data are damaged: %s", opened)
                raise Corrupt()
            yield chunk
    finally:
        concurrency.blocking(opened.close)


def _read(opened: Opened, offset: int, length: int,
          digest: "hashlib._Hash | None") -> bytes:
    chunk = opened.read(offset, length)
    if digest is not None:
        digest.update(chunk)
    return chunk
