"""What a task is: steps in order, each with what takes it back."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, cast

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, exceptions, failpoint
from common.context import RequestContext, service_context


class LostLease(exceptions.ServiceError):
    """Another worker has taken the task over: let it be."""

    message = "Task {id} belongs to another worker now."


class Step:
    """One action of a task, and what takes it back."""

    def __init__(self, do: Callable[..., Any]) -> None:
        self.do = do
        self.name = do.__name__
        self.take_back: Callable[..., Any] | None = None
        self.__doc__ = do.__doc__

    def undo(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Declare ``func`` as what takes this step back."""
        self.take_back = func
        return func

    def __get__(self, task: "Task | None", kind: type["Task"]) -> Any:
        """Let a test call the step as the method it looks like."""
        return self if task is None else self.do.__get__(task, kind)


step = Step


@dataclasses.dataclass
class Task:
    """Base of tasks: dataclasses whose fields are JSON values.

    A step gets ``env`` and returns a JSON value, which later steps find in
    ``results`` under its name. A step may be run twice, also when it had
    succeeded. An undo makes sure that a thing is gone and succeeds where it
    never was; it runs for the step that failed too. Errors that may pass
    (RPCTimeout, ServiceUnavailable, lost connections) are retried until
    ``deadline_s`` is over; all others start the undo at once. An undo is
    retried until it succeeds.

    Tasks of one ``resource`` run one at a time, in the order they were
    added.
    """

    steps: ClassVar[list[Step]] = []
    #: Seconds from the first start until the undo starts.
    deadline_s: ClassVar[float] = 600

    id: str = dataclasses.field(default_factory=db.new_id, kw_only=True)
    results: dict[str, Any] = dataclasses.field(
        default_factory=dict, init=False)

    # Set by the runner; not fields, since they have no annotation.
    request_id = "-"
    _table = cast("sa.Table | None", None)
    _fence = 0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        found = {
            name: value for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, Step)}
        cls.steps = list(found.values())
        for each in cls.steps:
            point = f"{cls.__name__}.{each.name}"
            failpoint.declare(f"{point}.before", f"{point}.after")
            if each.take_back:
                failpoint.declare(
                    f"{point}.undo.before", f"{point}.undo.after")
        failpoint.declare(f"{cls.__name__}.undone.before",
                          f"{cls.__name__}.undone.after")

    @property
    def resource(self) -> str:
        """What the task works on."""
        return self.id

    def undone(self, env: Any, reason: str) -> None:
        """Called after all undos, to show ``reason``; may be repeated.

        The reason of a cancelled task is ``cancelled``.
        """

    def context(self) -> RequestContext:
        """Return a context for calls, of the request that asked for it."""
        return service_context(self.request_id)

    def guard(self, session: orm.Session) -> None:
        """Raise LostLease if another worker took over.

        A step calls it in the transaction of its own writes, so that those
        of a worker that was thought dead are refused.
        """
        table = self._table
        if table is None:
            return
        done: Any = session.execute(
            sa.update(table)
            .where(table.c.id == self.id, table.c.fence == self._fence)
            .values(fence=self._fence))
        if done.rowcount != 1:
            raise LostLease(id=self.id)


def transient(error: BaseException) -> bool:
    """Say whether the same may succeed a while later."""
    if isinstance(error, exceptions.ServiceError):
        return error.status in (429, 503, 504)
    if isinstance(error, (ConnectionError, TimeoutError)):
        return True
    if getattr(error, "http_status", None) in (429, 502, 503, 504):
        return True  # what keystoneauth1 raises
    return any(base.__name__ == "ConnectFailure"
               for base in type(error).__mro__)


def explain(step_name: str, error: BaseException) -> str:
    """Return the reason for the user: no internals."""
    if isinstance(error, exceptions.ServiceError) and not isinstance(
            error, exceptions.RemoteError):
        return str(error)
    return f"{step_name} failed unexpectedly ({type(error).__name__})"
