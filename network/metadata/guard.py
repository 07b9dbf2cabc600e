"""The loop that stops guests from passing for routers."""

import logging

from common import loop
from network import privileged

LOG = logging.getLogger(__name__)

#: How long guests can pass for routers after OVN's controller came back.
_INTERVAL_S = 5


class RouterGuard(loop.Loop):
    """Keeps the node's switch dropping guests' router advertisements.

    OVN's ACLs cannot: its own rules above them let neighbour discovery
    through, and these with it.
    """

    def __init__(self) -> None:
        super().__init__(_INTERVAL_S)

    def run_once(self) -> bool:
        """Say whether the switch had to be told."""
        told = privileged.guard()
        if told:
            LOG.info("Router advertisements of guests are dropped")
        return told
