"""The volume agent: one for each backend."""

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

import cachetools

from blockstore import exceptions
from blockstore.agent_api import VolumeAgentAPI
from blockstore.drivers.base import Export, VolumeDriver
from blockstore.identity import Identity
from blockstore.images import Image, ImageStore
from blockstore.scheduler_api import VolumeSchedulerAPI
from common import concurrency, failpoint, loop, rpc
from common.context import RequestContext, service_context

LOG = logging.getLogger(__name__)

#: Attachments whose last generation is kept in mind.
_REMEMBERED = 100_000

#: How long a client may take to hang up once its server let go.
_LEAVING_S = 5.0


class Volumes:
    """A driver whose volumes are acted on one at a time each."""

    def __init__(self, driver: VolumeDriver) -> None:
        self.driver = driver
        self._locks: dict[str, list[Any]] = {}
        self._seen: Any = cachetools.LRUCache(_REMEMBERED)

    @contextlib.contextmanager
    def alone(self, volume_id: str) -> Iterator[VolumeDriver]:
        """Give the driver, for acts on this volume."""
        held = self._locks.setdefault(
            volume_id, [concurrency.Semaphore(1), 0])
        held[1] += 1
        try:
            with held[0]:
                yield self.driver
        finally:
            held[1] -= 1
            if not held[1]:
                self._locks.pop(volume_id, None)

    def check_order(self, order: Export) -> None:
        """Refuse an order that a later one has overtaken.

        What was ordered before this process ran is told by the export. Of
        one that was ended then nothing is known: if a late order starts it
        again, nobody is told, and the reconciler ends it.
        """
        one = order.attachment_id
        known = self.driver.exports().get(one)
        last = max(self._seen.get(one, 0), known.generation if known else 0)
        if order.generation < last:
            raise exceptions.OutdatedOrder(attachment_id=one)
        self._seen[one] = order.generation

    def is_outdated(self, export: Export) -> bool:
        """Say whether a later order than this has been seen."""
        return export.generation < self._seen.get(export.attachment_id, 0)


class VolumeAgent(VolumeAgentAPI):
    """Serves one backend's driver."""

    def __init__(self, volumes: Volumes, reconciler: loop.Loop,
                 store: ImageStore) -> None:
        self._volumes = volumes
        self._reconciler = reconciler
        self._store = store

    def create_volume(self, ctx: RequestContext, *,
                      volume_id: str, size_gib: int) -> None:
        with self._volumes.alone(volume_id) as driver:
            driver.create(volume_id, size_gib)
        failpoint.hit("volume-agent.created")

    def create_volume_from_image(
            self, ctx: RequestContext, *, volume_id: str, size_gib: int,
            image: dict[str, Any]) -> None:
        wanted = Image(**image)
        with self._volumes.alone(volume_id) as driver:
            driver.create_from_image(
                volume_id, size_gib, wanted, self._store.fetch(wanted))
        failpoint.hit("volume-agent.created")

    def create_volume_from_snapshot(
            self, ctx: RequestContext, *, volume_id: str, size_gib: int,
            snapshot_id: str) -> None:
        with self._volumes.alone(volume_id) as driver:
            driver.create_from_snapshot(volume_id, size_gib, snapshot_id)
        failpoint.hit("volume-agent.created")

    def create_snapshot(self, ctx: RequestContext, *, snapshot_id: str,
                        volume_id: str) -> None:
        with (self._volumes.alone(volume_id) as driver,
              self._volumes.alone(snapshot_id)):
            driver.create_snapshot(snapshot_id, volume_id)
        failpoint.hit("volume-agent.snapshot-created")

    def delete_snapshot(self, ctx: RequestContext, *,
                        snapshot_id: str) -> None:
        with self._volumes.alone(snapshot_id) as driver:
            driver.delete_snapshot(snapshot_id)

    def extend_volume(self, ctx: RequestContext, *,
                      volume_id: str, size_gib: int) -> None:
        with self._volumes.alone(volume_id) as driver:
            driver.extend(volume_id, size_gib)

    def delete_volume(self, ctx: RequestContext, *,
                      volume_id: str, force: bool) -> None:
        with self._volumes.alone(volume_id) as driver:
            driver.delete(volume_id, force=force)

    def connect(self, ctx: RequestContext, *, volume_id: str,
                attachment_id: str, generation: int,
                readonly: bool) -> dict[str, Any]:
        export = Export(attachment_id, volume_id, generation, readonly)
        with self._volumes.alone(volume_id) as driver:
            self._volumes.check_order(export)
            info = driver.connect(export)
        failpoint.hit("volume-agent.connected")
        return info

    def disconnect(self, ctx: RequestContext, *, volume_id: str,
                   attachment_id: str, generation: int,
                   force: bool) -> None:
        export = Export(attachment_id, volume_id, generation)
        with self._volumes.alone(volume_id) as driver:
            self._volumes.check_order(export)
            _patiently(driver, export, force)

    def reconcile(self, ctx: RequestContext) -> None:
        self._reconciler.wake()


def _patiently(driver: VolumeDriver, export: Export, force: bool) -> None:
    """Disconnect; give a client that is leaving a few seconds."""
    until = time.monotonic() + _LEAVING_S
    while True:
        try:
            driver.disconnect(export, force=force)
            return
        except exceptions.VolumeBusy:
            if time.monotonic() > until:
                raise
        concurrency.sleep(0.1)


class Reporter(loop.Loop):
    """Tells the scheduler what room there is."""

    INTERVAL_S = 20

    def __init__(self, bus: rpc.Bus, driver: VolumeDriver, *,
                 identity: Identity, zone: str, overcommit: float) -> None:
        super().__init__(self.INTERVAL_S)
        self._scheduler = bus.client(VolumeSchedulerAPI)
        self._driver = driver
        self._identity = identity
        self._zone = zone
        self._overcommit = overcommit

    def run_once(self) -> None:
        """Report once."""
        room = self._driver.capacity()
        self._scheduler.report(
            service_context(), backend=self._identity.backend,
            identity=self._identity.id, protocol=self._driver.protocol,
            zone=self._zone, total_gib=room.total_gib,
            free_gib=room.free_gib, overcommit=self._overcommit)

    def check(self) -> None:
        """Raise ServiceUnavailable until the scheduler knows us."""
        if self.succeeded_at is None:
            raise exceptions.NotReportedYet(host=self._identity.backend)
