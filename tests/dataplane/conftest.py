"""A whole cloud, started by the real command, for the tests that want one.

They need root, and what ``./pileus test`` installs.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

from cli.cloud import paths
from cli.demo import cloud as clouds
from tests.openstack import OpenStack, Shell

ROOT = pathlib.Path(__file__).parent.parent.parent


@pytest.fixture(scope="session", autouse=True)
def _root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture(scope="session")
def scratch():
    """A folder that every user may pass through, short enough for sockets."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pileus-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@dataclasses.dataclass
class Cloud:
    """A running cloud, and the tools of its administrator."""

    state: pathlib.Path
    shell: Shell | None = None

    def pileus(self, *arguments, check=True, timeout=300):
        """Run ``./pileus`` for this cloud; return what it printed."""
        return run(ROOT / "pileus", *arguments, "--state", self.state,
                   check=check, timeout=timeout)

    @property
    def env(self):
        """The environment that ``source <(./pileus env)`` gives."""
        said = run("bash", "-c", 'source <("$0" env --state "$1"); env -0',
                   ROOT / "pileus", self.state)
        return dict(line.split("=", 1) for line in said.split("\0") if line)

    def openstack(self, *arguments, check=True):
        """Run the ``openstack`` client; return what it printed."""
        if not hasattr(self, "_client"):
            self._client = OpenStack(self.shell, self.env)
        words = [str(word) for word in arguments]
        return (self._client.text(*words) if check
                else self._client.run(*words)[1])

    def ask(self, *arguments):
        """Run the client; return what it says, from JSON."""
        return json.loads(self.openstack(*arguments, "-f", "json"))

    @property
    def rest(self):
        """The REST APIs: for looking on, where the client would be slow."""
        if not hasattr(self, "_rest"):
            self._rest = clouds.Cloud(paths.of(self.state))
        return self._rest

    def rows(self, kind, path):
        """Return a listing's rows."""
        prefix = {"network": "/v2.0", "image": "/v2"}.get(kind, "")
        found = self.rest.service(kind, prefix).get(path)
        return next(value for value in found.values()
                    if isinstance(value, list))

    def enter(self, *command, check=True):
        """Run a command inside the node."""
        return run(self.state / "node" / "node1" / "enter", *command,
                   check=check)

    def ssh(self, key, address, script, timeout=120, user="cirros",
            patience=2):
        """Run a script in a guest, as soon as it lets us in."""
        argv = ["ssh", "-i", key, "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
                "-o", "LogLevel=ERROR", "-o", f"ConnectTimeout={patience}",
                f"{user}@{address}", script]
        deadline = time.monotonic() + timeout
        while True:
            done = subprocess.run(argv, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL)
            if done.returncode != 255:
                assert done.returncode == 0, done.stderr
                return done.stdout
            assert time.monotonic() < deadline, done.stderr
            time.sleep(0.3)


def run(*argv, env=None, check=True, timeout=300):
    """Run a program; return its output, or fail with all that it said."""
    done = subprocess.run(
        [str(word) for word in argv], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, env=env, timeout=timeout)
    if check:
        assert done.returncode == 0, (
            f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def wait_for(condition, timeout=60, what="the condition"):
    """Return the first true value of ``condition``."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"no {what} in {timeout} s"
        time.sleep(0.3)


def traces(state):
    """Return what a cloud has on the machine: processes, links, mounts."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if str(state).encode() in command and int(
                process.name) != os.getpid():
            found.append(f"process {process.name} {command.decode()}")
    facts = json.loads((state / "node/node1/node.json").read_text())
    link = f"pileus{facts['number']}"
    if pathlib.Path("/sys/class/net", link).exists():
        found.append(f"link {link}")
    if f"table inet {link}\n" in run("nft", "list", "tables"):
        found.append(f"table {link}")
    mounts = pathlib.Path("/proc/mounts").read_text()
    found += [line for line in mounts.splitlines() if str(state) in line]
    return found


@pytest.fixture(scope="session")
def cloud(scratch, shell):
    """A cloud that is up; afterwards nothing of it may be left."""
    made = Cloud(scratch / "s", shell)
    # Tests write what shall fail into a file; the daemons count in it.
    folder = scratch / "faults"
    folder.mkdir()
    folder.chmod(0o777)
    os.environ["PILEUS_FAILPOINTS_FILE"] = str(folder / "failpoints")
    try:
        made.pileus("up")
        yield made
    finally:
        if os.environ.get("PILEUS_KEEP"):
            print((made.state / "log/pileus.log").read_text()[-20000:])
        made.pileus("down")
        del os.environ["PILEUS_FAILPOINTS_FILE"]
        assert traces(made.state) == []
