"""Give an image the data of a server's root disk."""

import dataclasses
import logging
import time
from typing import Any, ClassVar

from common import concurrency, events, exceptions, task
from compute import snapshots, specs, states
from compute.agent_api import COPYING, ComputeAgentAPI
from compute.db.cell import actions, servers
from compute.db.cell.models import Event, Server
from compute.env import Env
from compute.exceptions import ImageGone, ServerNotFound

LOG = logging.getLogger(__name__)

EVENT = "compute_snapshot_instance"

_STAGES = [states.IMAGE_SNAPSHOT, states.IMAGE_PENDING_UPLOAD,
           states.IMAGE_UPLOADING]
#: Seconds that the API may take to make the image's record.
_RECORD_S = 60.0
_POLL_S = 0.1


@dataclasses.dataclass
class CreateImage(task.Task):
    """Copies the disk on its host, and sends the copy to the image store.

    In all cases the server rests again as it did before.
    """

    deadline_s: ClassVar[int] = 12 * 3600

    server_id: str
    image_id: str

    @property
    def resource(self) -> str:
        return self.server_id

    def _images(self, env: Env) -> snapshots.Images:
        return snapshots.Images(env.clients.image)

    def _agent(self, env: Env, server: Server) -> ComputeAgentAPI:
        return env.agent(str(server.host), COPYING)

    def _enter(self, env: Env, task_state: str) -> Server:
        """Move to the next task state, and return the server.

        :raises ServerNotFound: it is being deleted, or the image is not
            wanted any more
        """
        with env.cell.writer() as session:
            self.guard(session)
            if servers.change(
                    session, self.server_id, task_state=_STAGES,
                    values={"task_state": task_state}) is None:
                raise ServerNotFound(server_id=self.server_id)
            return servers.get(session, self.server_id)

    @task.step
    def find_image(self, env: Env) -> None:
        """Wait for the record, which the API makes as the user."""
        server = self._enter(env, states.IMAGE_SNAPSHOT)
        with env.cell.writer() as session:
            self.guard(session)
            actions.event_begins(session, server.id, self.request_id,
                                 EVENT, server.host)
        end = time.monotonic() + _RECORD_S
        while self._images(env).status(self.image_id) is None:
            with env.cell.reader() as session:
                now = servers.get(session, self.server_id).task_state
            if now not in _STAGES or time.monotonic() > end:
                raise ImageGone(image_id=self.image_id)
            concurrency.sleep(_POLL_S)

    @find_image.undo
    def delete_image(self, env: Env) -> None:
        """Leave no image without data; one that is whole may stay."""
        images = self._images(env)
        if images.status(self.image_id) not in ("active", "deactivated"):
            images.delete(self.image_id)

    @task.step
    def copy(self, env: Env) -> None:
        """Let the agent copy the disk; from then on it may change."""
        server = self._enter(env, states.IMAGE_PENDING_UPLOAD)
        self._agent(env, server).copy_disk(
            self.context(), server_id=server.id, image_id=self.image_id,
            spec=specs.of(server, env.conf, power="leave").to_json())

    @copy.undo
    def drop_copy(self, env: Env) -> None:
        self._drop(env)

    @task.step
    def upload(self, env: Env) -> None:
        """Let the agent send the copy."""
        server = self._enter(env, states.IMAGE_UPLOADING)
        self._agent(env, server).upload_disk(
            self.context(), server_id=server.id, image_id=self.image_id)

    @task.step
    def clean(self, env: Env) -> None:
        self._drop(env)

    @task.step
    def settle(self, env: Env) -> None:
        with env.cell.writer() as session:
            self.guard(session)
            if self._rest(session):
                actions.event_ends(session, self.server_id,
                                   self.request_id, EVENT)
                events.add(session, Event, kind="server.snapshot.end",
                           resource_id=self.server_id,
                           payload={"image": self.image_id})

    def undone(self, env: Env, reason: str) -> None:
        """Leave the server in the state it was in; the log says why."""
        with env.cell.writer() as session:
            self.guard(session)
            self._rest(session)
            actions.event_ends(session, self.server_id, self.request_id,
                               EVENT, details=reason)

    def _rest(self, session: Any) -> bool:
        return servers.change(
            session, self.server_id, task_state=_STAGES,
            values={"task_state": None}) is not None

    def _drop(self, env: Env) -> None:
        """Remove the copy; from a host that is away, later.

        The next copy of the server, and its end, take it with them.
        """
        with env.cell.reader() as session:
            server = servers.find(session, self.server_id)
        if server is None or server.deleted or server.host is None:
            return
        try:
            self._agent(env, server).drop_copy(
                self.context(), server_id=server.id,
                image_id=self.image_id)
        except exceptions.ServiceError as error:
            if not task.transient(error):
                raise
            LOG.warning("A copy of the disk of server %s stays on %s: %s",
                        server.id, server.host, error)
