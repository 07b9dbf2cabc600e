"""What a storage backend must do."""

import abc
import dataclasses
from collections.abc import Iterator
from typing import Any

from blockstore.images import Image


@dataclasses.dataclass(frozen=True)
class Export:
    """A volume made reachable for the one client of one attachment.

    ``generation`` grows with each change of the attachment, so that late
    orders can be told from new ones.
    """

    attachment_id: str
    volume_id: str
    generation: int = 0
    readonly: bool = False


@dataclasses.dataclass(frozen=True)
class Capacity:
    """Room of a backend, in whole GiB."""

    total_gib: int
    free_gib: int


class VolumeDriver(abc.ABC):
    """Volumes of one backend; each method may be repeated with no effect.

    The agent calls one method at a time for one volume.
    """

    #: What the backend speaks, as pool reports name it.
    protocol = ""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make what the backend itself needs; called at each start."""

    @abc.abstractmethod
    def capacity(self) -> Capacity:
        """Return the room there is, and how much is left."""

    @abc.abstractmethod
    def create(self, volume_id: str, size_gib: int) -> None:
        """Make a volume that reads as zeros, or raise NoSpace."""

    @abc.abstractmethod
    def create_from_image(self, volume_id: str, size_gib: int,
                          image: Image, data: Iterator[bytes]) -> None:
        """Make a volume that begins with the disk in an image.

        :param data: the image's bytes; to be read to their end, for that
            is where they are known to be all
        :raises ImageUnacceptable: if they are no such disk, or not safe
        :raises NoSpace: if there is no room
        """

    @abc.abstractmethod
    def create_from_snapshot(self, volume_id: str, size_gib: int,
                             snapshot_id: str) -> None:
        """Make a volume that begins with what is in a snapshot.

        :raises SnapshotNotFound: where there is none
        :raises NoSpace: if there is no room
        """

    @abc.abstractmethod
    def create_snapshot(self, snapshot_id: str, volume_id: str) -> None:
        """Copy a volume as it is at one moment, exported or not.

        What a client was told to be written before that is in it.

        :raises VolumeNotFound: where there is no such volume
        :raises NoSpace: if there is no room
        :raises SnapshotFailed: if another try may succeed
        """

    @abc.abstractmethod
    def delete_snapshot(self, snapshot_id: str) -> None:
        """Remove the snapshot; do nothing where there is none."""

    @abc.abstractmethod
    def list_snapshot_ids(self) -> set[str]:
        """Return the ids of all snapshots of this backend."""

    @abc.abstractmethod
    def extend(self, volume_id: str, size_gib: int) -> None:
        """Grow a volume that is not exported; never shrink it.

        :raises VolumeBusy: while it is exported
        """

    @abc.abstractmethod
    def delete(self, volume_id: str, *, force: bool = False) -> None:
        """Remove the volume; do nothing where there is none.

        :param force: cut clients off and stop its exports first
        :raises VolumeBusy: while it is exported, unless forced
        """

    @abc.abstractmethod
    def list_ids(self) -> set[str]:
        """Return the ids of all volumes of this backend."""

    @abc.abstractmethod
    def connect(self, export: Export) -> dict[str, Any]:
        """Export the volume; return what its client needs to reach it.

        :raises VolumeNotFound: where there is no such volume
        :raises VolumeBusy: while it is exported for another attachment
        """

    @abc.abstractmethod
    def disconnect(self, export: Export, *, force: bool = False) -> None:
        """End the export; it is gone when this returns.

        :param force: cut off a client that is still there
        :raises VolumeBusy: if a client is still there, unless forced
        """

    @abc.abstractmethod
    def exports(self) -> dict[str, Export]:
        """Return the exports there should be here, by attachment.

        Those whose server died are among them.
        """

    @abc.abstractmethod
    def is_alive(self, export: Export) -> bool:
        """Say whether the export really runs."""
