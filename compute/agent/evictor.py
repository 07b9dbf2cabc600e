"""Forget cached images that nobody used for long."""

from common import loop
from compute.agent.reconciler import Reconciler
from compute.drivers import base


class ImageEvictor(loop.Loop):
    """Deletes images that no disk here lies on and that are not fresh."""

    def __init__(self, driver: base.ComputeDriver, reconciler: Reconciler, *,
                 interval: float, idle_s: float) -> None:
        super().__init__(interval)
        self._driver = driver
        self._reconciler = reconciler
        self._idle_s = idle_s

    def run_once(self) -> int:
        """Delete them; return how many."""
        wanted = self._reconciler.wanted_images
        if wanted is None:
            return 0  # what should be here is not known yet
        return self._driver.evict(wanted, self._idle_s)
