"""The network's API and controller over a real OVN in a node of our own.

Guests are network namespaces inside the node, on the integration bridge by
a veth pair, as a virtual machine is by its tap.
"""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

from cli import node
from common import concurrency, conf, db, lease, privilege
from network import bootstrap
from network.app import SCHEMA
from network.conf import register_opts
from network.controller.assembly import Controller
from network.controller.reconcile import LEASE_S
from network.db.models import Base
from tests.dataplane.network import frames as good
from tests.unit.network.conftest import API

PROBE = pathlib.Path(__file__).parent / "probe.py"


def run(*argv, check=True, timeout=30):
    """Run a program while green threads go on; return what it printed."""
    done = concurrency.blocking(
        subprocess.run, [str(word) for word in argv], capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=timeout)
    if check:
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def wait_for(condition, timeout=20, what="the condition"):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"no {what} in {timeout} s"
        concurrency.sleep(0.02)


def host_pings(address, timeout=1):
    return json.loads(run(sys.executable, PROBE, "ping", address, timeout))


class Compute:
    """Stands for compute's REST door; keeps the events it is told."""

    def __init__(self):
        self.events = []

    @property
    def compute(self):
        return self

    def post(self, path, json):
        assert path == "/os-server-external-events"
        self.events += json["events"]


@dataclasses.dataclass
class Guest:
    """A namespace that has a port."""

    cloud: "Cloud"
    name: str
    port: dict

    @property
    def mac(self):
        return self.port["mac_address"]

    @property
    def address(self):
        return self.port["fixed_ips"][0]["ip_address"]

    def run(self, *argv, check=True, timeout=30):
        return self.cloud.enter("ip", "netns", "exec", self.name, *argv,
                                check=check, timeout=timeout)

    def configure(self, gateway=None):
        """Take the port's address without asking DHCP."""
        self.run("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        if gateway:
            self.run("ip", "route", "add", "default", "via", gateway)

    def probe(self, action, target, timeout=1, *more):
        return json.loads(self.run(
            sys.executable, PROBE, action, target, str(timeout), *more,
            timeout=60))

    def reach(self, other, frames):
        """Send frames; return the names of those that the other gets.

        One that the other must get is sent last.
        """
        sent = frames | {"a good one": good.udp(
            other.mac, self.mac, (self.address, other.address),
            (5555, 5555), b"pileus")}
        heard = json.loads(self.cloud.enter(
            sys.executable, PROBE, "hears", self.name, other.name,
            json.dumps([frame.hex() for frame in sent.values()])))
        return {list(sent)[number] for number in heard} - {"a good one"}

    def pings(self, address, timeout=1):
        return self.probe("ping", address, timeout)


class Cloud:
    """Everything but compute and the daemons' processes."""

    def __init__(self, folder):
        self.place = node.start(folder / "s")
        facts = self.place.facts
        self.host_gateway = facts.gateway
        self.conf = conf.load(register=[register_opts],
                              state_dir=str(folder), host="node1")
        run_dir = self.place.run
        for group, name, value in (
                ("ovn", "nb", f"unix:{run_dir}/ovn/ovnnb_db.sock"),
                ("ovn", "sb", f"unix:{run_dir}/ovn/ovnsb_db.sock"),
                ("node", "run_dir", str(run_dir)),
                ("node", "enter", [str(self.place.enter)]),
                ("network", "public_cidr", facts.public_cidr),
                ("network", "public_gateway", facts.gateway)):
            self.conf.set_override(name, value, group=group)
        url = self.conf.network.database
        db.upgrade(SCHEMA, url)
        bootstrap.bootstrap(self.conf)
        self.db = db.Database(url)
        self.api = API(self.conf, self.db)
        self.compute = Compute()
        self.nodes_told = 0
        self.start_controller()
        self.guests = []

    def start_controller(self):
        self.lease = lease.Lease(
            self.db, Base.metadata.tables["leases"], "network-controller",
            ttl_s=LEASE_S)
        self.controller = Controller(
            self.conf, self.db, self.lease, self.compute,
            applied=self._applied)
        self.controller.start()
        self.api._changed = lambda: None
        self.threads = [concurrency.spawn(loop.run_forever)
                        for loop in self.controller.loops]
        wait_for(lambda: self.controller.reconciler.synced,
                 what="first comparison")

    def _applied(self):
        self.nodes_told += 1

    def changed(self):
        self.controller.reconciler.wake()

    def stop_controller(self):
        for loop in self.controller.loops:
            loop.stop()
        self.controller.stop()
        self.lease.release()

    def stop(self):
        self.stop_controller()
        self.db.dispose()
        node.stop(self.place.state)

    def enter(self, *argv, check=True, timeout=30):
        return run(self.place.enter, *argv, check=check, timeout=timeout)

    def nb(self, *argv):
        return self.enter("ovn-nbctl", *argv)

    def find(self, table, *conditions):
        """Return rows of the northbound database as dicts."""
        said = json.loads(self.nb("-f", "json", "find", table, *conditions))
        return [dict(zip(said["headings"], row)) for row in said["data"]]

    def guest(self, port, tx_off=True):
        """Plug a namespace into the port."""
        name = f"g{port['id'][:8]}"
        tap = f"tap{port['id'][:8]}"
        self.enter("ip", "netns", "add", name)
        self.enter("ip", "link", "add", tap, "type", "veth", "peer",
                   "name", "eth0", "netns", name)
        guest = Guest(self, name, port)
        guest.run("ip", "link", "set", "eth0", "address",
                  port["mac_address"])
        guest.run("ethtool", "-K", "eth0", "tx", "off")
        self.enter("ethtool", "-K", tap, "tx", "off")
        guest.run("ip", "link", "set", "lo", "up")
        guest.run("ip", "link", "set", "eth0", "mtu", "1442", "up")
        self.enter("ip", "link", "set", tap, "up")
        self.enter("ovs-vsctl", "add-port", "br-int", tap, "--", "set",
                   "Interface", tap, f"external_ids:iface-id={port['id']}",
                   f"external_ids:attached-mac=\"{port['mac_address']}\"")
        self.guests.append((name, tap))
        return guest

    def unplug(self, guest):
        tap = f"tap{guest.port['id'][:8]}"
        self.enter("ovs-vsctl", "--if-exists", "del-port", tap)
        self.enter("ip", "netns", "del", guest.name)
        self.guests.remove((guest.name, tap))

    def port(self, network, *, server=None, **values):
        """Make a port as compute does."""
        made = self.api.service("POST", "/ports", {"port": {
            "network_id": network["id"], "project_id": "p1",
            "device_id": server or f"server-{time.monotonic_ns()}",
            "device_owner": "compute:nova", "binding:host_id": "node1",
        } | values})["port"]
        self.changed()
        return made

    def wait_active(self, port):
        return wait_for(
            lambda: self.api("GET", f"/ports/{port['id']}")["port"]["status"]
            == "ACTIVE", what=f"active port {port['id']}")


@pytest.fixture(scope="package")
def helper(cloud):
    """The privileged helper, inside the node."""
    privilege.start(cloud.conf)
    yield
    privilege.CONTEXT.stop()


@pytest.fixture(scope="package")
def cloud():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pnet-", dir="/tmp"))
    folder.chmod(0o751)
    made = Cloud(folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)
