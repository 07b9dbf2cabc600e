"""Files that hold volumes, of a format that is known."""

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator

from common import concurrency, qemu_img

GIB = 1 << 30
FORMATS = ("qcow2", "raw")

#: Ends of the names of files in the making.
DRAFT, FETCHED = ".new", ".image"
_UNFINISHED = tuple(f".{disk_format}{suffix}"
                    for disk_format in FORMATS
                    for suffix in (DRAFT, FETCHED))

_QCOW2_MAGIC = b"QFI\xfb"
_FLOCK = "hhqqi4x"
#: QEMU locks bytes of these numbers for what it uses of an image.
_LOCK_START, _LOCK_LENGTH = 100, 200


class NotAnImage(Exception):
    """The file is not what it was made as."""


def make(path: str, disk_format: str, size_gib: int) -> None:
    """Make an image at ``path`` that reads as zeros; it appears whole."""
    with new(path) as draft:
        create(draft, disk_format, size_gib * GIB)


@contextlib.contextmanager
def new(path: str) -> Iterator[str]:
    """Give the path of a draft, which becomes the file if all goes well."""
    draft = f"{path}{DRAFT}"
    _remove(draft)
    try:
        yield draft
        os.chmod(draft, 0o600)
        sync(draft)
        os.rename(draft, path)
        sync(os.path.dirname(path))
    except Exception:
        _remove(draft)
        raise


def create(path: str, disk_format: str, size_bytes: int) -> None:
    """Make an image that reads as zeros in a new file."""
    if disk_format == "raw":
        with open(path, "xb") as file:
            file.truncate(size_bytes)
        return
    qemu_img.create(path, disk_format, size_bytes)


def convert(source: str, source_format: str, path: str, disk_format: str,
            size_bytes: int) -> None:
    """Copy a disk of that size into a new file."""
    open(path, "xb").close()
    qemu_img.convert(source, source_format, path, disk_format,
                     size_bytes=size_bytes)


def grow(path: str, disk_format: str, size_gib: int) -> None:
    """Make the image at least ``size_gib`` large; never shrink it."""
    if size_bytes(path, disk_format) >= size_gib * GIB:
        return
    if disk_format == "raw":
        os.truncate(path, size_gib * GIB)
    else:
        qemu_img.resize(path, disk_format, size_gib * GIB)
    sync(path)


def size_bytes(path: str, disk_format: str) -> int:
    """Return the size that a guest sees, or raise NotAnImage."""
    if disk_format == "raw":
        return os.stat(path).st_size
    with open(path, "rb") as file:
        header = file.read(32)
    if len(header) < 32 or header[:4] != _QCOW2_MAGIC:
        raise NotAnImage(path)
    size: int = struct.unpack(">Q", header[24:32])[0]
    return size


def is_locked(path: str) -> bool:
    """Say whether a QEMU process uses the image, for whatever."""
    with open(path, "r+b") as file:
        asked = struct.pack(
            _FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _LOCK_START, _LOCK_LENGTH, 0)
        found = fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked)
    kind: int = struct.unpack(_FLOCK, found)[0]
    return kind != fcntl.F_UNLCK


def remove(path: str) -> None:
    """Remove the file for good; do nothing where there is none."""
    for suffix in (DRAFT, FETCHED):
        _remove(f"{path}{suffix}")
    if _remove(path):
        sync(os.path.dirname(path))


def discard(path: str) -> None:
    """Remove a file that nobody would miss after a crash."""
    _remove(path)


def discard_unfinished(directory: str) -> None:
    """Remove what was in the making when the last agent died."""
    for name in os.listdir(directory):
        if name.endswith(_UNFINISHED):
            _remove(os.path.join(directory, name))


def _remove(path: str) -> bool:
    try:
        # Freeing the blocks of a large file takes its time.
        concurrency.blocking(os.unlink, path)
    except FileNotFoundError:
        return False
    return True


def sync(path: str) -> None:
    """Bring a file or directory to the disk."""
    concurrency.blocking(_sync, path)


def _sync(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
