"""A node with its libvirt, the small guest image, and disks over NBD."""

import grp
import hashlib
import os
import pathlib
import subprocess
import sys
import time
import uuid

import pytest

from cli import node as nodes
from common import conf as configuration
from common import privilege
from compute import spec as specs
from compute.agent import conf as agent_conf
from compute.drivers.libvirt import conf as libvirt_conf
from compute.drivers.libvirt.driver import LibvirtDriver
from tests.unit.compute_agent import things

IMAGE_ID = str(uuid.uuid4())


@pytest.fixture(scope="session")
def node(scratch):
    """A node's layout; all in it is gone afterwards."""
    state = scratch / "n"
    yield nodes.start(state)
    nodes.stop(state)


@pytest.fixture(scope="session")
def inside(node):
    """Run a command inside the node; return what it printed."""
    def run(*argv):
        return subprocess.run(
            [str(node.enter), *argv], check=True, capture_output=True,
            text=True, stdin=subprocess.DEVNULL, timeout=60).stdout
    return run


@pytest.fixture(scope="session")
def conf(node):
    made = configuration.load()
    agent_conf.register_opts(made)
    libvirt_conf.register_opts(made)
    made.set_override("run_dir", str(node.run), "node")
    made.set_override("enter", [str(node.enter)], "node")
    made.set_override("host", "node1")
    privilege.start(made)
    return made


@pytest.fixture(scope="session")
def image_file(scratch):
    """The small guest image, built from packages or their cache."""
    path = scratch / "tiny.qcow2"
    subprocess.run(
        [sys.executable, "-m", "imagestore.build", "tiny", "--output",
         str(path)], check=True, timeout=300, capture_output=True)
    return path


@pytest.fixture(scope="session")
def image(image_file):
    content = image_file.read_bytes()
    return specs.Image(
        id=IMAGE_ID, disk_format="qcow2", size_bytes=len(content),
        os_hash_algo="sha512",
        os_hash_value=hashlib.sha512(content).hexdigest())


@pytest.fixture(scope="session")
def session_driver(conf, inside, image_file):
    def fetch(image_id):
        assert image_id == IMAGE_ID
        with open(image_file, "rb") as source:
            while chunk := source.read(1 << 20):
                yield chunk
    made = LibvirtDriver(libvirt_conf.settings(conf, "owner-1"), fetch)
    made.open()
    yield made
    made.close()


@pytest.fixture
def driver(session_driver):
    yield session_driver
    session_driver.listen(lambda *event: None)


@pytest.fixture
def traces(node, inside):
    """Return what is on the node of a server and its ports."""
    def find(server_id):
        found = []
        if server_id in inside("virsh", "-q", "list", "--all", "--uuid"):
            found.append("domain")
        if (node.home / "instances" / server_id).exists():
            found.append("files")
        if list(node.home.glob(f"log/libvirt/qemu/*{server_id}*")):
            found.append("log")
        found += [link for link in inside("ls", "/sys/class/net").split()
                  if link.startswith("tap")]
        found += [port for port in inside(
            "ovs-vsctl", "list-ports", "br-int").split()
            if port.startswith("tap")]
        return found
    return find


@pytest.fixture
def spec(driver, image, traces):
    """A server with a card, of which nothing is left afterwards."""
    made = things.make_spec(image=image, nics=[things.make_nic()])
    yield made
    driver.destroy(made.server_id)
    assert traces(made.server_id) == []


@pytest.fixture
def volume(scratch):
    """A volume that a storage daemon serves on a unix socket."""
    made = things.make_volume(scratch / "nbd.sock")
    daemon = serve_volume(made.volume_id, scratch)
    yield made
    daemon.terminate()
    daemon.wait()


def serve_volume(volume_id, folder):
    """Serve an empty disk as the block store would."""
    socket = pathlib.Path(folder, "nbd.sock")
    disk = pathlib.Path(folder, "volume.raw")
    socket.unlink(missing_ok=True)
    with open(disk, "wb") as out:
        out.truncate(16 << 20)
    daemon = subprocess.Popen([
        "qemu-storage-daemon",
        "--blockdev", f"driver=file,node-name=f,filename={disk}",
        "--blockdev", "driver=raw,node-name=n,file=f",
        "--nbd-server", f"addr.type=unix,addr.path={socket}",
        "--export", f"type=nbd,id=e,node-name=n,name={volume_id},"
                    "writable=on"])
    deadline = time.monotonic() + 10
    while not socket.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.chown(socket, 0, grp.getgrnam("libvirt-qemu").gr_gid)
    socket.chmod(0o660)
    return daemon
