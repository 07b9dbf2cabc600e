"""The scheduler: runs tasks, and answers the agents."""

from typing import Any

from blockstore.db import backends
from blockstore.db.models import Attachment
from blockstore.scheduler_api import VolumeSchedulerAPI
from common import db, loop
from common.context import RequestContext


class VolumeScheduler(VolumeSchedulerAPI):
    """Answers from the database, so that agents need none."""

    def __init__(self, database: db.Database, runner: loop.Loop) -> None:
        self._db = database
        self._runner = runner

    def report(self, ctx: RequestContext, *, backend: str, identity: str,
               protocol: str, zone: str, total_gib: int, free_gib: int,
               overcommit: float) -> None:
        seen = backends.Report(
            name=backend, identity=identity, protocol=protocol, zone=zone,
            total_gib=total_gib, free_gib=free_gib, overcommit=overcommit)
        with self._db.writer() as session:
            backends.report(session, seen)

    def wanted(self, ctx: RequestContext, *, backend: str,
               identity: str) -> dict[str, Any]:
        # In one transaction, the revision first: what changes meanwhile
        # has a later one.
        with self._db.reader() as session:
            known = backends.check_identity(session, backend, identity)
            exports = backends.attachments(session, backend)
            return {
                "revision": known.revision,
                "volumes": backends.volume_ids(session, backend),
                "snapshots": backends.snapshot_ids(session, backend),
                "exports": [_export(*each) for each in exports],
            }

    def work(self, ctx: RequestContext) -> None:
        self._runner.wake()


def _export(attachment: Attachment, readonly: bool) -> dict[str, Any]:
    told = attachment.connection_info is not None
    return {
        "attachment_id": attachment.id,
        "volume_id": attachment.volume_id,
        "generation": attachment.generation,
        "readonly": readonly,
        # Until the address is told, and while it is taken away, a task is
        # at work on it.
        "required": told and attachment.status != "detaching",
    }


class Heartbeat(loop.Loop):
    """Shows that this scheduler is at work."""

    INTERVAL_S = 20

    def __init__(self, database: db.Database, name: str, zone: str) -> None:
        super().__init__(self.INTERVAL_S)
        self._db = database
        self._name = name
        self._zone = zone

    def run_once(self) -> None:
        """Report once."""
        with self._db.writer() as session:
            backends.report_scheduler(session, self._name, self._zone)
