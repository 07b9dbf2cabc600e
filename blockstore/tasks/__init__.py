"""The durable tasks of the service."""

from blockstore.tasks.connect_volume import ConnectVolume
from blockstore.tasks.create_volume import (
    CreateVolume,
    CreateVolumeFromImage,
)
from blockstore.tasks.delete_volume import DeleteVolume
from blockstore.tasks.disconnect_volume import DisconnectVolume
from blockstore.tasks.extend_volume import ExtendVolume

ALL = [CreateVolume, CreateVolumeFromImage, DeleteVolume, ExtendVolume,
       ConnectVolume, DisconnectVolume]

__all__ = ["ALL", "ConnectVolume", "CreateVolume", "CreateVolumeFromImage",
           "DeleteVolume",
           "DisconnectVolume", "ExtendVolume"]
