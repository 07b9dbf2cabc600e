"""The durable tasks of the service."""

from blockstore.tasks.connect_volume import ConnectVolume
from blockstore.tasks.create_snapshot import CreateSnapshot
from blockstore.tasks.create_volume import (
    CreateVolume,
    CreateVolumeFromImage,
    CreateVolumeFromSnapshot,
)
from blockstore.tasks.delete_snapshot import DeleteSnapshot
from blockstore.tasks.delete_volume import DeleteVolume
from blockstore.tasks.disconnect_volume import DisconnectVolume
from blockstore.tasks.extend_volume import ExtendVolume

ALL = [CreateVolume, CreateVolumeFromImage, CreateVolumeFromSnapshot,
       DeleteVolume, ExtendVolume, ConnectVolume, DisconnectVolume,
       CreateSnapshot, DeleteSnapshot]

__all__ = ["ALL", "ConnectVolume", "CreateSnapshot", "CreateVolume",
           "CreateVolumeFromImage", "CreateVolumeFromSnapshot",
           "DeleteSnapshot", "DeleteVolume", "DisconnectVolume",
           "ExtendVolume"]
