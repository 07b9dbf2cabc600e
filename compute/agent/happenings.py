"""What happens to guests by itself makes the reconciler look."""

from collections.abc import Callable

from compute.drivers import locks


class Happenings:
    """Takes the driver's events.

    An event that is lost, or that nobody hears, is found by the reconciler
    all the same.
    """

    def __init__(self, server_locks: locks.KeyedLocks,
                 wake: Callable[[], None]) -> None:
        """:param wake: makes the reconciler look now"""
        self._locks = server_locks
        self._wake = wake

    def __call__(self, server_id: str, event: str) -> None:
        """Look at once when a guest went off that no request is at."""
        if event in ("stopped", "crashed") and not self._locks.held(
                server_id):
            self._wake()
