"""Look at a server's ports again: something about them changed."""

import dataclasses
from typing import ClassVar

from common import task
from compute import networking, states
from compute.db.cell import nics, servers
from compute.env import Env


@dataclasses.dataclass
class RefreshPorts(task.Task):
    """Shows addresses, groups and floating IPs as they are now."""

    deadline_s: ClassVar[int] = 120

    server_id: str

    @property
    def resource(self) -> str:
        return self.server_id

    @task.step
    def read(self, env: Env) -> None:
        """Ask the network; a port that is gone there is gone here."""
        with env.cell.reader() as session:
            server = servers.find(session, self.server_id)
        if server is None or server.deleted or (
                server.task_state == states.DELETING):
            return
        rest = networking.Networking(env.clients.network)
        found = {port["id"]: port
                 for port in rest.ports(device_id=server.id)}
        kept = [nic for nic in server.nics if nic.port_id in found]
        rows = networking.describe(
            rest, [(found[nic.port_id], nic.owned) for nic in kept],
            [nic.tag for nic in kept])
        with env.cell.writer() as session:
            self.guard(session)
            nics.replace(session, server.id, rows)
