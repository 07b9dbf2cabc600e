"""Make a volume larger."""

import dataclasses
from typing import ClassVar

from blockstore.db import volumes
from blockstore.db.history import record
from blockstore.env import Env
from common import task


@dataclasses.dataclass
class ExtendVolume(task.Task):
    """Takes a volume from ``extending`` to ``available``, larger.

    Growing cannot be taken back; a volume whose growing failed half way
    can only be deleted.
    """

    deadline_s: ClassVar[int] = 300

    volume_id: str
    size_gib: int

    @property
    def resource(self) -> str:
        return self.volume_id

    @task.step
    def grow(self, env: Env) -> None:
        with env.db.reader() as session:
            host = volumes.host(session, self.volume_id)
        if host is not None:
            env.agent(host).extend_volume(
                env.ctx(), volume_id=self.volume_id, size_gib=self.size_gib)

    @task.step
    def finish(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            volumes.follow(
                session, self.volume_id, "available", of={"extending"},
                size_gib=self.size_gib, target_gib=None)
            record(session, self.volume_id, "resize.end")

    def undone(self, env: Env, reason: str) -> None:
        with env.db.writer() as session:
            self.guard(session)
            volumes.follow(session, self.volume_id, "error_extending",
                           target_gib=None, reason=reason)
            record(session, self.volume_id, "resize.error")
