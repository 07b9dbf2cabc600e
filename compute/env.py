"""What tasks and servers work with; made once per process."""

import dataclasses
from typing import Any

from oslo_config import cfg

from common import clients, db, rpc
from common.context import service_context
from compute.agent_api import FIRST, ComputeAgentAPI
from compute.conductor_api import ConductorAPI
from compute.scheduler.scheduler import Scheduler
from compute.waiting import Waiting, WaitingAPI


@dataclasses.dataclass
class Env:
    """Handed to whom needs it.

    :param api: the database that cells share
    :param cell: that of this cell
    """

    conf: cfg.ConfigOpts
    api: db.Database
    cell: db.Database
    bus: rpc.Bus
    clients: clients.Clients
    scheduler: Scheduler
    #: Writes tasks that follow from others; set with the runner.
    tasks: Any = None
    waiting: Waiting = dataclasses.field(default_factory=Waiting)

    def agent(self, host: str, version: str = FIRST) -> ComputeAgentAPI:
        """:param version: an agent that serves less refuses the call"""
        made: ComputeAgentAPI = self.bus.client(
            ComputeAgentAPI, host, version=version)
        return made

    def wake_conductors(self) -> None:
        """Hint that there is work; nothing is lost without it."""
        conductor: Any = self.bus.client(ConductorAPI)
        conductor.wake(service_context())

    def tell_ended(self, task_id: str) -> None:
        """Hint to requests that a task has ended."""
        waiting: Any = self.bus.client(WaitingAPI)
        waiting.ended(service_context(), task_id=task_id)

    def close(self) -> None:
        """Let go of the databases' connections."""
        self.api.dispose()
        self.cell.dispose()
