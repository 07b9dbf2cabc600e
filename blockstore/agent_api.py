"""What the agent of a backend does for the rest of the service."""

from typing import Any

from common import rpc
from common.context import RequestContext


class VolumeAgentAPI(rpc.Interface):
    """Served under the name of the backend, HOST@DRIVER.

    Every method may be repeated with no further effect. A ``generation``
    older than one that the agent has seen of the same attachment is
    refused with OutdatedOrder.
    """

    topic = "blockstore.agent"

    @rpc.call(timeout=60)
    def create_volume(self, ctx: RequestContext, *,
                      volume_id: str, size_gib: int) -> None:
        """Make the volume, or raise NoSpace."""

    @rpc.call(timeout=60)
    def create_volume_from_image(
            self, ctx: RequestContext, *, volume_id: str, size_gib: int,
            image: dict[str, Any]) -> None:
        """Make the volume with an image's content, or raise.

        Takes as long as it takes: repeat it until it answers.

        :param image: the members of ``images.Image``
        :raises ImageUnacceptable, NoSpace: for good
        """

    @rpc.call(timeout=60)
    def create_volume_from_snapshot(
            self, ctx: RequestContext, *, volume_id: str, size_gib: int,
            snapshot_id: str) -> None:
        """Make the volume with a snapshot's content, or raise NoSpace.

        Takes as long as it takes: repeat it until it answers.
        """

    @rpc.call(timeout=60)
    def create_snapshot(self, ctx: RequestContext, *, snapshot_id: str,
                        volume_id: str) -> None:
        """Copy the volume as it is at one moment, or raise NoSpace.

        Takes as long as it takes: repeat it until it answers.
        """

    @rpc.call(timeout=60)
    def delete_snapshot(self, ctx: RequestContext, *,
                        snapshot_id: str) -> None:
        """Erase the snapshot."""

    @rpc.call(timeout=60)
    def extend_volume(self, ctx: RequestContext, *,
                      volume_id: str, size_gib: int) -> None:
        """Grow the volume, or raise NoSpace or VolumeBusy."""

    @rpc.call(timeout=60)
    def delete_volume(self, ctx: RequestContext, *,
                      volume_id: str, force: bool) -> None:
        """Erase the volume, or raise VolumeBusy unless forced."""

    @rpc.call(timeout=40)
    def connect(self, ctx: RequestContext, *, volume_id: str,
                attachment_id: str, generation: int,
                readonly: bool) -> dict[str, Any]:
        """Export the volume; return what its client needs, or raise."""

    @rpc.call(timeout=40)
    def disconnect(self, ctx: RequestContext, *, volume_id: str,
                   attachment_id: str, generation: int,
                   force: bool) -> None:
        """End the export, or raise VolumeBusy while a client is there."""

    @rpc.cast
    def reconcile(self, ctx: RequestContext) -> None:
        """Compare what is with what should be, now."""
