"""Volumes as files, exported over NBD on unix sockets."""

import contextlib
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
    """Files named ``ID.FORMAT`` in one directory, snapshots below it.

    :param exports: directory of the sockets of what is exported
    :param disk_format: that of new volumes; others keep theirs
    :param group: whose members may connect to exports
    """

    protocol = "nbd"

    def __init__(self, directory: str, exports: str, *,
                 disk_format: str = "qcow2",
                 group: str | None = None) -> None:
        self._directory = os.path.abspath(directory)
        self._snapshots = os.path.join(self._directory, "snapshots")
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
        os.makedirs(self._snapshots, mode=0o700, exist_ok=True)
        for directory in (self._directory, self._snapshots):
            images.discard_unfinished(directory)
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

    def create_from_snapshot(self, volume_id: str, size_gib: int,
                             snapshot_id: str) -> None:
        if self._find(volume_id) is not None:
            return
        source = self._find(snapshot_id, self._snapshots)
        if source is None:
            raise exceptions.SnapshotNotFound(snapshot_id=snapshot_id)
        with (_room_for(volume_id, size_gib),
              images.new(self._path(volume_id, self._format)) as draft):
            self._copy(source, draft)
            images.grow(draft, self._format, size_gib)

    def create_snapshot(self, snapshot_id: str, volume_id: str) -> None:
        if self._find(snapshot_id, self._snapshots) is not None:
            return
        source = self._existing(volume_id)
        size = images.size_bytes(source.path, source.disk_format)
        path = self._path(snapshot_id, self._format, self._snapshots)
        with (_room_for(snapshot_id, size // images.GIB),
              images.new(path) as draft):
            for export in self._exports.of_volume(volume_id):
                if self._exports.is_alive(export.attachment_id):
                    images.create(draft, self._format, size)
                    self._exports.copy(export, Backing(draft, self._format))
                    return
            self._copy(source, draft)

    def delete_snapshot(self, snapshot_id: str) -> None:
        for disk_format in images.FORMATS:
            images.remove(self._path(
                snapshot_id, disk_format, self._snapshots))

    def list_snapshot_ids(self) -> set[str]:
        return _ids_in(self._snapshots)

    def _copy(self, source: Backing, path: str) -> None:
        images.convert(
            source.path, source.disk_format, path, self._format,
            images.size_bytes(source.path, source.disk_format))

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
        return _ids_in(self._directory)

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

    def _find(self, ident: str, directory: str = "") -> Backing | None:
        for disk_format in images.FORMATS:
            path = self._path(ident, disk_format, directory)
            if os.path.lexists(path):
                return Backing(path, disk_format)
        return None

    def _path(self, ident: str, disk_format: str,
              directory: str = "") -> str:
        if not _is_id(ident):
            raise exceptions.VolumeNotFound(volume_id=ident)
        return os.path.join(
            directory or self._directory, f"{ident}.{disk_format}")


@contextlib.contextmanager
def _room_for(ident: str, size_gib: int) -> Iterator[None]:
    """Turn the failure of a tool or the disk into ours."""
    try:
        yield
    except (OSError, process.Failed) as error:
        LOG.error("%s was not made: %s", ident, error)
        if contents.is_full(error):
            raise exceptions.NoSpace(size_gib=size_gib) from error
        raise exceptions.TornBackend() from error


def _ids_in(directory: str) -> set[str]:
    names = [name.rpartition(".") for name in os.listdir(directory)]
    return {stem for stem, _, suffix in names
            if suffix in images.FORMATS and _is_id(stem)}


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
