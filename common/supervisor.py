"""Looks after the workers of a daemon, in as little memory as it takes.

    python -I -S supervisor.py PID[,PID...] COMMAND...

A program of its own, of small parts of the standard library: a daemon
that has forked its workers becomes it. All that was loaded to fork them it
would else keep, as a further copy of what they write to. A worker that ends
is started again by its command, which reads the configuration anew.
"""

import contextlib
import os
import signal
import sys
import time

#: Signals that are passed on to the workers; SIGHUP does not end them.
TOLD = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_WAITED = TOLD | {signal.SIGCHLD}

#: Holds the supervisor's pid in the environment of those it starts.
_WORKER_OF = "PILEUS_WORKER_OF"

#: Seconds until one that ended is started anew; doubled for each that does
#: not live for long.
_PAUSE_S = 0.5
_PAUSE_MOST_S = 30.0
_LONG_S = 60.0


def block() -> None:
    """Let signals wait for ``become``, and for workers to be ready."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED)


def become(workers: list[int]) -> None:
    """Turn into the supervisor of children that were forked."""
    sys.stderr.flush()
    os.execv(sys.executable, [  # noqa: S606
        sys.executable, "-I", "-S", __file__, ",".join(map(str, workers)),
        sys.executable, *sys.orig_argv[1:]])


def is_parent() -> bool:
    """Say whether a supervisor has started this process."""
    return os.environ.get(_WORKER_OF) == str(os.getppid())


class Workers:
    """Keeps as many running as there are at first.

    Signals are waited for, not handled: a worker is told of each, however
    young it is.
    """

    def __init__(self, pids: list[int], command: list[str]) -> None:
        self._command = command
        self._wanted = len(pids)
        self._started = dict.fromkeys(pids, time.monotonic())
        self._pause_s = _PAUSE_S
        self._due = 0.0

    def keep(self) -> None:
        """Return when told to end, and all have ended."""
        stopping = False
        while self._started or not stopping:
            number = self._wait(stopping)
            if number is None:
                self._start()
            elif number == signal.SIGCHLD:
                self._reap()
            else:
                stopping = stopping or number != signal.SIGHUP
                self._tell(number)

    def _wait(self, stopping: bool) -> int | None:
        """Return a signal, or None when it is time to start a worker."""
        if stopping or len(self._started) == self._wanted:
            return signal.sigwaitinfo(_WAITED).si_signo
        left = max(0.0, self._due - time.monotonic())
        told = signal.sigtimedwait(_WAITED, left)
        return told.si_signo if told else None

    def _start(self) -> None:
        pid = os.posix_spawn(
            self._command[0], self._command,
            os.environ | {_WORKER_OF: str(os.getpid())})
        self._started[pid] = time.monotonic()

    def _reap(self) -> None:
        now = time.monotonic()
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                lived_s = now - self._started.pop(pid, now)
                self._pause_s = _PAUSE_S if lived_s > _LONG_S else min(
                    self._pause_s * 2, _PAUSE_MOST_S)
                self._due = now + self._pause_s

    def _tell(self, number: int) -> None:
        for pid in self._started:
            os.kill(pid, number)


if __name__ == "__main__":
    Workers([int(pid) for pid in sys.argv[1].split(",")],
            sys.argv[2:]).keep()
