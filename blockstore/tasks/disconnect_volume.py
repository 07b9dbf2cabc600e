"""Take a volume away from a server's host."""

import dataclasses
from typing import ClassVar

from blockstore.db import attachments
from blockstore.db.history import record
from blockstore.env import Env
from common import task


@dataclasses.dataclass
class DisconnectVolume(task.Task):
    """Takes a ``detaching`` attachment out of the world.

    While a client is connected, or nobody knows whether one is, the
    attachment stays: it is then as it was before.
    """

    deadline_s: ClassVar[int] = 45

    volume_id: str
    attachment_id: str
    generation: int
    backend: str | None
    force: bool = False

    @property
    def resource(self) -> str:
        return self.volume_id

    @task.step
    def unexport(self, env: Env) -> None:
        if self.backend is not None:
            env.agent(self.backend).disconnect(
                env.ctx(), volume_id=self.volume_id,
                attachment_id=self.attachment_id,
                generation=self.generation, force=self.force)

    @task.step
    def forget(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            attachments.disconnected(session, self.attachment_id)
            record(session, self.volume_id, "detach.end")

    def undone(self, env: Env, reason: str) -> None:
        with env.db.writer() as session:
            self.guard(session)
            attachments.give_up_disconnect(
                session, self.attachment_id, reason)
            record(session, self.volume_id, "detach.error")
