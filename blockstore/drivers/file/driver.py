"""Volumes as files, exported over NBD on unix sockets."""

import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from typing import Any

from blockstore import exceptions
from blockstore.drivers.base import Capacity, Export, VolumeDriver
from blockstore.drivers.file import access, contents, images
from blockstore.drivers.file.exports import Backing, Exports
from blockstore.images import Image, unacceptable
from common import failpoint, process

LOG = logging.getLogger(__name__)


class FileDriver(VolumeDriver):
    """Files named ``ID.FORMAT`` in one directory.

    :param exports: directory of the sockets of what is exported
    :param disk_format: that of new volumes; others keep theirs
    :param group: whose members may connect to exports
    """

    protocol = "nbd"

    def __init__(self, directory: str, exports: str, *,
                 disk_format: str = "qcow2",
                 group: str | None = None) -> None:
        self._directory = os.path.abspath(directory)
        self._sockets = os.path.abspath(exports)
        self._format = disk_format
        self._group = group
        self._exports = Exports(self._sockets)

    @classmethod
    def from_conf(cls, conf: Any) -> "FileDriver":
        own = conf.blockstore
        return cls(own.volumes_dir, own.exports_dir, group=own.socket_group,
                   disk_format=own.disk_format)

    def prepare(self) -> None:
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        images.discard_unfinished(self._directory)
        self._exports.prepare()
        access.share(self._sockets, self._group)

    def capacity(self) -> Capacity:
        usage = shutil.disk_usage(self._directory)
        return Capacity(usage.total // images.GIB, usage.free // images.GIB)

    def create(self, volume_id: str, size_gib: int) -> None:
        if self._find(volume_id) is not None:
            return
        path = self._path(volume_id, self._format)
        try:
            images.make(path, self._format, size_gib)
        except (OSError, process.Failed) as error:
            LOG.error("Volume %s was not made: %s", volume_id, error)
            raise exceptions.NoSpace(size_gib=size_gib) from error

    def create_from_image(self, volume_id: str, size_gib: int,
                          image: Image, data: Iterator[bytes]) -> None:
        if self._find(volume_id) is not None:
            return
        path = self._path(volume_id, self._format)
        fetched = f"{path}{images.FETCHED}"
        try:
            contents.save(fetched, data)
            failpoint.hit("volume-agent.image-fetched")
            contents.fill(path, self._format, size_gib, image, fetched)
        except (OSError, process.Failed) as error:
            LOG.error("Volume %s was not made: %s", volume_id, error)
            if contents.is_full(error):
                raise exceptions.NoSpace(size_gib=size_gib) from error
            raise unacceptable(
                image, f"cannot be read as {image.disk_format}") from error
        finally:
            images.discard(fetched)

    def extend(self, volume_id: str, size_gib: int) -> None:
        backing = self._existing(volume_id)
        self._refuse_used(volume_id, backing)
        try:
            images.grow(backing.path, backing.disk_format, size_gib)
        except (OSError, process.Failed) as error:
            LOG.error("Volume %s was not extended: %s", volume_id, error)
            raise exceptions.NoSpace(size_gib=size_gib) from error

    def delete(self, volume_id: str, *, force: bool = False) -> None:
        if force:
            for export in self._exports.of_volume(volume_id):
                self._exports.stop(export, force=True)
        backing = self._find(volume_id)
        if backing is not None:
            self._refuse_used(volume_id, backing)
        for disk_format in images.FORMATS:
            images.remove(self._path(volume_id, disk_format))

    def list_ids(self) -> set[str]:
        names = [name.rpartition(".") for name in os.listdir(
            self._directory)]
        return {stem for stem, _, suffix in names
                if suffix in images.FORMATS and _is_id(stem)}

    def connect(self, export: Export) -> dict[str, Any]:
        backing = self._existing(export.volume_id)
        for other in self._exports.of_volume(export.volume_id):
            if other.attachment_id != export.attachment_id:
                self._refuse_alive(other)
        self._exports.start(export, backing)
        return {"driver_volume_type": "nbd", "data": {
            "transport": "unix",
            "socket": self._exports.socket(export.attachment_id),
            "export": export.volume_id, "serial": export.volume_id}}

    def disconnect(self, export: Export, *, force: bool = False) -> None:
        self._exports.stop(export, force=force)

    def exports(self) -> dict[str, Export]:
        return self._exports.all()

    def is_alive(self, export: Export) -> bool:
        return self._exports.is_alive(export.attachment_id)

    def _refuse_alive(self, other: Export) -> None:
        if self._exports.is_alive(other.attachment_id):
            raise exceptions.VolumeBusy(
                volume_id=other.volume_id,
                reason="it is exported for another attachment")

    def _refuse_used(self, volume_id: str, backing: Backing) -> None:
        for export in self._exports.of_volume(volume_id):
            self._refuse_alive(export)
        if images.is_locked(backing.path):
            raise exceptions.VolumeBusy(
                volume_id=volume_id, reason="a process has it open")

    def _existing(self, volume_id: str) -> Backing:
        found = self._find(volume_id)
        if found is None:
            raise exceptions.VolumeNotFound(volume_id=volume_id)
        return found

    def _find(self, volume_id: str) -> Backing | None:
        for disk_format in images.FORMATS:
            path = self._path(volume_id, disk_format)
            if os.path.lexists(path):
                return Backing(path, disk_format)
        return None

    def _path(self, volume_id: str, disk_format: str) -> str:
        if not _is_id(volume_id):
            raise exceptions.VolumeNotFound(volume_id=volume_id)
        return os.path.join(self._directory, f"{volume_id}.{disk_format}")


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
