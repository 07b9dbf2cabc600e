"""Copy a volume as it is at one moment."""

import contextlib
import dataclasses
from typing import ClassVar

from sqlalchemy import orm

from blockstore import exceptions
from blockstore.db import snapshots, volumes
from blockstore.db.models import Snapshot
from blockstore.env import AGENT_AWAY, Env
from common import task


@dataclasses.dataclass
class CreateSnapshot(task.Task):
    """Takes a snapshot from ``creating`` to ``available`` or ``error``."""

    deadline_s: ClassVar[int] = 6 * 3600

    snapshot_id: str
    volume_id: str

    @property
    def resource(self) -> str:
        return self.volume_id

    @task.step
    def place(self, env: Env) -> str:
        """Take room where the volume is."""
        with env.db.writer() as session:
            self.guard(session)
            host = volumes.host(session, self.volume_id)
            if host is None:
                raise exceptions.VolumeNotFound(volume_id=self.volume_id)
            found = snapshots.get(session, self.snapshot_id)
            if found.host is None:
                snapshots.claim(session, found, host)
            return host

    @place.undo
    def unplace(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            if _is_creating(session, self.snapshot_id):
                snapshots.unplace(session, self.snapshot_id)

    @task.step
    def copy_blocks(self, env: Env) -> None:
        """Have the agent copy; a repeated order waits for the first."""
        env.agent(self.results["place"]).create_snapshot(
            env.ctx(), snapshot_id=self.snapshot_id,
            volume_id=self.volume_id)

    @copy_blocks.undo
    def delete_blocks(self, env: Env) -> None:
        with env.db.reader() as session:
            if not _is_creating(session, self.snapshot_id):
                return  # it all was done
        # What an agent that is away has made, its reconciler erases.
        with contextlib.suppress(*AGENT_AWAY):
            env.agent(self.results["place"]).delete_snapshot(
                env.ctx(), snapshot_id=self.snapshot_id)

    @task.step
    def finish(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            snapshots.follow(session, self.snapshot_id, "available")

    def undone(self, env: Env, reason: str) -> None:
        with env.db.writer() as session:
            self.guard(session)
            snapshots.follow(
                session, self.snapshot_id, "error", reason=reason)


def _is_creating(session: orm.Session, snapshot_id: str) -> bool:
    found = session.get(Snapshot, snapshot_id, populate_existing=True)
    return found is not None and found.status == "creating"
