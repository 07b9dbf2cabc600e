"""Delete a snapshot."""

import dataclasses
from typing import ClassVar

from blockstore.db import snapshots
from blockstore.env import Env
from common import task


@dataclasses.dataclass
class DeleteSnapshot(task.Task):
    """Takes a snapshot from ``deleting`` out of the world."""

    deadline_s: ClassVar[int] = 120

    snapshot_id: str
    volume_id: str

    @property
    def resource(self) -> str:
        return self.volume_id

    @task.step
    def delete_blocks(self, env: Env) -> None:
        with env.db.reader() as session:
            host = snapshots.host(session, self.snapshot_id)
        if host is not None:
            env.agent(host).delete_snapshot(
                env.ctx(), snapshot_id=self.snapshot_id)

    @task.step
    def forget(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            snapshots.remove(session, self.snapshot_id)

    def undone(self, env: Env, reason: str) -> None:
        with env.db.writer() as session:
            self.guard(session)
            snapshots.follow(session, self.snapshot_id, "error_deleting",
                             reason=reason)
