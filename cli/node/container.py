"""The namespaces of a node, and the process that holds them."""

import contextlib
import dataclasses
import os
import pathlib
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

from cli.node import layout
from common import kvm

#: Capabilities of QEMU take libvirt seconds to probe and are the same for
#: every node of the machine.
CACHE = pathlib.Path("/var/cache/pileus/libvirt")

#: Daemons get nothing of the caller's: no secrets of a session, and no
#: socket of the service manager, to which libvirtd would report too.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

_INIT = pathlib.Path(__file__).with_name("init.sh")
_NAMESPACES = ("--mount", "--net", "--uts", "--ipc", "--pid")
_ENTER = """\
#!/bin/sh
# Runs a command inside the node; refuses when the node is not there.
read -r pid started < {init} || exit 69
set -- "$pid" "$started" "$@"
[ "$(cut -d ' ' -f 22 /proc/"$1"/stat 2>/dev/null)" = "$2" ] || {{
    echo "the node {name} is not running" >&2; exit 69; }}
shift 2
exec nsenter --target "$pid" {namespaces} --wd=/ -- "$@"
"""


class Failed(Exception):
    """A part of a node could not be started, or a command in it failed."""


@dataclasses.dataclass(frozen=True)
class Process:
    """A process inside a node; ``pid`` is the host's number for it."""

    pid: int
    command: str


class Container:
    """Mount, network, host name, IPC and process namespaces of one node.

    They live as long as their first process: killing it ends everything.
    """

    def __init__(self, place: layout.Layout) -> None:
        self._home = place.home
        self._name = place.name
        self._file = place.home / "init"
        self._enter = place.enter

    @property
    def pid(self) -> int | None:
        """The host's number of the first process, None when it is gone."""
        with contextlib.suppress(OSError, ValueError):
            pid, started = map(int, self._file.read_text().split())
            if _started(pid) == started:
                return pid
        return None

    def start(self) -> None:
        """Make the namespaces; their first process outlives the caller."""
        # What libvirt finds out of QEMU depends on it.
        accelerator = "kvm" if kvm.usable() else "tcg"
        cache = CACHE / accelerator
        cache.mkdir(parents=True, exist_ok=True)
        outer = subprocess.Popen(
            ["unshare", *_NAMESPACES, "--fork", "--kill-child",
             "--mount-proc", "sh", str(_INIT), str(self._home), self._name,
             str(cache), accelerator],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True, cwd="/",
            env=ENVIRONMENT)
        assert outer.stdout is not None
        with outer.stdout as said:
            answer = said.readline()
            if answer != b"ready\n":
                raise Failed((answer + said.read()).decode().strip())
        pid = int(pathlib.Path(
            f"/proc/{outer.pid}/task/{outer.pid}/children").read_text())
        layout.replace_text(self._file, f"{pid} {_started(pid)}\n")
        layout.replace_text(self._enter, _ENTER.format(
            init=shlex.quote(str(self._file)), name=self._name,
            namespaces=" ".join(_NAMESPACES)), mode=0o755)

    def stop(self) -> None:
        """End every process of the node; do nothing where there is none."""
        pid = self.pid
        if pid is None:
            return
        self._power_off()
        _kill(pid, signal.SIGKILL)
        if not _wait(lambda: _started(pid) is None, 10):
            raise Failed(f"process {pid} does not end")
        self._file.unlink(missing_ok=True)

    def processes(self) -> dict[int, Process]:
        """Return what runs in the node by the number it has there."""
        init = self.pid
        return dict(_inside(init)) if init else {}

    def run(self, *argv: str, text: str | None = None) -> str:
        """Run a command inside the node and return what it printed."""
        pid = self.pid
        if pid is None:
            raise Failed(f"the node {self._name} is not running")
        return run("nsenter", "--target", str(pid), *_NAMESPACES, "--wd=/",
                   "--", *argv, text=text)

    def _power_off(self) -> None:
        """Let the guests' processes flush what they hold."""
        guests = [process.pid for process in self.processes().values()
                  if process.command.startswith("qemu-")]
        for pid in guests:
            _kill(pid, signal.SIGTERM)
        _wait(lambda: all(_started(pid) is None for pid in guests), 5)


def run(*argv: str, text: str | None = None) -> str:
    """Run a command on the host and return what it printed."""
    done = subprocess.run(
        argv, input=text, capture_output=True, text=True, timeout=60,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL if text is None else None, check=False)
    if done.returncode:
        raise Failed(f"{shlex.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def _inside(init: int) -> Iterator[tuple[int, Process]]:
    space = os.readlink(f"/proc/{init}/ns/pid")
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if os.readlink(entry / "ns/pid") != space:
                continue
            fields = dict(
                line.split(":", 1) for line
                in (entry / "status").read_text().splitlines())
            if fields["State"].split()[0] != "Z":
                yield (int(fields["NSpid"].split()[-1]),
                       Process(int(entry.name), fields["Name"].strip()))


def _started(pid: int) -> int | None:
    """Return when the process started, None for none or a dead one."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait(done: Callable[[], bool], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
