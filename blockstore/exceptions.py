"""Errors of the block storage service."""

from common import exceptions


class VolumeNotFound(exceptions.NotFound):
    message = "Volume {volume_id} could not be found."


class AttachmentNotFound(exceptions.NotFound):
    message = "Volume attachment {attachment_id} could not be found."


class MetadataNotFound(exceptions.NotFound):
    message = "Volume {volume_id} has no metadata with key {key}."


class VolumeTypeNotFound(exceptions.NotFound):
    message = "Volume type {type_id} could not be found."


class SnapshotNotFound(exceptions.NotFound):
    message = "Snapshot {snapshot_id} could not be found."


class ImageNotFound(exceptions.NotFound):
    message = "Image {image_id} could not be found."


class ImageUnacceptable(exceptions.BadRequest):
    message = "Image {image_id} is unacceptable: it {reason}."


class ServiceNotFound(exceptions.NotFound):
    message = "Service {binary} on host {host} could not be found."


class InvalidVolume(exceptions.BadRequest):
    message = "Invalid volume: {reason}"


class InvalidStatus(exceptions.BadRequest):
    message = ("Invalid volume: volume {volume_id} is {status}, and must "
               "be {allowed} for this.")


class InvalidSnapshot(exceptions.BadRequest):
    message = ("Invalid snapshot: snapshot {snapshot_id} is {status}, and "
               "must be {allowed} for this.")


class InvalidAttachment(exceptions.BadRequest):
    message = ("Invalid attachment: attachment {attachment_id} is {status}, "
               "and must be {allowed} for this.")


class InvalidInput(exceptions.BadRequest):
    message = "Invalid input received: {field}: {reason}"


class QuotaExceeded(exceptions.OverLimit):
    message = ("{resource} quota exceeded: {used} of {limit} are in use and "
               "{wanted} more were asked for.")


class VolumeTooLarge(exceptions.OverLimit):
    message = ("Requested volume of {size_gib} GiB is larger than the limit "
               "of {limit} GiB per volume.")


class ServerOwnsAttachment(exceptions.Conflict):
    message = ("Attachment {attachment_id} is in use by server "
               "{instance_id}: detach the volume through the compute API.")


class VolumeBusy(exceptions.Conflict):
    message = "Volume {volume_id} is in use: {reason}"


class NoBackend(exceptions.ServiceError):
    status = 507
    message = "No backend takes {size_gib} GiB: {reason}."


class NoSpace(exceptions.ServiceError):
    status = 507
    message = "The backend has no room for {size_gib} GiB."


class HostMismatch(exceptions.Conflict):
    message = ("Backend {host} is known under another identity: the name "
               "belongs to another state directory. Give this host the "
               "name it had, or a new one.")


class ConnectFailed(exceptions.RetryLater):
    status = 503
    message = "Volume {volume_id} could not be connected: {reason}"


class DisconnectFailed(exceptions.RetryLater):
    status = 503
    message = "Volume {volume_id} could not be disconnected: {reason}"


class SnapshotFailed(exceptions.RetryLater):
    status = 503
    message = "Volume {volume_id} could not be copied: {reason}"


class StillWorking(exceptions.RetryLater):
    status = 503
    message = ("Volume {volume_id} is still {status}; repeat the request "
               "to wait for its end.")


class TornBackend(exceptions.ServiceError):
    message = "The storage backend failed."


class OutdatedOrder(exceptions.Conflict):
    message = "A later order for attachment {attachment_id} was seen."


class NotReportedYet(exceptions.RetryLater):
    status = 503
    message = "Backend {host} has not reached the scheduler yet."
