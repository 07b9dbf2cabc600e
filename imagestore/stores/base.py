"""Where the bytes of images are kept."""

import abc
from typing import ClassVar

from oslo_config import cfg


class Staged(abc.ABC):
    """Bytes on their way into the store; only one writes them.

    Every method blocks, and is called as those of its store are.
    """

    #: The file that is written, if there is one, for programs to write to
    #: in place of ``write``.
    path: str | None = None

    @abc.abstractmethod
    def write(self, chunk: bytes | memoryview) -> None:
        """Add ``chunk``, or raise StoreFull.

        Its memory is the caller's again afterwards.
        """

    @abc.abstractmethod
    def finish(self) -> None:
        """Make all that was written durable and readable, or raise."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it, finished or not; may be repeated."""


class Opened(abc.ABC):
    """Bytes in the store, being read; they stay while this is open.

    Every method blocks, and is called as those of its store are.
    """

    #: Number of bytes; None if the store cannot tell.
    size: int | None
    #: The file that holds them and nothing else, if there is one.
    fd: int | None = None
    #: Changes whenever the bytes may have; None if the store cannot tell.
    version: str | None = None

    @abc.abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes; none only at the end."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it; may be repeated."""


class ImageStore(abc.ABC):
    """Immutable data, each under a key: an id of our own, or a URL.

    Every method blocks, and is called in a native thread; those of a
    ``green`` store in a green one.
    """

    green: ClassVar[bool] = False
    #: What others wrote can be read; nothing is written or removed.
    read_only: ClassVar[bool] = False

    @classmethod
    @abc.abstractmethod
    def from_conf(cls, conf: cfg.ConfigOpts, name: str) -> "ImageStore":
        """Return the store ``name``, as its group of options says."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make the store ready for use; may be repeated."""

    @abc.abstractmethod
    def stage(self, key: str) -> Staged:
        """Begin to write."""

    @abc.abstractmethod
    def open(self, key: str) -> Opened:
        """Begin to read; raise FileNotFoundError if nothing is there."""

    @abc.abstractmethod
    def delete(self, key: str) -> None:
        """Remove the data, finished or not; do nothing without any."""

    def url(self, key: str) -> str:
        """Return the data's address, as the API shows it to operators."""
        return key
