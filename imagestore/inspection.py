"""What bytes are, whatever is said of them.

Every byte of an image is hostile: an image is refused unless it is exactly
the format it claims to be, and safe in that format. A backing file or an
external data file, for one, would read files of the host.
"""

import dataclasses
import hashlib
import logging
from collections.abc import Callable

from oslo_utils.imageutils import format_inspector

from common import signatures
from imagestore import exceptions

LOG = logging.getLogger(__name__)

#: What the inspector may call an image of each disk format. Without safety
#: checks are those whose bytes nothing interprets on the host.
_OPAQUE = {"raw", "gpt"}
_ACCEPTED = {
    "raw": _OPAQUE, "ami": _OPAQUE, "ari": _OPAQUE, "aki": _OPAQUE,
    "qcow2": {"qcow2"}, "vmdk": {"vmdk"}, "vhd": {"vhd"},
    "vhdx": {"vhdx"}, "vdi": {"vdi"}, "iso": {"iso"}, "gpt": {"gpt"},
}
#: Containers whose bytes are the disk itself.
_BARE = {"bare", "ami", "ari", "aki"}


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of data once all of them were seen."""

    size: int
    checksum: str
    hash_value: str
    virtual_size: int | None


class _Feed:
    """Hands the wrapper one chunk at a time."""

    chunk = b""

    def read(self, size: int) -> bytes:
        return self.chunk


class Seen:
    """What looks at data as they pass: here, it only counts them.

    No method is for use in a green thread.
    """

    def __init__(self) -> None:
        self.size = 0

    def looks(self) -> list[Callable[[bytes], None]]:
        """Return what takes bytes into account.

        Each has to see all chunks in their order, in any thread; they do
        not need to keep step with each other.
        """
        return [self._count]

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)


class Inspector(Seen):
    """Tells the digests of data, and whether they are what they claim."""

    def __init__(self, container_format: str, disk_format: str,
                 hash_algo: str = "sha512", *, enforce: bool = True,
                 nested: bool = False,
                 signature: signatures.Verifier | None = None) -> None:
        """Make it.

        :param enforce: refuse data; otherwise the log alone tells of them
        :param nested: what is said to be raw may be an image of another
            format, if it is safe in that
        :param signature: what the data are compared with, if anything
        """
        super().__init__()
        self._disk_format = disk_format
        self._checked = container_format in _BARE
        self._enforce = enforce
        self._nested = nested
        self._signature = signature
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._strong = hashlib.new(hash_algo)
        self._feed = _Feed()
        self._wrapper = format_inspector.InspectWrapper(
            self._feed)  # type: ignore[arg-type]
        self._decided = not self._checked
        self._facts: Facts | None = None

    @property
    def decided(self) -> bool:
        """Whether what comes cannot change what ``examine`` finds."""
        return self._decided

    def looks(self) -> list[Callable[[bytes], None]]:
        more = [self._signature.update] if self._signature else []
        return [self._strong.update, self._see, *more]

    def _see(self, chunk: bytes) -> None:
        self._count(chunk)
        if not self._decided:
            self._recognize(chunk)
        self._md5.update(chunk)

    def _recognize(self, chunk: bytes) -> None:
        self._feed.chunk = bytes(chunk)
        self._wrapper.read(len(chunk))
        self._decided = self._wrapper.formats is not None

    def judge(self) -> Facts:
        """Return what is known at the end, or raise.

        :raises ContentRefused: for what they are
        :raises common.signatures.Refused: for what they are not
        """
        if self._facts is None:
            if self._signature:
                self._signature.verify()
            self._facts = Facts(
                size=self.size, checksum=self._md5.hexdigest(),
                hash_value=self._strong.hexdigest(),
                virtual_size=self.examine(self.size))
        return self._facts

    def examine(self, size: int) -> int | None:
        """Return the size of the disk in these data, or raise.

        To be asked when it is decided, or all data were seen.

        :param size: how many bytes they are in all
        :raises ContentRefused: if they are not what they should be
        """
        if not self._checked:
            return None
        try:
            return self._virtual_size(size)
        except exceptions.ContentRefused as error:
            if self._enforce:
                raise
            LOG.warning("%s", error)
            return None

    def _virtual_size(self, size: int) -> int:
        found = self._format()
        name = str(found)
        inside = self._nested and self._disk_format in _OPAQUE
        if not inside and name not in _ACCEPTED.get(self._disk_format, ()):
            raise exceptions.ContentRefused(
                reason=f"the disk format is said to be {self._disk_format}, "
                       f"but the content looks like {name}")
        if name in _OPAQUE:
            return size
        virtual_size = _checked_size(found)
        return size if inside else virtual_size

    def _format(self) -> format_inspector.FileInspector:
        try:
            if not self._decided:
                self._feed.chunk = b""
                self._wrapper.close()
            formats = self._wrapper.formats or []
        except Exception as error:
            raise exceptions.ContentRefused(
                reason="the format cannot be told") from error
        names = {str(each) for each in formats}
        if self._disk_format == "iso" and names == {"iso", "gpt"}:
            return next(each for each in formats if str(each) == "iso")
        if len(formats) != 1:
            raise exceptions.ContentRefused(
                reason=f"more than one format: {', '.join(sorted(names))}")
        return formats[0]


def _checked_size(found: format_inspector.FileInspector) -> int:
    """Return the size of the disk, or raise ContentRefused if unsafe."""
    try:
        found.safety_check()
        return int(found.virtual_size)
    except format_inspector.SafetyCheckFailed as error:
        failed = ", ".join(sorted(error.failures))
        raise exceptions.ContentRefused(
            reason=f"unsafe {found}: {failed}") from error
    except Exception as error:
        raise exceptions.ContentRefused(
            reason=f"damaged {found}") from error
