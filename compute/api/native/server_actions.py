"""Actions on servers: POST /servers/{id}/action."""

import dataclasses
from collections.abc import Callable
from typing import Any

from common import db, schema, task, wsgi
from common.exceptions import BadRequest, Conflict, ServiceUnavailable
from compute import states
from compute.api.native.common import ANY, find_server
from compute.db.cell import actions
from compute.db.cell import servers as queries
from compute.db.cell.models import Server
from compute.env import Env
from compute.exceptions import ServerInWrongState, ServerLocked
from compute.policies import servers as policies
from compute.schemas import servers as schemas
from compute.tasks.power_server import PowerServer


@dataclasses.dataclass(frozen=True)
class _Power:
    """What an action of power asks for.

    :param states: vm_states that it starts from
    :param busy: task_states beside None that it may break in on
    """

    rule: str
    action: str
    log: str
    states: tuple[str, ...]
    task_state: str
    busy: tuple[str, ...] = ()


_START = _Power(policies.START, "start", "start", (states.STOPPED,),
                states.POWERING_ON)
_STOP = _Power(policies.STOP, "stop", "stop",
               (states.ACTIVE, states.ERROR), states.POWERING_OFF)
_SOFT = _Power(policies.REBOOT, "soft_reboot", "reboot", (states.ACTIVE,),
               states.REBOOTING)
_HARD = _Power(policies.REBOOT, "hard_reboot", "reboot",
               (states.ACTIVE, states.STOPPED, states.PAUSED,
                states.SUSPENDED, states.ERROR), states.REBOOTING_HARD,
               (states.REBOOTING,))


class ServerActions:
    """Handlers of /servers/{server_id}/action."""

    def __init__(self, cell: db.Database, tasks: task.Runner,
                 env: Env, more: dict[str, Callable[..., Any]]) -> None:
        """:param more: actions by name, that others see to"""
        self._cell = cell
        self._tasks = tasks
        self._env = env
        self._known: dict[str, Callable[..., Any]] = {
            "os-start": self._start, "os-stop": self._stop,
            "reboot": self._reboot,
            "os-getConsoleOutput": self._console, **more}

    def routes(self) -> list[wsgi.Route]:
        return [("POST", "/servers/{server_id}/action", self.act)]

    @wsgi.handler(body=ANY)
    def act(self, req: wsgi.Request, server_id: str) -> wsgi.Response:
        """Do the one action that the body names."""
        if len(req.json) != 1:
            raise BadRequest(reason="body: must have exactly one member")
        name, value = next(iter(req.json.items()))
        action = self._known.get(name)
        if action is None:
            raise BadRequest(
                reason=f"There is no such action: {name[:64]}. Known are: "
                       f"{', '.join(sorted(self._known))}")
        answer: wsgi.Response = action(req, server_id, value)
        return answer

    def _start(self, req: wsgi.Request, server_id: str,
               value: Any) -> wsgi.Response:
        return self._power(req, server_id, _START)

    def _stop(self, req: wsgi.Request, server_id: str,
              value: Any) -> wsgi.Response:
        return self._power(req, server_id, _STOP)

    def _reboot(self, req: wsgi.Request, server_id: str,
                value: Any) -> wsgi.Response:
        schema.validate(value, schemas.REBOOT, "body.reboot")
        hard = value["type"].upper() == "HARD"
        return self._power(req, server_id, _HARD if hard else _SOFT)

    def _power(self, req: wsgi.Request, server_id: str,
               wanted: _Power) -> wsgi.Response:
        with self._cell.writer() as session:
            server = find_server(req, session, server_id, wanted.rule)
            check_unlocked(req, server)
            moved = queries.change(
                session, server_id, vm_state=wanted.states,
                task_state=[None, *wanted.busy],
                generation=server.generation,
                values={"task_state": wanted.task_state})
            if moved is None:
                raise wrong_state(server, wanted.log, wanted.states)
            if server.host is None:
                raise ServerInWrongState(
                    action=wanted.log, server_id=server_id,
                    attribute="vm_state", state=server.vm_state)
            actions.begin(session, req.ctx, server_id, wanted.log)
            if wanted.busy:
                self._tasks.cancel(session, server_id)
            self._tasks.add(session, PowerServer(
                server_id=server_id, action=wanted.action), req.ctx)
        self._tasks.wake()
        return wsgi.Response(status=202)

    def _console(self, req: wsgi.Request, server_id: str,
                 value: Any) -> wsgi.Response:
        schema.validate(value, schemas.CONSOLE,
                        "body.os-getConsoleOutput")
        with self._cell.reader() as session:
            server = find_server(req, session, server_id, policies.CONSOLE)
        if not server.host or server.vm_state == states.BUILDING:
            raise NotReady(server_id=server_id)
        length = (value or {}).get("length")
        lines = -1 if length is None else int(length)
        try:
            text = self._env.agent(server.host).console_log(
                req.ctx, server_id=server_id, lines=lines)
        except ServiceUnavailable:
            raise NotReady(server_id=server_id) from None
        return wsgi.Response(json_body={"output": _printable(text)},
                             status=200, charset="UTF-8")


class NotReady(Conflict):
    message = "Instance {server_id} is not ready"


def _printable(text: str) -> str:
    """Return the text without control characters but tab and newline."""
    return "".join(char for char in text
                   if char in "\t\n\r" or ord(char) >= 32)


def check_unlocked(req: wsgi.Request, server: Server) -> None:
    """Raise ServerLocked unless the sender may change a locked server."""
    if server.locked_by and "admin" not in req.ctx.roles:
        raise ServerLocked(server_id=server.id)


def wrong_state(server: Server, action: str,
                allowed: tuple[str, ...]) -> ServerInWrongState:
    """Return the refusal that names the state that is in the way."""
    if server.vm_state not in allowed:
        return ServerInWrongState(
            action=action, server_id=server.id, attribute="vm_state",
            state=server.vm_state)
    return ServerInWrongState(
        action=action, server_id=server.id, attribute="task_state",
        state=server.task_state)
