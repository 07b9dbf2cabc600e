"""Start, find and end the processes of a control plane.

There are two: the keeper, and the control plane itself.
"""

import contextlib
import fcntl
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from cli.cloud import paths
from cli.node import container

#: A log of an earlier run is set aside when it is larger than this.
_LOG_LIMIT = 16 << 20
#: A daemon drains for 25 s at most.
_DRAIN_S = 32
#: Locked while the node is being started, for the control plane to wait.
_NODE_LOCK = "node.lock"


class Failed(Exception):
    """The control plane did not come up, or does not end."""


def record(place: paths.Paths, role: str) -> None:
    """Note that the calling process is the keeper, or the control plane."""
    pid = os.getpid()
    (place.host / f"{role}.pid").write_text(f"{pid} {_started(pid)}\n")


def find(place: paths.Paths, role: str = "control") -> int | None:
    """Return the process of that role, None when there is none."""
    with contextlib.suppress(OSError, ValueError):
        pid, started = map(
            int, (place.host / f"{role}.pid").read_text().split())
        if _started(pid) == started:
            return pid
    return None


def command(place: paths.Paths) -> list[str]:
    return [sys.executable, "-m", "cli.cloud.keeper", str(place.state)]


class Starting:
    """A control plane that loads its code while the node is started."""

    def __init__(self, place: paths.Paths, listener: socket.socket,
                 child: subprocess.Popen[bytes], lock: int) -> None:
        self._place = place
        self._listener = listener
        self._child = child
        self._lock = lock

    def go_on(self, timeout: float) -> Iterator[str]:
        """The node is up: yield the progress until all is ready.

        :raises Failed: if it ends, or is not ready after ``timeout`` s
        """
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        yield from _progress(
            self._listener, self._child, self._place, timeout)


@contextlib.contextmanager
def starting(place: paths.Paths) -> Iterator[Starting]:
    """Start the control plane, which waits until it is told to go on."""
    address = place.host / "notify.sock"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener, \
            open(place.host / _NODE_LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        listener.bind(str(address))
        os.chown(address, 0, pwd.getpwnam("pileus").pw_gid)
        address.chmod(0o660)
        try:
            child = _spawn(place, address)
            yield Starting(place, listener, child, lock.fileno())
        finally:
            address.unlink(missing_ok=True)


def wait_for_node(place: paths.Paths) -> None:
    """Return when nobody is about to start the node any more."""
    with contextlib.suppress(FileNotFoundError), \
            open(place.host / _NODE_LOCK) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)


def notify(**facts: str) -> None:
    """Tell ``pileus up`` something, while it listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith("/"):
        return
    text = "\n".join(f"{name}={value}" for name, value in facts.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        with contextlib.suppress(OSError):
            speaker.sendto(text.encode(), address)


def stop(place: paths.Paths) -> None:
    """Let the control plane finish its work and end it."""
    keeper, control = find(place, "keeper"), find(place)
    # The keeper passes it on, and would start the other one again.
    _end([keeper] if keeper else [], _DRAIN_S)
    _end([control] if control else [], _DRAIN_S)
    for role in ("keeper", "control"):
        (place.host / f"{role}.pid").unlink(missing_ok=True)


def stop_helpers(place: paths.Paths) -> None:
    """End what daemons left running to outlive the control plane.

    The daemons' user writes the files, so nobody else's process is ended.
    """
    account = pwd.getpwnam("pileus").pw_uid
    found = []
    for file in place.run.glob("*/**/*.pid"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(file.read_text().split()[0])
            if os.stat(f"/proc/{pid}").st_uid == account:
                found.append(pid)
    _end(found, 5)


def _spawn(place: paths.Paths,
           notify: pathlib.Path) -> subprocess.Popen[bytes]:
    with contextlib.suppress(OSError):
        if place.log.stat().st_size > _LOG_LIMIT:
            place.log.rename(place.log.with_suffix(".log.1"))
    handle = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    with os.fdopen(handle, "ab") as log:
        return subprocess.Popen(
            command(place), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            cwd="/", start_new_session=True,
            env=environment() | {"NOTIFY_SOCKET": str(notify)})


def environment() -> dict[str, str]:
    """Return what daemons get to see: nothing of the caller's session."""
    own = {name: value for name, value in os.environ.items()
           if name.startswith("PILEUS_") or name == "NOTIFY_SOCKET"}
    return own | container.ENVIRONMENT


def _progress(listener: socket.socket, child: subprocess.Popen[bytes],
              place: paths.Paths, timeout: float) -> Iterator[str]:
    deadline = time.monotonic() + timeout
    status, reason = "starting", ""
    listener.settimeout(0.2)
    while True:
        try:
            told = dict(line.split("=", 1) for line
                        in listener.recv(65536).decode().splitlines())
        except TimeoutError:
            told = {}
        if "STATUS" in told:
            status = told["STATUS"]
            yield status
        if "READY" in told:
            return
        reason = told.get("REASON", reason)
        ended = told.get("ENDED") or child.poll()
        if ended is not None:
            stop(place)
            raise Failed(f"The control plane does not start: {reason}"
                         if reason else
                         f"The control plane ended with status {ended}:\n"
                         + _tail(place.log))
        if time.monotonic() > deadline:
            raise Failed(f"The control plane is not ready after"
                         f" {timeout:.0f} s: {status}\n"
                         f"See {place.log}")


def _tail(log: pathlib.Path) -> str:
    text = log.read_text(errors="replace")[-8192:]
    return "\n".join(text.splitlines()[-12:])


def _end(pids: list[int], patience_s: float) -> None:
    """Ask the processes to end, and end those that do not."""
    for number, limit in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5)):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + limit
        while pids and time.monotonic() < deadline:
            pids = [pid for pid in pids if _started(pid) is not None]
            time.sleep(0.02)
    if pids:
        raise Failed(f"these processes do not end: {pids}")


def _started(pid: int) -> int | None:
    """Return when the process started, None for none or a dead one."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
