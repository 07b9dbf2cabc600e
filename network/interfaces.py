"""What the daemons of the network ask each other."""

from common import rpc
from common.context import RequestContext


class NetworkController(rpc.Interface):
    """Brings changes to OVN."""

    topic = "network.controller"

    @rpc.fanout
    def changed(self, ctx: RequestContext) -> None:
        """Look for changes now; a hint, lost without harm."""


class MetadataNode(rpc.Interface):
    """Serves metadata to the guests of one node."""

    topic = "network.metadata"

    @rpc.fanout
    def changed(self, ctx: RequestContext) -> None:
        """Compare what is with what should be; a hint."""


class MetadataSource(rpc.Interface):
    """Knows which networks and guests a node has."""

    topic = "network.source"

    @rpc.call(timeout=10)
    def wanted(self, ctx: RequestContext, *, host: str) -> list:
        """Return the networks with a guest on the host.

        Each is a dict of ``network_id``, ``port_id``, ``mac_address``,
        ``mtu`` and ``addresses`` (with prefix lengths) of its metadata
        port.
        """

    @rpc.call(timeout=10)
    def find_guest(self, ctx: RequestContext, *, network_id: str,
                   address: str, host: str) -> dict:
        """Return ``server_id``, ``project_id`` and ``port_id``.

        :raises PortNotFound: if no guest of the host has the address
        """
