"""Blobs: bytes on a majority of nodes, checked block by block.

The sums of the blocks are kept in the index, apart from the bytes. A read
verifies each block before a byte of it is handed out, and turns to another
copy when one is damaged.
"""

import contextlib
import errno
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from common import concurrency
from objectstore import exceptions
from objectstore.nodes import base

LOG = logging.getLogger(__name__)

BLOCK = 1 << 20
_SUM = hashlib.sha256().digest_size
_FULL = {errno.ENOSPC, errno.EDQUOT}


class Writer:
    """A blob being written to all nodes; a majority must take each step."""

    def __init__(self, staged: dict[str, base.Staged], quorum: int,
                 failed: list[OSError]) -> None:
        self._staged = staged
        self._failed = failed
        self._quorum = quorum
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sums = b""
        self.size = 0

    @property
    def etag(self) -> str:
        """MD5 of what was written."""
        return self._md5.hexdigest()

    @property
    def sums(self) -> bytes:
        """The sums of all blocks."""
        return self._sums

    def write(self, block: bytes) -> None:
        """Add a block: BLOCK bytes, fewer only in the last."""
        self.size += len(block)
        concurrency.blocking(self._digest, block)
        self._each(lambda staged: staged.write(block))

    def _digest(self, block: bytes) -> None:
        self._md5.update(block)
        self._sums += hashlib.sha256(block).digest()

    def finish(self) -> None:
        """Make the copies durable, or raise NoQuorum or NodesFull."""
        self._each(lambda staged: staged.finish())

    def close(self) -> None:
        """Let go of all copies."""
        for staged in self._staged.values():
            concurrency.blocking(staged.close)

    def _each(self, act: Callable[[base.Staged], Any]) -> None:
        """Act on each copy side by side; leave out those that fail."""
        def attempt(name: str) -> None:
            try:
                concurrency.blocking(act, self._staged[name])
            except OSError as error:
                LOG.error("Node %s fails: %s", name, error)
                self._failed.append(error)
                concurrency.blocking(self._staged.pop(name).close)
        concurrency.gather(*[
            lambda name=name: attempt(name) for name in list(self._staged)])
        if len(self._staged) < self._quorum:
            raise _too_few(self._failed)


def _too_few(failed: list[OSError]) -> Exception:
    """Return what to say when no majority took a step."""
    full = any(error.errno in _FULL for error in failed)
    return exceptions.NodesFull() if full else exceptions.NoQuorum()


class Store:
    """Blobs on a list of nodes."""

    def __init__(self, nodes: Iterable[base.Node]) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._quorum = len(self._nodes) // 2 + 1

    @property
    def names(self) -> list[str]:
        """Names of the nodes that a new blob is written to."""
        return list(self._nodes)

    def prepare(self) -> None:
        """Make all nodes ready."""
        for node in self._nodes.values():
            concurrency.blocking(node.prepare)

    def stage(self, blob_id: str) -> Writer:
        """Begin to write a blob, or raise NoQuorum or NodesFull."""
        staged: dict[str, base.Staged] = {}
        failed: list[OSError] = []
        for name, node in self._nodes.items():
            try:
                staged[name] = concurrency.blocking(node.stage, blob_id)
            except OSError as error:
                LOG.error("Node %s fails: %s", name, error)
                failed.append(error)
        writer = Writer(staged, self._quorum, failed)
        if len(staged) < self._quorum:
            writer.close()
            raise _too_few(failed)
        return writer

    def open(self, blob_id: str, names: Iterable[str], size: int,
             sums: bytes) -> "Reader":
        """Return what reads a blob that some of the named nodes have."""
        nodes = [self._nodes[name] for name in names if name in self._nodes]
        return Reader(blob_id, nodes, size, sums)

    def delete(self, blob_id: str, names: Iterable[str]) -> bool:
        """Remove all copies; say whether that is sure."""
        gone = True
        for name in names:
            try:
                concurrency.blocking(self._nodes[name].delete, blob_id)
            except (OSError, KeyError) as error:
                LOG.error("Blob %s stays on node %s: %r", blob_id, name,
                          error)
                gone = False
        return gone


class Reader:
    """Reads a blob; ``close`` it after use."""

    def __init__(self, blob_id: str, nodes: list[base.Node], size: int,
                 sums: bytes) -> None:
        self._blob_id = blob_id
        self._nodes = nodes
        self._size = size
        self._sums = sums
        self._copy: base.Copy | None = None
        self._last: tuple[int, bytes] | None = None

    def check(self, offset: int) -> None:
        """Raise Damaged now rather than when ``offset`` is reached."""
        if offset < self._size:
            self._block(offset // BLOCK)

    def part(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to before ``end``."""
        while start < end:
            number, skip = divmod(start, BLOCK)
            part = self._block(number)[skip:skip + end - start]
            start += len(part)
            yield part

    def close(self) -> None:
        """Let go of the copy."""
        if self._copy is not None:
            concurrency.blocking(self._copy.close)
            self._copy = None

    def _block(self, number: int) -> bytes:
        """Return a block that is as it was written, or raise Damaged."""
        if self._last and self._last[0] == number:
            return self._last[1]
        while True:
            if self._copy is None:
                self._copy = self._open_next()
            block = concurrency.blocking(self._read, self._copy, number)
            if block is not None:
                self._last = number, block
                return block
            LOG.critical("Blob %s has a damaged copy", self._blob_id)
            self.close()

    def _open_next(self) -> base.Copy:
        while self._nodes:
            node = self._nodes.pop(0)
            try:
                return concurrency.blocking(node.open, self._blob_id)
            except OSError as error:
                LOG.error("Blob %s, node %s: %r", self._blob_id, node.name,
                          error)
        raise exceptions.Damaged()

    def _read(self, copy: base.Copy, number: int) -> bytes | None:
        want = min(BLOCK, self._size - number * BLOCK)
        with contextlib.suppress(OSError):
            block = copy.read(number * BLOCK, want)
            known = self._sums[number * _SUM:(number + 1) * _SUM]
            if hashlib.sha256(block).digest() == known:
                return block
        return None
