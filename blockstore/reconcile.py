"""Bring exports and files to what they should be."""

import dataclasses
import logging
from collections.abc import Callable, Iterable
from typing import Any

from blockstore import exceptions
from blockstore.agent import Reporter, Volumes
from blockstore.drivers.base import Export
from blockstore.identity import Identity
from blockstore.scheduler_api import VolumeSchedulerAPI
from common import loop, rpc
from common.context import service_context

LOG = logging.getLogger(__name__)


@dataclasses.dataclass
class Outcome:
    """What a run did: ids of exports and volumes."""

    started: list[str] = dataclasses.field(default_factory=list)
    ended: list[str] = dataclasses.field(default_factory=list)
    reaped: list[str] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)


class Reconciler(loop.Loop):
    """Starts exports that died, ends strays, erases orphans.

    Only it repairs. It removes nothing unless the scheduler has answered
    in full, and has not forgotten what it had told before.
    """

    def __init__(self, bus: rpc.Bus, volumes: Volumes, identity: Identity,
                 reporter: Reporter, *, interval: float) -> None:
        super().__init__(interval)
        self._reporter = reporter
        self._scheduler = bus.client(VolumeSchedulerAPI)
        self._volumes = volumes
        self._identity = identity

    def run_once(self) -> Outcome:
        """Mend every difference that can be, each on its own."""
        if self._reporter.succeeded_at is None:
            self.due_in(0.5)  # the scheduler does not know us yet
            return Outcome()
        # What is here first: an export or a file is only made after the
        # row that wants it, so what is found and then not wanted is left
        # over.
        driver = self._volumes.driver
        exports, files = driver.exports(), driver.list_ids()
        copies = driver.list_snapshot_ids()
        answer = self._scheduler.wanted(
            service_context(), backend=self._identity.backend,
            identity=self._identity.id)
        wanted = {item["attachment_id"]: item for item in answer["exports"]}
        outcome = Outcome()
        for item in wanted.values():
            if item["required"]:
                self._mend(outcome, "started", item["attachment_id"],
                           lambda item=item: self._start(item))
        if not self._identity.accept_revision(answer["revision"]):
            LOG.error(
                "The database was set back to before what is here: nothing "
                "is removed. If what it does not know may go, make the "
                "empty file %s", self._identity.accepting)
            return outcome
        self._remove_strays(outcome, exports.values(), wanted)
        self._reap(outcome, files - set(answer["volumes"]))
        self._reap_snapshots(outcome, copies - set(
            answer.get("snapshots", copies)))
        return outcome

    def _start(self, item: dict[str, Any]) -> bool:
        """Start an export that does not run; say whether it was so."""
        export = Export(item["attachment_id"], item["volume_id"],
                        item["generation"], item["readonly"])
        with self._volumes.alone(export.volume_id) as driver:
            if driver.is_alive(export) or self._volumes.is_outdated(export):
                return False
            LOG.warning("Starting the export of volume %s again",
                        export.volume_id)
            driver.connect(export)
            return True

    def _remove_strays(self, outcome: Outcome, exports: Iterable[Export],
                       wanted: dict[str, Any]) -> None:
        for export in exports:
            if export.attachment_id not in wanted:
                self._mend(outcome, "ended", export.attachment_id,
                           lambda export=export: self._end(export))

    def _end(self, export: Export) -> bool:
        """End an export that nobody wants, unless a client is there."""
        with self._volumes.alone(export.volume_id) as driver:
            now = driver.exports().get(export.attachment_id)
            if now != export:
                return False  # somebody has asked for it since
            LOG.warning("Ending the stray export of volume %s",
                        export.volume_id)
            driver.disconnect(export)
            return True

    def _reap(self, outcome: Outcome, orphans: set[str]) -> None:
        for volume_id in sorted(orphans):
            self._mend(outcome, "reaped", volume_id,
                       lambda volume_id=volume_id: self._erase(volume_id))

    def _reap_snapshots(self, outcome: Outcome, orphans: set[str]) -> None:
        for snapshot_id in sorted(orphans):
            self._mend(
                outcome, "reaped", snapshot_id, lambda snapshot_id=
                snapshot_id: self._erase_snapshot(snapshot_id))

    def _erase_snapshot(self, snapshot_id: str) -> bool:
        with self._volumes.alone(snapshot_id) as driver:
            LOG.warning("Erasing the orphaned snapshot %s", snapshot_id)
            driver.delete_snapshot(snapshot_id)
            return True

    def _erase(self, volume_id: str) -> bool:
        with self._volumes.alone(volume_id) as driver:
            LOG.warning("Erasing the orphaned volume %s", volume_id)
            driver.delete(volume_id)
            return True

    def _mend(self, outcome: Outcome, kind: str, name: str,
              act: Callable[[], bool]) -> None:
        try:
            if act():
                getattr(outcome, kind).append(name)
        except exceptions.VolumeBusy as error:
            LOG.error("%s is left as it is: %s", name, error)
            outcome.failed.append(name)
        except Exception:
            LOG.exception("%s could not be mended", name)
            outcome.failed.append(name)
