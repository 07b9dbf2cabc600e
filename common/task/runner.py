"""Runs tasks: claims them, goes through their steps, hands them over."""

import dataclasses
import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from common import concurrency, db, failpoint, lease, log, loop
from common.context import RequestContext
from common.task import keeper, model, store

LOG = logging.getLogger(__name__)

_BACK_OFF = 0.05
_BACK_OFF_MOST = 30.0
_PURGE_INTERVAL = 600.0


class Runner(loop.Loop):
    """Runs a service's tasks; workers of all processes share the rows.

    A task is held by a lease with a fence number: when its worker dies,
    another goes on with it, and what the dead one still writes is refused.

    :param env: given to every step
    :param tables: what ``define_tables`` returned
    :param size: tasks that run at a time
    :param announce: called by ``wake``, to wake runners elsewhere
    """

    def __init__(
            self, database: db.Database, env: Any,
            kinds: Iterable[type[model.Task]], tables: sa.Table, *,
            size: int = 64, lease_s: float = 15, interval: float = 10,
            announce: Callable[[], None] | None = None) -> None:
        super().__init__(interval)
        self._db = database
        self._env = env
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._store = store.Store(tables, lease.new_owner(), lease_s)
        self._size = size
        self._lease_s = lease_s
        self._announce = announce
        self._runs: dict[str, Any] = {}
        self._store.running = self._runs.keys()
        self._held: keeper.Held | None = None
        self._purged_at = time.monotonic()
        self._quiet = concurrency.Event()

    def add(self, session: orm.Session, task: model.Task,
            ctx: RequestContext | None = None) -> None:
        """Add a task, in the transaction of what it is about."""
        fields = {name: value for name, value in vars(task).items()
                  if name in _field_names(type(task))}
        request_id = ctx.request_id if ctx else log.request_id.get()
        session.execute(sa.insert(self._store.table).values(
            id=task.id, kind=type(task).__name__, resource=task.resource,
            fields=fields, results={}, timings={}, state="forward",
            cancelled=False, attempts=0, request_id=request_id,
            created_at=db.utcnow(), fence=0, not_before=0.0))

    def cancel(self, session: orm.Session, resource: str) -> None:
        """Ask all open tasks of ``resource`` to unwind.

        A step that runs is not interrupted; no other is begun. Their
        ``undone`` is called with the reason ``cancelled``. Tasks that are
        unwinding already go on doing so.
        """
        self._store.cancel(session, resource)

    def wake(self) -> None:
        """Look for tasks now; called after the transaction that adds one."""
        super().wake()
        if self._announce:
            self._announce()

    def run_once(self) -> int:
        """Start what may be started; return how many tasks that is."""
        self._purge()
        room = self._size - len(self._runs)
        if room <= 0 or self.stopping:
            return 0
        with self._db.reader() as session:
            dead = [owner for owner in self._store.owners(session)
                    if lease.is_dead(owner)]
            # One moment for both, or what falls due between is overlooked.
            now = self._store.now(session)
            found = self._store.free(session, self._kinds, dead, room, now)
            due = self._store.next_due(session, now)
        started = sum(self._start(row, dead) for row in found)
        if due is not None:
            self.due_in(max(due, 0.02))
        return started

    def _start(self, found: Any, dead: list[str]) -> bool:
        kind = self._kinds[found.kind]
        with self._db.writer() as session:
            row = self._store.claim(
                session, found.id, found.fence, dead, kind.deadline_s)
        if row is None:
            return False
        try:
            run = _Run(self._db, self._store, self._env, kind, row, self)
        except Exception:
            LOG.exception("Task %s is not understood here", row.id)
            self._leave(row)
            return False
        if self._held is None:
            self._held = keeper.keeper().hold(
                self._db, self._store.renew, self._lease_s / 3)
        self._runs[row.id] = concurrency.spawn(self._run, run)
        return True

    def _leave(self, row: store.Row) -> None:
        """Let another try, such as one of the release that added it."""
        with self._db.writer() as session:
            self._store.save(session, row.id, row.fence, {
                "owner": None, "not_before": db.epoch() + _BACK_OFF_MOST})

    def _run(self, run: "_Run") -> None:
        try:
            run.go()
        finally:
            self._runs.pop(run.task.id, None)
            if not self._runs:
                self._quiet.send()
                if self._held is not None:
                    keeper.keeper().drop(self._held)
                    self._held = None
            # The next task of the resource may start; this one may have
            # been put off.
            loop.Loop.wake(self)

    def _purge(self) -> None:
        if time.monotonic() - self._purged_at > _PURGE_INTERVAL:
            self._purged_at = time.monotonic()
            with self._db.writer() as session:
                self._store.purge(session)

    def run_until_idle(self, timeout: float = 30) -> bool:
        """Run until no task is left, without ``run_forever``.

        Return False when ``timeout`` s are over before.
        """
        give_up = time.monotonic() + timeout
        while time.monotonic() < give_up:
            started = self.run_once()
            self.wait(0.05 if not started else 0.5)
            with self._db.reader() as session:
                if not self._store.count_open(session, self._kinds):
                    self.wait(1)
                    return True
        return False

    def wait(self, timeout: float) -> bool:
        """Wait until no task runs here; say whether that is so."""
        if self._runs:
            self._quiet = concurrency.Event()
            self._quiet.wait(timeout)
        elif timeout < 1:
            concurrency.sleep(timeout)
        return not self._runs

    def stop(self, timeout: float = 25) -> None:
        """Start no more; hand over what runs, each after its step."""
        super().stop(timeout)
        if self.wait(timeout):
            return
        LOG.warning("%d tasks are interrupted", len(self._runs))
        for thread in list(self._runs.values()):
            thread.kill()


def _field_names(kind: type[model.Task]) -> set[str]:
    return {f.name for f in dataclasses.fields(kind) if f.init}


class _Run:
    """One worker's hold of one task."""

    def __init__(self, database: db.Database, rows: store.Store, env: Any,
                 kind: type[model.Task], row: store.Row,
                 runner: Runner) -> None:
        known = _field_names(kind)  # a newer release may have more
        self.task = kind(**{name: value for name, value
                            in row.fields.items() if name in known})
        self.task.results = dict(row.results)
        self.task.request_id = row.request_id
        self.task._table = rows.table
        self.task._fence = row.fence
        self._db = database
        self._store = rows
        self._env = env
        self._row = row
        self._runner = runner
        self._deadline = time.monotonic() + row.time_left
        self._cancelled = row.cancelled
        self._timings = dict(row.timings)

    def go(self) -> None:
        """Run until the end, a hand-over, or an error that may pass."""
        log.request_id.set(self._row.request_id)
        try:
            if self._row.state == "forward":
                self._forward()
            elif self._row.state == "back":
                self._back()
            else:
                self._report()
        except model.LostLease as error:
            LOG.warning("%s", error)
        except concurrency.GreenExit:
            self._save(owner=None)
            raise
        except Exception:
            # The database, most likely: the lease ends, then it is retried.
            LOG.exception("%s stands still", self._name())

    def _name(self) -> str:
        return f"{type(self.task).__name__} {self.task.id}"

    def _forward(self) -> None:
        left = [s for s in self.task.steps
                if s.name not in self.task.results]
        for number, current in enumerate(left, 1):
            if self._cancelled:
                return self._turn("cancelled")
            if time.monotonic() > self._deadline:
                return self._turn(self._overdue(current))
            if self._runner.stopping:
                return self._save(owner=None)
            try:
                result = self._do(current)
            except Exception as error:
                return self._failed(current, error)
            self.task.results = self.task.results | {current.name: result}
            self._save(attempts=0, last_error=None,
                       **(_end("done") if number == len(left) else {}))
        if not left:
            self._save(**_end("done"))
        return None

    def _do(self, current: model.Step) -> Any:
        point = f"{type(self.task).__name__}.{current.name}"
        started = time.monotonic()
        failpoint.hit(f"{point}.before")
        result = current.do(self.task, self._env)
        orjson.dumps(result)  # what cannot be kept has failed
        failpoint.hit(f"{point}.after")
        took = round(time.monotonic() - started, 3)
        self._timings[current.name] = took
        LOG.info("%s: %s done in %.3f s", self._name(), current.name, took)
        return result

    def _overdue(self, current: model.Step) -> str:
        with self._db.reader() as session:
            said = session.execute(
                sa.select(self._store.table.c.last_error)
                .where(self._store.table.c.id == self.task.id)).scalar()
        return (f"not done within {self.task.deadline_s:g} s; at "
                f"{current.name}" + (f": {said}" if said else ""))

    def _failed(self, current: model.Step, error: Exception) -> None:
        if isinstance(error, model.LostLease):
            raise error
        reason = model.explain(current.name, error)
        if model.transient(error):
            LOG.warning("%s: %s failed and is retried: %s",
                        self._name(), current.name, error)
            self._put_off(reason)
            return
        LOG.warning("%s: %s failed", self._name(), current.name,
                    exc_info=error)
        self._turn(reason)

    def _put_off(self, reason: str) -> None:
        """Let go; whoever finds it due goes on."""
        attempts = self._row.attempts + 1
        delay = min(_BACK_OFF_MOST, _BACK_OFF * 2.0 ** min(attempts, 12))
        delay *= random.uniform(0.5, 1)
        if self._row.state == "forward":
            delay = min(delay, max(0.0, self._deadline - time.monotonic()))
        self._save(owner=None, attempts=attempts, last_error=reason,
                   not_before=db.epoch() + delay)

    def _turn(self, reason: str) -> None:
        LOG.info("%s is undone: %s", self._name(), reason)
        self._row.state = "back"
        self._row.reason = reason
        self._row.attempts = 0
        self._save(state="back", reason=reason, attempts=0)
        self._back()

    def _back(self) -> None:
        """Undo the steps done, and the one that failed or may have."""
        done = sum(s.name in self.task.results for s in self.task.steps)
        for earlier in reversed(self.task.steps[:done + 1]):
            if not self._undo(f"{earlier.name}.undo", earlier.take_back):
                return
            self.task.results.pop(earlier.name, None)
            if self._runner.stopping:
                return self._save(owner=None)
            self._save(attempts=0)
            self._row.attempts = 0
        # From here on only the report is repeated.
        self._save(state="undone")
        self._report()

    def _report(self) -> None:
        reason = self._row.reason or ""
        if self._undo("undone", type(self.task).undone, reason):
            self._save(**_end("undone"))

    def _undo(self, name: str, func: Callable[..., Any] | None,
              *args: str) -> bool:
        if func is None:
            return True
        point = f"{type(self.task).__name__}.{name}"
        try:
            failpoint.hit(f"{point}.before")
            func(self.task, self._env, *args)
            failpoint.hit(f"{point}.after")
        except model.LostLease:
            raise
        except Exception as error:
            LOG.warning("%s: %s failed and is retried", self._name(), name,
                        exc_info=error)
            self._put_off(model.explain(name, error))
            return False
        return True

    def _save(self, **values: Any) -> None:
        values = {"results": self.task.results,
                  "timings": self._timings} | values
        cancelled = db.retrying(self._write, values)
        if cancelled is None:
            raise model.LostLease(id=self.task.id)
        self._cancelled = cancelled

    def _write(self, values: dict[str, Any]) -> bool | None:
        with self._db.writer() as session:
            return self._store.save(
                session, self.task.id, self._row.fence, values)


def _end(state: str) -> dict[str, Any]:
    return {"state": state, "owner": None, "lease_until": None,
            "ended": db.epoch()}
