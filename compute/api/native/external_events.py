"""What other services tell of servers' ports."""

from typing import Any

from common import db, task, wsgi
from common.exceptions import NotFound
from compute.db.cell import nics, servers
from compute.env import Env
from compute.policies import cloud as policies
from compute.schemas import cloud as schemas
from compute.tasks.refresh_ports import RefreshPorts

Event = dict[str, Any]


class ExternalEvents:
    """Handlers of /os-server-external-events."""

    def __init__(self, cell: db.Database, tasks: task.Runner,
                 env: Env) -> None:
        self._cell = cell
        self._tasks = tasks
        self._env = env

    def routes(self) -> list[wsgi.Route]:
        return [("POST", "/os-server-external-events", self.create)]

    @wsgi.handler(body=schemas.EVENTS)
    def create(self, req: wsgi.Request) -> wsgi.Response:
        """Note the events; each may come more than once, or late."""
        req.authorize(policies.EVENTS)
        events = req.json["events"]
        answers = []
        with self._cell.writer() as session:
            known = servers.existing(
                session, {event["server_uuid"] for event in events})
            for event in events:
                found = event["server_uuid"] in known
                if found:
                    self._note(session, req, event)
                answers.append(_answer(event, found))
        if not known:
            raise NotFound()
        self._tasks.wake()
        partly = any(answer["code"] != 200 for answer in answers)
        return wsgi.Response(
            json_body={"events": answers}, charset="UTF-8",
            status=207 if partly else 200)

    def _note(self, session: Any, req: wsgi.Request, event: Event) -> None:
        server_id, port_id = event["server_uuid"], event.get("tag", "")
        if event["name"] == "network-vif-plugged":
            nics.set_plugged(session, server_id, [port_id],
                             plugged=event.get("status") != "failed")
        elif event["name"] == "network-vif-unplugged":
            nics.set_plugged(session, server_id, [port_id], plugged=False)
        else:
            self._tasks.add(
                session, RefreshPorts(server_id=server_id), req.ctx)


def _answer(event: Event, found: bool) -> Event:
    answer = {"name": event["name"], "server_uuid": event["server_uuid"],
              "status": event.get("status", "completed"),
              "code": 200 if found else 404}
    if "tag" in event:
        answer["tag"] = event["tag"]
    if not found:
        answer["status"] = "failed"
    return answer
