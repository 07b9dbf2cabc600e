"""Delete a server, whatever it was about to do."""

import dataclasses
from typing import ClassVar

from common import events, task
from compute import networking, volumes
from compute.db.api import mappings
from compute.db.cell import actions, servers
from compute.db.cell import volumes as volume_rows
from compute.db.cell.models import Event, Server
from compute.env import Env
from compute.placement import claims
from compute.tasks import guests

EVENT = "compute_terminate_instance"


@dataclasses.dataclass
class DeleteServer(task.Task):
    """Removes all of a server; its tasks before this one have unwound.

    No step has an undo: it goes on until nothing is left.
    """

    deadline_s: ClassVar[int] = 7 * 24 * 3600

    server_id: str

    @property
    def resource(self) -> str:
        return self.server_id

    def _find(self, env: Env) -> Server | None:
        with env.cell.reader() as session:
            return servers.find(session, self.server_id)

    @task.step
    def destroy(self, env: Env) -> None:
        """Remove the guest and its disks from the host."""
        server = self._find(env)
        if server is None or server.host is None:
            return
        with env.cell.writer() as session:
            self.guard(session)
            actions.event_begins(session, server.id, self.request_id, EVENT,
                                 server.host)
        guests.destroy(env, server, self.context())

    @task.step
    def detach_volumes(self, env: Env) -> None:
        server = self._find(env)
        rest = volumes.Volumes(env.clients.volume)
        for row in server.volumes if server else []:
            for attachment in rest.attachments(
                    row.volume_id, self.server_id):
                rest.delete_attachment(attachment)
            if row.delete_on_termination:
                rest.delete_volume(row.volume_id)
            with env.cell.writer() as session:
                self.guard(session)
                volume_rows.remove(session, row.id)

    @task.step
    def free_ports(self, env: Env) -> None:
        server = self._find(env)
        if server is not None:
            networking.unbind(
                networking.Networking(env.clients.network), server.id,
                networking.lent_ports(server))

    @task.step
    def release(self, env: Env) -> None:
        """Let go of the room on the host and of the quota."""
        claims.release(env.api, self.server_id)
        with env.api.writer() as session:
            mappings.remove(session, [self.server_id])

    @task.step
    def bury(self, env: Env) -> None:
        with env.cell.writer() as session:
            self.guard(session)
            if servers.bury(session, self.server_id):
                actions.event_ends(session, self.server_id,
                                   self.request_id, EVENT)
                events.add(session, Event, kind="server.delete.end",
                       resource_id=self.server_id)
