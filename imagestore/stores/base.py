"""Where the bytes of images are kept."""

import abc


class Staged(abc.ABC):
    """Bytes on their way into the store; only one writes them.

    Every method blocks, and is called in a native thread.
    """

    @abc.abstractmethod
    def write(self, chunk: bytes) -> None:
        """Add ``chunk``, or raise StoreFull."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Make all that was written durable and readable, or raise."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it, finished or not; may be repeated."""


class Opened(abc.ABC):
    """Bytes in the store, being read; they stay while this is open.

    Every method blocks, and is called in a native thread.
    """

    #: Number of bytes.
    size: int

    @abc.abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes; none only at the end."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it; may be repeated."""


class ImageStore(abc.ABC):
    """Immutable data, each under an id of our own.

    Every method blocks, and is called in a native thread.
    """

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make the store ready for use; may be repeated."""

    @abc.abstractmethod
    def stage(self, data_id: str) -> Staged:
        """Begin to write."""

    @abc.abstractmethod
    def open(self, data_id: str) -> Opened:
        """Begin to read; raise FileNotFoundError if nothing is there."""

    @abc.abstractmethod
    def delete(self, data_id: str) -> None:
        """Remove the data, finished or not; do nothing without any."""
