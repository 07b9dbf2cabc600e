"""Requests that wait for the end of a task, which runs elsewhere."""

import contextlib
from collections.abc import Iterator

from common import concurrency, rpc
from common.context import RequestContext


class WaitingAPI(rpc.Interface):
    """Every process of the REST API listens."""

    topic = "compute.waiting"

    @rpc.fanout
    def ended(self, ctx: RequestContext, *, task_id: str) -> None:
        """A task has ended; a hint, without which it takes longer."""


class Waiting(WaitingAPI):
    """Those that wait in this process."""

    def __init__(self) -> None:
        self._ends: dict[str, concurrency.Event] = {}

    def ended(self, ctx: RequestContext, *, task_id: str) -> None:
        if found := self._ends.get(task_id):
            found.send()

    @contextlib.contextmanager
    def for_end(self, task_id: str) -> Iterator[concurrency.Event]:
        """Yield what is told the end; to be called before it may come."""
        end = self._ends[task_id] = concurrency.Event()
        try:
            yield end
        finally:
            del self._ends[task_id]
