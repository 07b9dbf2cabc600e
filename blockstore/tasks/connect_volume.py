"""Make a volume reachable for a server's host."""

import contextlib
import dataclasses
from typing import Any, ClassVar

from blockstore import exceptions
from blockstore.db import attachments
from blockstore.db.history import record
from blockstore.env import AGENT_AWAY, Env
from common import task


@dataclasses.dataclass
class ConnectVolume(task.Task):
    """Gives an ``attaching`` attachment its connection info.

    When that fails the attachment is ``reserved`` again, and not exported.
    """

    deadline_s: ClassVar[int] = 45

    volume_id: str
    attachment_id: str
    generation: int
    backend: str
    readonly: bool

    @property
    def resource(self) -> str:
        return self.volume_id

    @task.step
    def export(self, env: Env) -> dict[str, Any]:
        return env.agent(self.backend).connect(
            env.ctx(), volume_id=self.volume_id,
            attachment_id=self.attachment_id, generation=self.generation,
            readonly=self.readonly)

    @export.undo
    def unexport(self, env: Env) -> None:
        with env.db.reader() as session:
            if attachments.is_told(session, self.attachment_id):
                return  # there may be a client: it all was done
        # Nobody has been told the address. What an agent that is away has,
        # its reconciler ends.
        with contextlib.suppress(exceptions.OutdatedOrder, *AGENT_AWAY):
            env.agent(self.backend).disconnect(
                env.ctx(), volume_id=self.volume_id,
                attachment_id=self.attachment_id,
                generation=self.generation, force=True)

    @task.step
    def finish(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            if not attachments.connected(
                    session, self.attachment_id, self.generation,
                    self.results["export"]):
                raise exceptions.AttachmentNotFound(
                    attachment_id=self.attachment_id)

    def undone(self, env: Env, reason: str) -> None:
        with env.db.writer() as session:
            self.guard(session)
            attachments.give_up_connect(session, self.attachment_id, reason)
            record(session, self.volume_id, "attach.error")
