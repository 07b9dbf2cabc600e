"""A backend in memory, for tests and for trying the service at scale."""

from collections.abc import Iterator
from typing import Any

from blockstore import exceptions
from blockstore.drivers.base import Capacity, Export, VolumeDriver
from blockstore.images import Image


class FakeDriver(VolumeDriver):
    """Keeps sizes in a dict; has ``room_gib`` of room.

    ``clients`` holds the attachments that a client is connected to, for
    tests to say so.
    """

    protocol = "fake"

    def __init__(self, room_gib: int = 100000) -> None:
        self.room_gib = room_gib
        self.sizes: dict[str, int] = {}
        self.snapshots: dict[str, int] = {}
        self.clients: set[str] = set()
        self._exports: dict[str, Export] = {}
        self._dead: set[str] = set()

    @classmethod
    def from_conf(cls, conf: Any) -> "FakeDriver":
        return cls()

    def prepare(self) -> None:
        pass

    def capacity(self) -> Capacity:
        return Capacity(
            self.room_gib, self.room_gib - sum(self.sizes.values())
            - sum(self.snapshots.values()))

    def create(self, volume_id: str, size_gib: int) -> None:
        if volume_id not in self.sizes:
            self._take_room(size_gib)
            self.sizes[volume_id] = size_gib

    def create_from_image(self, volume_id: str, size_gib: int,
                          image: Image, data: Iterator[bytes]) -> None:
        if volume_id not in self.sizes:
            for _ in data:
                pass
            self.create(volume_id, size_gib)

    def create_from_snapshot(self, volume_id: str, size_gib: int,
                             snapshot_id: str) -> None:
        if volume_id not in self.sizes:
            if snapshot_id not in self.snapshots:
                raise exceptions.SnapshotNotFound(snapshot_id=snapshot_id)
            self.create(volume_id, size_gib)

    def create_snapshot(self, snapshot_id: str, volume_id: str) -> None:
        if volume_id not in self.sizes:
            raise exceptions.VolumeNotFound(volume_id=volume_id)
        if snapshot_id not in self.snapshots:
            self._take_room(self.sizes[volume_id])
            self.snapshots[snapshot_id] = self.sizes[volume_id]

    def delete_snapshot(self, snapshot_id: str) -> None:
        self.snapshots.pop(snapshot_id, None)

    def list_snapshot_ids(self) -> set[str]:
        return set(self.snapshots)

    def extend(self, volume_id: str, size_gib: int) -> None:
        self._refuse_exported(volume_id)
        if volume_id not in self.sizes:
            raise exceptions.VolumeNotFound(volume_id=volume_id)
        self._take_room(size_gib - self.sizes[volume_id])
        self.sizes[volume_id] = max(size_gib, self.sizes[volume_id])

    def delete(self, volume_id: str, *, force: bool = False) -> None:
        for export in list(self._exports.values()):
            if force and export.volume_id == volume_id:
                self.disconnect(export, force=True)
        self._refuse_exported(volume_id)
        self.sizes.pop(volume_id, None)

    def list_ids(self) -> set[str]:
        return set(self.sizes)

    def connect(self, export: Export) -> dict[str, Any]:
        if export.volume_id not in self.sizes:
            raise exceptions.VolumeNotFound(volume_id=export.volume_id)
        if export.attachment_id not in self._exports:
            self._refuse_exported(export.volume_id)
        self._exports[export.attachment_id] = export
        self._dead.discard(export.attachment_id)
        return {"driver_volume_type": "fake", "data": {
            "export": export.volume_id, "serial": export.volume_id}}

    def disconnect(self, export: Export, *, force: bool = False) -> None:
        if export.attachment_id in self.clients and not force:
            raise exceptions.VolumeBusy(
                volume_id=export.volume_id, reason="a client is connected")
        self.clients.discard(export.attachment_id)
        self._exports.pop(export.attachment_id, None)
        self._dead.discard(export.attachment_id)

    def exports(self) -> dict[str, Export]:
        return dict(self._exports)

    def is_alive(self, export: Export) -> bool:
        return (export.attachment_id in self._exports
                and export.attachment_id not in self._dead)

    def break_export(self, attachment_id: str) -> None:
        """Let the export's server die, as tests wish."""
        self._dead.add(attachment_id)

    def _take_room(self, size_gib: int) -> None:
        if size_gib > self.capacity().free_gib:
            raise exceptions.NoSpace(size_gib=size_gib)

    def _refuse_exported(self, volume_id: str) -> None:
        if any(export.volume_id == volume_id
               for export in self._exports.values()):
            raise exceptions.VolumeBusy(
                volume_id=volume_id, reason="it is exported")
