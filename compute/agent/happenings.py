"""What happens to guests by itself, told to the conductors."""

import logging
from collections.abc import Callable

from compute.agent.membership import Membership
from compute.drivers import base, locks

LOG = logging.getLogger(__name__)


class Happenings:
    """Takes the driver's events.

    An event that is lost, or that nobody hears, is found by the reconciler.
    """

    def __init__(self, driver: base.ComputeDriver, membership: Membership,
                 server_locks: locks.KeyedLocks,
                 wake: Callable[[], None]) -> None:
        """:param wake: makes the reconciler look now"""
        self._driver = driver
        self._membership = membership
        self._locks = server_locks
        self._wake = wake

    def __call__(self, server_id: str, event: str) -> None:
        """Tell of a guest that went off, unless a request made it so."""
        if event not in ("stopped", "crashed"):
            return
        if self._locks.held(server_id):
            return
        with self._locks.hold(server_id):
            guest = self._driver.guest(server_id)
        try:
            if guest.power_state == "crashed":
                self._membership.tell(server_id, "crashed")
                self._wake()
            elif guest.ended_itself:
                self._membership.tell(server_id, "stopped")
            else:
                self._wake()  # not the guest's own doing: mend it
        except Exception as error:
            LOG.warning("Server %s: %s is not told yet: %s",
                        server_id, event, error)
            self._wake()
