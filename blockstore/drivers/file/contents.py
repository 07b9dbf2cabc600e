"""What new volumes are filled with: disks that tenants brought."""

import errno
import logging
import os
from collections.abc import Iterator

from oslo_utils.imageutils import format_inspector

from blockstore.drivers.file import images
from blockstore.images import Image, unacceptable
from common import concurrency, process

# It would log from native threads, where logging's green locks may not go.
logging.getLogger(format_inspector.__name__).disabled = True

#: What the inspector calls a format, as records and as QEMU call it. Disks
#: with a partition table, and discs, are bytes like any other.
_NAMES = {"raw": ({"raw"}, "raw"), "gpt": ({"raw"}, "raw"),
          "iso": ({"iso", "raw"}, "raw"), "qcow2": ({"qcow2"}, "qcow2"),
          "vmdk": ({"vmdk"}, "vmdk"), "vdi": ({"vdi"}, "vdi"),
          "vhd": ({"vhd"}, "vpc"), "vhdx": ({"vhdx"}, "vhdx")}
_FULL = {errno.ENOSPC, errno.EDQUOT}


def save(path: str, data: Iterator[bytes]) -> None:
    """Write the bytes to a file of that path, which is made anew."""
    images.discard(path)
    with open(path, "xb", opener=_privately) as file:
        for chunk in data:
            concurrency.blocking(file.write, chunk)


def fill(path: str, disk_format: str, size_gib: int, image: Image,
         source: str) -> None:
    """Make a volume of the image's data in ``source``; it appears whole.

    :raises ImageUnacceptable: if they are not such a disk, or not safe
    """
    source_format, size_bytes = concurrency.blocking(
        _inspect, image, source)
    if size_bytes > size_gib * images.GIB:
        raise unacceptable(image, f"needs {-(-size_bytes // images.GIB)} GiB,"
                           f" and the volume has {size_gib}")
    with images.new(path) as draft:
        images.convert(source, source_format, draft, disk_format,
                       size_bytes)
        images.grow(draft, disk_format, size_gib)


def _inspect(image: Image, path: str) -> tuple[str, int]:
    """Return what QEMU calls the format, and the size of the disk.

    What is not safe must not come near a tool that opens it. Runs in a
    native thread.
    """
    try:
        found = format_inspector.detect_file_format(path)
        names, known = _NAMES.get(found.NAME if found else "", (set(), ""))
        if found is None or image.disk_format not in names:
            raise unacceptable(image, f"is not {image.disk_format}")
        found.safety_check()
        size = (os.path.getsize(path) if known == "raw"
                else int(found.virtual_size))
    except (format_inspector.ImageFormatError,
            format_inspector.SafetyCheckFailed) as error:
        raise unacceptable(image, "is not safe to be used") from error
    return known, size


def is_full(error: OSError | process.Failed) -> bool:
    """Say whether it failed for want of room."""
    return (getattr(error, "errno", None) in _FULL
            or "No space left" in str(error))


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
