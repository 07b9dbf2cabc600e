"""What the scheduler does for agents and the API."""

from typing import Any

from common import rpc
from common.context import RequestContext


class VolumeSchedulerAPI(rpc.Interface):
    """Any scheduler answers; agents have no database of their own."""

    topic = "blockstore.scheduler"

    @rpc.call(timeout=20)
    def report(self, ctx: RequestContext, *, backend: str, identity: str,
               protocol: str, zone: str, total_gib: int, free_gib: int,
               overcommit: float) -> None:
        """Take note of the backend, or raise HostMismatch."""

    @rpc.call(timeout=20)
    def wanted(self, ctx: RequestContext, *, backend: str,
               identity: str) -> dict[str, Any]:
        """Return what should be on the backend, or raise HostMismatch.

        ``revision`` grows with every change. ``volumes`` are the ids of
        those that may have blocks, and ``snapshots`` those of snapshots.
        ``exports`` are those that may be
        there, each with ``attachment_id``, ``volume_id``, ``generation``,
        ``readonly``, and ``required``: whether to start it if it is not
        there.
        """

    @rpc.cast
    def work(self, ctx: RequestContext) -> None:
        """Look for tasks now; a hint, lost without harm."""
