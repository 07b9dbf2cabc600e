"""What the conductors of a cell do for its agents."""

from typing import Any

from common import rpc
from common.context import RequestContext

JSON = dict[str, Any]


class ConductorAPI(rpc.Interface):
    """Any conductor of the cell answers; every method may be repeated."""

    topic = "compute.conductor"

    @rpc.call(timeout=60)
    def register(self, ctx: RequestContext, *, host: str, host_uuid: str,
                 facts: JSON) -> JSON:
        """Note that the agent of ``host`` is up, and what its host can do.

        :param host_uuid: random, kept in the agent's state directory; a
            host name registered with another one is refused (Conflict)
        :param facts: ``compute.spec.HostFacts`` as JSON
        :returns: ``{"provider_id": ..., "report_interval_s": 10}``
        """

    @rpc.call(timeout=30)
    def report(self, ctx: RequestContext, *, host: str,
               servers: list[Any]) -> JSON:
        """Heartbeat: this host lives, and these guests are on it.

        :param servers: ``[{"id", "power_state", "generation"}]``, power
            state being one of ``compute.spec.POWER_STATES``
        :returns: ``{"registered": bool}``; false asks to register again
        """

    @rpc.call(timeout=60)
    def desired(self, ctx: RequestContext, *, host: str) -> JSON:
        """Return what should be on the host, as one consistent snapshot.

        ``{"servers": [ServerSpec as JSON, ...]}``. A domain of ours that is
        not in the list may be destroyed; one with power ``leave`` is being
        worked on by a task: leave it alone.
        """

    @rpc.call(timeout=30)
    def lifecycle(self, ctx: RequestContext, *, host: str, server_id: str,
                  event: str, generation: int | None = None) -> None:
        """Note what happened to a guest by itself.

        :param generation: of the server as the agent knew it then: once it
            has moved on, the message is late and is dropped

        :param event: ``started``, ``stopped``, ``paused``, ``resumed``,
            ``crashed``
        """

    @rpc.cast
    def wake(self, ctx: RequestContext) -> None:
        """There is a new task or event in the cell's database; a hint."""
