"""Files that hold volumes, of a format that is known."""

import fcntl
import os
import struct

from common import concurrency, qemu_img

GIB = 1 << 30

_QCOW2_MAGIC = b"QFI\xfb"
_FLOCK = "hhqqi4x"
#: QEMU locks bytes of these numbers for what it uses of an image.
_LOCK_START, _LOCK_LENGTH = 100, 200


class NotAnImage(Exception):
    """The file is not what it was made as."""


def make(path: str, disk_format: str, size_gib: int) -> None:
    """Make an image at ``path`` that reads as zeros; it appears whole."""
    temporary = f"{path}.new"
    _remove(temporary)
    _create(temporary, disk_format, size_gib * GIB)
    os.chmod(temporary, 0o600)
    sync(temporary)
    os.rename(temporary, path)
    sync(os.path.dirname(path))


def _create(path: str, disk_format: str, size_bytes: int) -> None:
    if disk_format == "raw":
        with open(path, "xb") as file:
            file.truncate(size_bytes)
        return
    qemu_img.create(path, disk_format, size_bytes)


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
    _remove(f"{path}.new")
    if _remove(path):
        sync(os.path.dirname(path))


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
