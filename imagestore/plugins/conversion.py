"""Images in the one format that the operator wants."""

import functools
import os

from oslo_config import cfg

from common import process, qemu_img
from imagestore import exceptions, inspection
from imagestore.plugins import base

#: What QEMU calls the formats. Others, such as ISO 9660, are no disks that
#: a copy in another format could stand for.
_NAMES = {"raw": "raw", "gpt": "raw", "qcow2": "qcow2", "vmdk": "vmdk",
          "vhd": "vpc", "vhdx": "vhdx", "vdi": "vdi"}
_CHUNK = 1 << 20


class Conversion(base.Plugin):
    """Copies disks of other formats to ``output_format``."""

    def __init__(self, output_format: str, limit: int) -> None:
        """Make it.

        :param limit: size of the largest disk that is copied, in bytes
        """
        self._output = output_format
        self._limit = limit

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "Conversion":
        return cls(conf.image_conversion.output_format,
                   conf.imagestore.image_size_cap)

    def change(self, staged: base.Staged) -> base.Change:
        source = _NAMES.get(staged.disk_format)
        if staged.container_format != "bare" or source is None or (
                source == self._output):
            return base.Change()
        size = _disk_size(staged)
        if size > self._limit:
            raise exceptions.TooLarge(limit=self._limit)
        return base.Change(
            fill=functools.partial(
                _convert, staged.path, source, self._output, size),
            columns={"disk_format": self._output},
            doing=f"Converting {staged.disk_format} to {self._output}")


def _disk_size(staged: base.Staged) -> int:
    """Return the size of the disk, or raise ContentRefused.

    What is not safe must not come near a tool that opens it.
    """
    seen = inspection.Inspector(staged.container_format, staged.disk_format)
    with open(staged.path, "rb") as file:
        while not seen.decided and (chunk := file.read(_CHUNK)):
            for look in seen.looks():
                look(chunk)
    size = seen.examine(os.path.getsize(staged.path))
    assert size is not None
    return size


def _convert(source: str, source_format: str, output_format: str,
             size_bytes: int, path: str) -> None:
    try:
        qemu_img.convert(source, source_format, path, output_format,
                         size_bytes=size_bytes)
    except process.Failed as error:
        if "No space left" in str(error):
            raise exceptions.StoreFull() from error
        raise exceptions.ContentRefused(
            reason=f"they cannot be converted to {output_format}") from error
