"""Disks that come packed: what is inside is what is imported."""

import contextlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from oslo_config import cfg

from imagestore import exceptions
from imagestore.plugins import base

_LHA = re.compile(rb"..-l[hz][0-9a-z]-", re.DOTALL)
#: Bytes that come out before the ratio counts: small disks are often empty.
_FREE = 64 << 20
#: The most that is read of a packed file at a time. The directory of an
#: archive with one member is far shorter.
_MOST = 4 << 20
#: What is unpacked at once: each new member copies what is left of it.
_SLICE = 64 << 10
#: Tools that work side by side make one of each 64 KiB.
_MOST_MEMBERS = 4 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Decompression(base.Plugin):
    """Unpacks gzip, and zip of one member."""

    def __init__(self, limit: int, ratio: int) -> None:
        """Make it.

        :param limit: most bytes that may come out
        :param ratio: most of them for each byte that goes in
        """
        self._limit = limit
        self._ratio = ratio

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "Decompression":
        return cls(conf.imagestore.image_size_cap,
                   conf.image_decompression.max_ratio)

    def change(self, staged: base.Staged) -> base.Change:
        # Who calls it compressed wants it to stay so.
        if staged.container_format == "compressed":
            return base.Change()
        with open(staged.path, "rb") as file:
            head = file.read(16)
        if _LHA.match(head):
            raise exceptions.ContentRefused(
                reason="archives of LHA are not supported")
        for kind, (magic, opener) in _KINDS.items():
            if head.startswith(magic):
                limit = min(self._limit, max(
                    _FREE, os.path.getsize(staged.path) * self._ratio))
                return base.Change(
                    source=_Unpacked(staged.path, opener, kind, limit),
                    doing=f"Unpacking {kind}: got")
        return base.Change()


class _Unpacked:
    """What comes out of a packed file, as far as it may."""

    def __init__(self, path: str, opener: "_Opener", kind: str,
                 limit: int) -> None:
        self._kind = kind
        self._limit = limit
        self._got = 0
        with contextlib.ExitStack() as files, self._refusing():
            file = files.enter_context(_Bounded(path))
            self._opened = files.enter_context(opener(file))
            self._files = files.pop_all()

    def read(self, length: int) -> bytes:
        with self._refusing():
            chunk: bytes = self._opened.read(length)
        self._got += len(chunk)
        if self._got > self._limit:
            raise exceptions.TooLarge(limit=self._limit)
        return chunk

    def close(self) -> None:
        self._files.close()

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, RuntimeError, ValueError, zlib.error,
                zipfile.BadZipFile) as error:
            raise exceptions.ContentRefused(
                reason=f"damaged {self._kind}") from error


class _Bounded(io.FileIO):
    """A file of which never much is read at once, whatever it says."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > _MOST:
            raise ValueError(f"{size} bytes at once")
        return super().read(size)


class _Gzip:
    """What members of gzip hold, one after the other.

    The standard library's reader looks at each byte of a header, which may
    be as long as the file.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._rest = b""
        self._ended = False
        self._members = 0
        self._begin()

    def _begin(self) -> None:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise ValueError("too many members")
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def read(self, length: int) -> bytes:
        """Return ``length`` bytes, or fewer at the end."""
        got = bytearray()
        while len(got) < length and (
                chunk := self._read_some(length - len(got))):
            got += chunk
        return bytes(got)

    def _read_some(self, length: int) -> bytes:
        while True:
            if not self._rest:
                self._rest = self._file.read(_SLICE)
                self._ended = not self._rest
            if self._member.eof:
                # Zeros between members, and at the end, are padding.
                self._rest = self._rest.lstrip(b"\0")
                if self._rest:
                    self._begin()
                elif self._ended:
                    return b""
                continue
            chunk = self._member.decompress(self._rest, length)
            self._rest = (self._member.unconsumed_tail
                          or self._member.unused_data)
            if chunk:
                return chunk
            if self._ended and not self._member.eof:
                raise EOFError

    def __enter__(self) -> "_Gzip":
        return self

    def __exit__(self, *error: object) -> None:
        """Hold nothing open: the file is another's."""


def _open_zip(file: Any) -> Any:
    """Return the one member of an archive, opened."""
    archive = zipfile.ZipFile(file)
    members = archive.infolist()
    if len(members) != 1 or members[0].is_dir():
        raise exceptions.ContentRefused(
            reason="an archive has to have one member")
    if members[0].compress_type not in _METHODS:
        raise exceptions.ContentRefused(
            reason="the archive is packed in an unusual way")
    return archive.open(members[0])


_Opener = Callable[[Any], Any]
#: Of each kind, how a file of it begins, and how it is opened.
_KINDS: dict[str, tuple[bytes, _Opener]] = {
    "gzip": (b"\x1f\x8b", _Gzip), "zip": (b"PK\x03\x04", _open_zip)}
