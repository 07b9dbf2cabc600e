"""The loop that gives the guests of this node their metadata."""

import logging
import os
import pathlib
import socket
import struct
from collections.abc import Iterable
from typing import Any

from oslo_config import cfg

from common import concurrency, loop, rpc
from common.context import RequestContext, service_context
from common.secret import Secret
from common.server import Server
from network import privileged
from network.interfaces import MetadataNode, MetadataSource
from network.metadata.proxy import Proxy

LOG = logging.getLogger(__name__)

_INTERVAL_S = 30
_HAND_OVER_S = 10


class Served(MetadataNode):
    """Takes the hints for this node."""

    def __init__(self, agent: "MetadataAgent") -> None:
        self._agent = agent

    def changed(self, ctx: RequestContext) -> None:
        """Compare what is with what should be."""
        self._agent.wake()


class MetadataAgent(loop.Loop):
    """A namespace and a listener for each network with a guest here."""

    def __init__(self, conf: cfg.ConfigOpts, bus: rpc.Bus) -> None:
        super().__init__(_INTERVAL_S)
        self._conf = conf
        self._source = bus.client(MetadataSource)
        self._door = pathlib.Path(
            conf.node.run_dir, privileged.DOOR, privileged.SOCKET_NAME)
        self._channel: Any = None
        self._servers: dict[str, Server] = {}
        self._shapes: dict[str, dict] = {}

    def start(self) -> None:
        """Open the socket on which listeners are handed over."""
        if not self._conf.metadata.shared_secret:
            raise ValueError("[metadata] shared_secret is not set")
        privileged.make_door()
        self._door.unlink(missing_ok=True)
        self._channel = socket.socket(socket.AF_UNIX)
        self._channel.bind(str(self._door))
        os.chmod(self._door, 0o600)
        self._channel.listen(4)

    def run_once(self) -> int:
        """Make what is missing, remove what is too many."""
        wanted = {each["network_id"]: each for each in self._source.wanted(
            service_context(), host=self._conf.host)}
        have = set(privileged.plugged())
        changed = 0
        for network_id, each in wanted.items():
            changed += self._ensure(network_id, each, have)
        for network_id in sorted(have - wanted.keys()):
            changed += self._remove(network_id)
        return changed

    def _ensure(self, network_id: str, wanted: dict,
                have: Iterable[str]) -> bool:
        """Serve the network; one that fails does not stop the others."""
        if network_id in have and self._shapes.get(network_id) == wanted:
            return False
        try:
            privileged.plug(
                network_id, wanted["port_id"], wanted["mac_address"],
                wanted["mtu"], wanted["addresses"])
            if network_id not in have:
                self._stop(network_id)
            if network_id not in self._servers:
                self._serve(network_id)
        except Exception:
            LOG.exception("No metadata for network %s", network_id)
            self.due_in(5)
            return False
        self._shapes[network_id] = wanted
        return True

    def _serve(self, network_id: str) -> None:
        privileged.listen(network_id)
        listening = self._take(network_id)
        app = Proxy(
            network_id, self._find, url=self._conf.network.metadata_url,
            secret=Secret(self._conf.metadata.shared_secret),
            rate=self._conf.network.metadata_rate)
        server = Server(app, conf=self._conf, listening=listening)
        server.start()
        self._servers[network_id] = server

    def _take(self, network_id: str) -> socket.socket:
        """Return the listener that the helper hands over."""
        with concurrency.Timeout(_HAND_OVER_S):
            while True:
                peer, _ = self._channel.accept()
                with peer:
                    if _user_of(peer) != 0:
                        continue
                    said, found, _, _ = socket.recv_fds(peer, 64, 1)
                if said.decode() == network_id and found:
                    return socket.socket(fileno=found[0])
                for each in found:
                    os.close(each)

    def _find(self, network_id: str, address: str) -> dict[str, str]:
        return self._source.find_guest(
            service_context(), network_id=network_id, address=address,
            host=self._conf.host)

    def _remove(self, network_id: str) -> bool:
        """Serve it no more; one that stays does not keep the others."""
        try:
            self._stop(network_id)
            privileged.unplug(network_id)
        except Exception:
            LOG.exception("Metadata of network %s is not taken away",
                          network_id)
            self.due_in(5)
            return False
        return True

    def _stop(self, network_id: str) -> None:
        self._shapes.pop(network_id, None)
        server = self._servers.pop(network_id, None)
        if server:
            server.stop(1)

    def close(self) -> None:
        """Serve no more; the namespaces stay for the next start."""
        for network_id in list(self._servers):
            self._stop(network_id)
        if self._channel:
            self._channel.close()


def _user_of(peer: socket.socket) -> int:
    found = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", found)[1]
