"""Workers of one daemon: replaced when they die, told, never left over."""

import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from common import daemon
from tests.functional import cloud

ROOT = pathlib.Path(cloud.__file__).parent.parent.parent


@pytest.fixture
def state():
    # The daemon becomes a user who may not look below pytest's own.
    made = pathlib.Path(tempfile.mkdtemp(prefix="pileus-", dir="/tmp"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def supervisor(state):
    path = cloud.write_conf(state)
    path.chmod(0o644)
    path.write_text(path.read_text().replace(
        "[identity]\n", "[identity]\nworkers = 2\n"))
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "cli.main", "service",
         "identity-api", "--config", str(path)], cwd=ROOT,
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    conf = daemon.load_conf([str(path)])
    wait_for(lambda: listens(conf.identity.port))
    wait_for(lambda: len(children(process)) == 2)
    yield process
    process.kill()
    process.wait()


def children(process):
    path = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return {int(pid) for pid in path.read_text().split()}


def listens(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition):
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up, "it did not come true"
        time.sleep(0.05)


def test_a_dead_worker_is_replaced_and_all_are_told_to_stop(supervisor):
    first = min(children(supervisor))
    subprocess.run(["kill", "-9", str(first)], check=True)
    wait_for(lambda: len(children(supervisor) - {first}) == 2)

    # The new one is so young that it has no handler yet.
    supervisor.send_signal(signal.SIGTERM)

    assert supervisor.wait(30) == 0


def test_the_supervisor_keeps_nothing_of_what_workers_are_made_of(supervisor):
    wait_for(lambda: b"supervisor.py" in pathlib.Path(
        f"/proc/{supervisor.pid}/cmdline").read_bytes())
    wait_for(lambda: anonymous_kib(supervisor.pid) > 2000)  # it has loaded

    assert anonymous_kib(supervisor.pid) < 6000


def anonymous_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.split("Anonymous:")[1].split()[0])


def test_workers_do_not_outlive_their_parent(supervisor):
    left = children(supervisor)

    supervisor.kill()
    supervisor.wait()

    wait_for(lambda: not any(
        pathlib.Path(f"/proc/{pid}").exists() for pid in left))
