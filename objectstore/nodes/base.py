"""A node: a place that keeps copies of blobs."""

import abc


class Staged(abc.ABC):
    """A copy being written; methods block, in native threads."""

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Add ``data``, or raise OSError."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Make the copy durable and readable, or raise OSError."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it, finished or not; may be repeated."""


class Copy(abc.ABC):
    """A copy being read; it stays while this is open."""

    @abc.abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes, or raise OSError."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it; may be repeated."""


class Node(abc.ABC):
    """Keeps immutable blobs by id; methods block, in native threads."""

    name: str

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make the node ready; may be repeated."""

    @abc.abstractmethod
    def stage(self, blob_id: str) -> Staged:
        """Begin a copy, or raise OSError."""

    @abc.abstractmethod
    def open(self, blob_id: str) -> Copy:
        """Open a copy, or raise OSError."""

    @abc.abstractmethod
    def delete(self, blob_id: str) -> None:
        """Remove a copy, finished or not; do nothing without one."""
