"""Delete a volume."""

import dataclasses
from typing import ClassVar

from blockstore.db import volumes
from blockstore.db.history import record
from blockstore.env import Env
from common import task


@dataclasses.dataclass
class DeleteVolume(task.Task):
    """Takes a volume from ``deleting`` out of the world.

    ``force`` cuts off a client that still uses it.
    """

    deadline_s: ClassVar[int] = 120

    volume_id: str
    force: bool = False

    @property
    def resource(self) -> str:
        return self.volume_id

    @task.step
    def delete_blocks(self, env: Env) -> None:
        with env.db.reader() as session:
            host = volumes.host(session, self.volume_id)
        if host is not None:
            env.agent(host).delete_volume(
                env.ctx(), volume_id=self.volume_id, force=self.force)

    @task.step
    def forget(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            record(session, self.volume_id, "delete.end")
            volumes.remove(session, self.volume_id)

    def undone(self, env: Env, reason: str) -> None:
        with env.db.writer() as session:
            self.guard(session)
            volumes.follow(session, self.volume_id, "error_deleting",
                           reason=reason)
            record(session, self.volume_id, "delete.error")
