"""A connection to an OVSDB server, kept by a native thread.

The library of OVSDB reads and parses in Python and waits in poll(): in the
thread of the green ones it would stop them all. Here it has a native thread
of its own; jobs are handed to it, and results to the hub by NativeSignal.
"""

import collections
import dataclasses
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from ovs import poller
from ovs.db import idl
from ovsdbapp.backend.ovs_idl import connection, idlutils

from common import concurrency
from network import exceptions


class _Poll:
    """The system's poll(), under the name that the library calls.

    Its own stands on select(), which may be a green one. Here events of
    one descriptor add up, as the library counts on.
    """

    def __init__(self) -> None:
        self._events: dict[int, int] = {}

    def register(self, fd: int, events: int) -> None:
        """Wait for these events too."""
        self._events[fd] = self._events.get(fd, 0) | events

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        """Return what happened, after ``timeout`` ms at most."""
        system = poller.get_system_poll()
        for fd, events in self._events.items():
            system.register(fd, events)
        return system.poll(timeout)


poller.SelectPoll = _Poll

_RECONNECT_S = 1.0
_COMMIT_TIMEOUT_S = 30.0


@dataclasses.dataclass
class _Job:
    func: Callable[[idl.Idl], Any]
    done: concurrency.Event
    result: Any = None
    error: Exception | None = None


class Idl(connection.OvsdbIdl):
    """The replica; tells a listener of rows that changed."""

    listener: Callable[[str, str, Any], None] | None = None

    @property
    def ready(self) -> bool:
        """Say whether the replica is whole and the server there."""
        return (self.state == idl.Idl.IDL_S_MONITORING
                and self._session.is_connected())

    def cooperative_yield(self) -> None:
        """Nothing: this thread is native."""

    def notify(self, event: str, row: Any, updates: Any = None) -> None:
        """Called in the native thread for each row that changed."""
        if self.listener:
            self.listener(event, row._table.name, row)


class Connection:
    """Jobs on the replica of one database."""

    def __init__(self, remote: str, database: str, tables: Iterable[str], *,
                 listener: Callable[[str, str, Any], None] | None = None,
                 on_change: Callable[[], None] | None = None) -> None:
        """Nothing is connected before ``start``.

        :param remote: such as ``unix:/run/ovn/ovnnb_db.sock``
        :param tables: those to follow
        :param listener: called in the native thread for each row changed
        :param on_change: called in the native thread after changes
        """
        self._remote = remote
        self._database = database
        self._tables = list(tables)
        self._listener = listener
        self._on_change = on_change
        self._jobs: collections.deque[_Job] = collections.deque()
        self._finished: collections.deque[_Job] = collections.deque()
        self._any_finished = concurrency.NativeSignal()
        # Sockets that never block do not care what thread they are in.
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._stopping = False
        self._thread: Any = None
        self.connected = False
        self.problem = "not connected yet"

    def start(self) -> None:
        """Connect, and stay connected, in the background."""
        if self._thread is None:
            concurrency.spawn(self._hand_over)
            self._thread = concurrency.native_thread(self._run)

    def _hand_over(self) -> None:
        """Body of the green thread that wakes those who wait for jobs."""
        while not self._stopping:
            self._any_finished.wait(10)
            while self._finished:
                self._finished.popleft().done.send(True)

    def stop(self) -> None:
        """Close; jobs that wait fail."""
        self._stopping = True
        self._poke()
        self._any_finished.set()

    def call(self, func: Callable[[idl.Idl], Any],
             timeout: float = _COMMIT_TIMEOUT_S) -> Any:
        """Run ``func`` on the replica in the native thread.

        :raises NodeNotReady: if that has not happened in ``timeout`` s
        """
        job = _Job(func, concurrency.Event())
        self._jobs.append(job)
        self._poke()
        if not job.done.wait(timeout):
            self._forget(job)
            raise exceptions.NodeNotReady(
                reason=f"{self._database}: {self.problem or 'slow'}")
        if job.error:
            raise job.error
        return job.result

    def _forget(self, job: _Job) -> None:
        job.func = _nothing
        try:
            self._jobs.remove(job)
        except ValueError:
            pass

    def _poke(self) -> None:
        try:
            self._wake_write.send(b"x")
        except BlockingIOError:
            pass

    def _run(self) -> None:
        """Body of the native thread."""
        while not self._stopping:
            try:
                self._serve(self._connect())
            except Exception as error:
                self.problem = f"{type(error).__name__}: {error}"
            self.connected = False
            if not self._stopping:
                _rest(_RECONNECT_S)
        for job in list(self._jobs):
            self._finish(job, error=exceptions.NodeNotReady(
                reason="stopping"))

    def _connect(self) -> Idl:
        helper = idlutils.get_schema_helper(self._remote, self._database)
        for table in self._tables:
            helper.register_table(table)
        replica = Idl(self._remote, helper)
        replica.listener = self._listener
        idlutils.wait_for_change(replica, 10)
        return replica

    def _serve(self, replica: Idl) -> None:
        seen = None
        try:
            while not self._stopping:
                self.connected = replica.ready
                self.problem = "" if self.connected else "connecting"
                if seen != replica.change_seqno and self._on_change:
                    self._on_change()
                seen = replica.change_seqno
                while self.connected and self._jobs:
                    self._do(self._jobs.popleft(), replica)
                if seen == replica.change_seqno:
                    self._block(replica)
                replica.run()
        finally:
            replica.close()

    def _block(self, replica: Idl) -> None:
        waiting = poller.Poller()
        replica.wait(waiting)
        waiting.fd_wait(self._wake_read.fileno(), poller.POLLIN)
        if self._jobs and self.connected:
            waiting.immediate_wake()
        waiting.block()
        try:
            self._wake_read.recv(4096)
        except BlockingIOError:
            pass

    def _do(self, job: _Job, replica: Idl) -> None:
        try:
            self._finish(job, result=job.func(replica))
        except Exception as error:
            self._finish(job, error=error)

    def _finish(self, job: _Job, *, result: Any = None,
                error: Exception | None = None) -> None:
        job.result, job.error = result, error
        self._finished.append(job)
        self._any_finished.set()


def _rest(seconds: float) -> None:
    waiting = poller.Poller()
    waiting.timer_wait(int(seconds * 1000))
    waiting.block()


def _nothing(replica: idl.Idl) -> None:
    """What a job does whose caller is gone."""


class Failed(Exception):
    """The server refused a transaction."""


def transact(replica: idl.Idl, change: Callable[[idl.Transaction], Any],
             timeout: float = _COMMIT_TIMEOUT_S) -> Any:
    """Commit what ``change`` does to the replica; for use within jobs.

    It is called again when the replica was behind the database.

    :raises Failed: if the server refuses it
    """
    end = time.monotonic() + timeout
    while True:
        seqno = replica.change_seqno
        transaction = idl.Transaction(replica)
        try:
            result = change(transaction)
        except BaseException:
            transaction.abort()
            raise
        status = transaction.commit_block()
        if status in (transaction.SUCCESS, transaction.UNCHANGED):
            return result
        if status != transaction.TRY_AGAIN or time.monotonic() > end:
            raise Failed(transaction.get_error()
                         or transaction.status_to_string(status))
        idlutils.wait_for_change(replica, end - time.monotonic(), seqno)
