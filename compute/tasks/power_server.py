"""Start, stop and reboot."""

import dataclasses
from typing import Any, ClassVar

from common import events, task
from compute import specs, states
from compute.db.cell import actions, servers
from compute.db.cell.models import Event
from compute.env import Env

#: Of each action, what the log calls its step.
EVENTS = {"start": "compute_start_instance",
          "stop": "compute_stop_instance",
          "soft_reboot": "compute_reboot_instance",
          "hard_reboot": "compute_reboot_instance"}


@dataclasses.dataclass
class PowerServer(task.Task):
    """Brings the guest's power to what ``action`` wants."""

    deadline_s: ClassVar[int] = 600

    server_id: str
    #: start, stop, soft_reboot or hard_reboot
    action: str

    @property
    def resource(self) -> str:
        return self.server_id

    @task.step
    def act(self, env: Env) -> dict[str, Any]:
        with env.cell.writer() as session:
            self.guard(session)
            server = servers.get(session, self.server_id)
            actions.event_begins(session, server.id, self.request_id,
                                 EVENTS[self.action], server.host)
        wanted = specs.of(
            server, env.conf,
            power="shutdown" if self.action == "stop" else "running")
        return env.agent(str(server.host)).power(
            self.context(), server_id=server.id,
            action=self.action, spec=wanted.to_json())

    @task.step
    def settle(self, env: Env) -> None:
        facts = self.results["act"]
        resting = (states.STOPPED if self.action == "stop"
                   else states.ACTIVE)
        with env.cell.writer() as session:
            self.guard(session)
            moved = servers.change(
                session, self.server_id, task_state=_BUSY,
                values={"vm_state": resting, "task_state": None,
                        "power_state": states.POWER[facts["power_state"]],
                        "fault": None})
            if moved is None:
                return
            actions.event_ends(session, self.server_id, self.request_id,
                               EVENTS[self.action])
            events.add(session, Event, kind=f"server.power.{self.action}",
                       resource_id=self.server_id)

    def undone(self, env: Env, reason: str) -> None:
        """Leave the server in the state it was in; the log says why."""
        with env.cell.writer() as session:
            self.guard(session)
            moved = servers.change(
                session, self.server_id, task_state=_BUSY,
                values={"task_state": None})
            if moved is not None:
                actions.event_ends(
                    session, self.server_id, self.request_id,
                    EVENTS[self.action], details=reason)


_BUSY = [states.POWERING_OFF, states.POWERING_ON, states.REBOOTING,
         states.REBOOTING_HARD]
