"""Give a volume to a server, and take it away."""

import dataclasses
from typing import Any, ClassVar

from common import events, task
from compute import exceptions, specs, volumes
from compute.db.cell import actions, servers
from compute.db.cell import volumes as rows
from compute.db.cell.models import Event, Server, Volume
from compute.env import Env


@dataclasses.dataclass
class _VolumeTask(task.Task):
    deadline_s: ClassVar[int] = 300

    server_id: str
    volume_id: str

    @property
    def resource(self) -> str:
        return self.server_id

    def _load(self, env: Env) -> tuple[Server, Volume]:
        with env.cell.reader() as session:
            server = servers.get(session, self.server_id)
            return server, rows.get(
                session, self.server_id, self.volume_id)

    def _rest(self, env: Env) -> volumes.Volumes:
        return volumes.Volumes(env.clients.volume)


@dataclasses.dataclass
class AttachVolume(_VolumeTask):
    """Takes the server's volume from ``attaching`` to ``attached``."""

    event: ClassVar[str] = "compute_attach_volume"

    @task.step
    def reserve(self, env: Env) -> str:
        server, row = self._load(env)
        known = self._rest(env).attachments(self.volume_id, self.server_id)
        attachment_id = known[0] if known else self._rest(
            env).create_attachment(self.volume_id, self.server_id)
        with env.cell.writer() as session:
            self.guard(session)
            rows.set_state(session, row.id, attachment_id=attachment_id)
            actions.event_begins(session, server.id, self.request_id,
                                 self.event, server.host)
        return attachment_id

    @reserve.undo
    def unreserve(self, env: Env) -> None:
        rest = self._rest(env)
        for known in rest.attachments(self.volume_id, self.server_id):
            rest.delete_attachment(known)

    @task.step
    def connect(self, env: Env) -> None:
        """Let the block store open the volume to the server's host."""
        server, row = self._load(env)
        connector = env.agent(str(server.host)).connector(
            self.context())
        info = self._rest(env).connect(self.results["reserve"], connector)
        with env.cell.writer() as session:
            self.guard(session)
            rows.set_state(session, row.id, connection_info=info)

    @task.step
    def plug(self, env: Env) -> dict[str, Any]:
        """Let the agent give the guest the disk."""
        server, row = self._load(env)
        return env.agent(str(server.host)).attach_volume(
            self.context(), server_id=server.id,
            attachment=specs.volume_of(row).to_json(),
            spec=specs.of(server, env.conf, power="leave").to_json())

    @plug.undo
    def unplug(self, env: Env) -> None:
        _unplug(env, self)

    @task.step
    def complete(self, env: Env) -> None:
        self._rest(env).complete(self.results["reserve"])

    @task.step
    def settle(self, env: Env) -> None:
        with env.cell.writer() as session:
            self.guard(session)
            row = rows.find(session, self.server_id, self.volume_id)
            if row is None:
                return
            rows.set_state(
                session, row.id, status="attached",
                device=self.results["plug"].get("device") or row.device)
            actions.event_ends(session, self.server_id, self.request_id,
                               self.event)
            events.add(session, Event, kind="server.volume.attach",
                       resource_id=self.server_id,
                       payload={"volume": self.volume_id})

    def undone(self, env: Env, reason: str) -> None:
        with env.cell.writer() as session:
            self.guard(session)
            row = rows.find(session, self.server_id, self.volume_id)
            if row is not None and row.status == "attaching":
                rows.remove(session, row.id)
            actions.event_ends(session, self.server_id, self.request_id,
                               self.event, details=reason)


@dataclasses.dataclass
class DetachVolume(_VolumeTask):
    """Takes a volume from the server; the row is ``detaching``."""

    event: ClassVar[str] = "compute_detach_volume"

    @task.step
    def unplug(self, env: Env) -> None:
        """Let the guest and the host let go of the disk."""
        with env.cell.writer() as session:
            self.guard(session)
            actions.event_begins(session, self.server_id, self.request_id,
                                 self.event)
        _unplug(env, self)

    @task.step
    def disconnect(self, env: Env) -> None:
        rest = self._rest(env)
        for known in rest.attachments(self.volume_id, self.server_id):
            rest.delete_attachment(known)

    @task.step
    def settle(self, env: Env) -> None:
        with env.cell.writer() as session:
            self.guard(session)
            row = rows.find(session, self.server_id, self.volume_id)
            if row is not None:
                rows.remove(session, row.id)
            actions.event_ends(session, self.server_id, self.request_id,
                               self.event)
            events.add(session, Event, kind="server.volume.detach",
                       resource_id=self.server_id,
                       payload={"volume": self.volume_id})

    def undone(self, env: Env, reason: str) -> None:
        """The guest keeps it: say so, and let the user try again."""
        with env.cell.writer() as session:
            self.guard(session)
            row = rows.find(session, self.server_id, self.volume_id)
            if row is not None:
                rows.set_state(session, row.id, was="detaching",
                               status="attached")
            actions.event_ends(session, self.server_id, self.request_id,
                               self.event, details=reason)


def _unplug(env: Env, job: _VolumeTask) -> None:
    try:
        server, _ = job._load(env)
    except (exceptions.ServerNotFound, exceptions.AttachmentNotFound):
        return
    if server.host is None:
        return
    env.agent(server.host).detach_volume(
        job.context(), server_id=server.id,
        volume_id=job.volume_id,
        spec=specs.of(server, env.conf, power="leave").to_json())
