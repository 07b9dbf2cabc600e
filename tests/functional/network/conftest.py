"""OVN's databases, without switches, for the loops of the controller."""

import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from common import concurrency, lease
from network.controller.assembly import Controller
from network.controller.reconcile import LEASE_S
from network.db.models import Base
from tests.unit.network.conftest import (  # noqa: F401
    api,
    database,
    options,
    template,
)

_SCHEMAS = pathlib.Path("/usr/share/ovn")


@dataclasses.dataclass
class OVN:
    """Two database servers of our own."""

    folder: pathlib.Path

    def start(self):
        for side in ("nb", "sb"):
            file = self.folder / f"{side}.db"
            if not file.exists():
                subprocess.run(
                    ["ovsdb-tool", "create", file,
                     _SCHEMAS / f"ovn-{side}.ovsschema"], check=True)
            subprocess.run(
                ["ovsdb-server", file, "--detach", "--no-chdir",
                 f"--remote=punix:{self.folder}/{side}.sock",
                 f"--pidfile={self.folder}/{side}.pid",
                 f"--unixctl={self.folder}/{side}.ctl",
                 f"--log-file={self.folder}/{side}.log"], check=True,
                stderr=subprocess.DEVNULL)

    def stop(self):
        for side in ("nb", "sb"):
            file = self.folder / f"{side}.pid"
            if not file.exists():
                continue
            pid = int(file.read_text())
            os.kill(pid, signal.SIGTERM)
            while pathlib.Path("/proc", str(pid)).exists():
                concurrency.sleep(0.02)

    def remote(self, side):
        return f"unix:{self.folder}/{side}.sock"

    def nb(self, *argv):
        return subprocess.run(
            ["ovn-nbctl", f"--db={self.remote('nb')}", *argv], check=True,
            capture_output=True, text=True, timeout=10).stdout.strip()

    def sb(self, *argv):
        return subprocess.run(
            ["ovn-sbctl", f"--db={self.remote('sb')}", *argv], check=True,
            capture_output=True, text=True, timeout=10).stdout.strip()

    def count(self, table):
        said = self.nb("--bare", "--columns=_uuid", "list", table)
        return len(said.split())


@pytest.fixture
def ovn():
    if not shutil.which("ovsdb-server"):
        pytest.skip("needs ovsdb-server")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="povn-"))
    made = OVN(folder)
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


class Compute:
    """Stands for compute's REST door; keeps the events it is told."""

    def __init__(self):
        self.events = []
        self.error = None

    @property
    def compute(self):
        return self

    def post(self, path, json):
        if self.error:
            raise self.error
        self.events += json["events"]


@pytest.fixture
def compute():
    return Compute()


@pytest.fixture
def make_controller(ovn, options, database, compute):  # noqa: F811
    """Make controllers whose loops the test runs itself."""
    options.set_override("nb", ovn.remote("nb"), group="ovn")
    options.set_override("sb", ovn.remote("sb"), group="ovn")
    made = []

    def make():
        holder = lease.Lease(database, Base.metadata.tables["leases"],
                             "network-controller", ttl_s=LEASE_S)
        controller = Controller(options, database, holder, compute,
                                applied=lambda: None)
        controller.start()
        controller.lease = holder
        wait_for(lambda: controller.north.connection.connected
                 and controller.south.connection.connected)
        made.append(controller)
        return controller
    yield make
    for controller in made:
        controller.stop()


@pytest.fixture
def controller(make_controller):
    return make_controller()


def wait_for(condition, timeout=20):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        concurrency.sleep(0.02)
