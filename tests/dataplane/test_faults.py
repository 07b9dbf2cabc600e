"""The embedded cloud, killed as a whole at every step of its work."""

import os
import signal
import time

import pytest

from common import daemon
from tests import tenant as tenants
from tests.dataplane import conftest
from tests.faults import ATTACH, BUILD, DELETE, DETACH, points
from tests.functional.cloud import Client

pytestmark = pytest.mark.timeout(900)

#: As many as there are steps to stand at.
SERVERS = 7


class Door:
    """Where the APIs of the running cloud are."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.conf = daemon.load_conf([str(cloud.state / "etc/pileus.conf")])

    def url(self, service):
        return f"http://127.0.0.1:{self.conf[service].port}"

    def tenant(self):
        got = Client(self, None)("identity", "POST", "/v3/auth/tokens", json={
            "auth": {"identity": {"methods": ["password"], "password": {
                "user": {"name": "admin", "domain": {"id": "default"},
                         "password": self.conf.bootstrap.admin_password}}},
                "scope": {"project": {"name": "admin",
                                      "domain": {"id": "default"}}}}})
        assert got.status_code == 201, got.text
        return tenants.Tenant(Client(self, got.headers["X-Subject-Token"]))


@pytest.fixture(scope="module")
def door(cloud):
    return Door(cloud)


@pytest.fixture(scope="module")
def tenant(door):
    return door.tenant()


@pytest.fixture(scope="module")
def image(cloud, tenant, scratch):
    file = scratch / "faults.qcow2"
    conftest.run(conftest.ROOT / "pileus", "image", "build", "tiny",
                 "--output", file)
    made = tenant.upload("faults", file)
    yield made
    tenant.ask("imagestore", "DELETE", f"/v2/images/{made}")


@pytest.fixture(scope="module")
def network(tenant):
    made = tenant.network("faults", "10.9.0.0/24")
    yield made
    tenant.remove_network(made)


@pytest.fixture
def fail(scratch):
    """Switch failpoints on; say whether all of them were hit."""
    file = scratch / "faults" / "failpoints"

    class Fail:
        def __call__(self, text):
            file.write_text(text)

        def spent(self):
            return "1*" not in file.read_text()
    yield Fail()
    file.write_text("")


def guests(cloud):
    return set(cloud.enter("virsh", "list", "--all", "--uuid").split())


def gone(cloud, server):
    tenants.eventually(lambda: server not in guests(cloud), 60,
                       "end of the guest")


def control_pid(cloud):
    return int((cloud.state / "host/control.pid").read_text().split()[0])


@pytest.fixture(scope="module")
def nothing(tenant, scratch):
    """An image that guests find no system on: they cost no CPU time."""
    file = scratch / "nothing.qcow2"
    conftest.run("qemu-img", "create", "-q", "-f", "qcow2", file, "8M")
    made = tenant.upload("nothing", file)
    yield made
    tenant.ask("imagestore", "DELETE", f"/v2/images/{made}")


@pytest.fixture
def kill_at(cloud, fail):
    """Kill the control plane while a task stands at each of the points.

    Each task that comes to a point where none stands yet stays there, so
    there must be a task for each point. ``begin`` starts them all.
    """
    def act(where, begin):
        fail("".join(f"{point}=1*sleep:600\n" for point in where))
        begin()
        tenants.eventually(fail.spent, 120, "task at every failpoint")
        os.kill(control_pid(cloud), signal.SIGKILL)
    return act


def wait_for_system(tenant, server):
    def said():
        return tenant.ask(
            "compute", "POST", f"/v2.1/servers/{server}/action",
            {"os-getConsoleOutput": {}}, ok=(200, 409)).get("output", "")
    tenants.eventually(lambda: "login" in said(), 120, "system in the guest")


@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_every_step(cloud, tenant, image, nothing, network,
                              kill_at, side):
    """One kill for each kind of task: there is one at each of its steps."""
    attach, detach = points("AttachVolume", ATTACH, side), points(
        "DetachVolume", DETACH, side)
    servers = []
    # Only a guest with a system lets go of a disk.
    kill_at(points("BuildServer", BUILD, side), lambda: servers.extend(
        tenant.boot(f"killed{n}", image if n < len(detach) else nothing,
                    network) for n in range(SERVERS)))
    for server in servers:
        found = tenant.settled(server)
        assert found["status"] == "ACTIVE", found.get("fault")
    assert set(servers) <= guests(cloud)

    volumes = [tenant.volume(f"faults{n}") for n in range(len(attach))]
    pairs = list(zip(servers, volumes, strict=False))
    kill_at(attach, lambda: [
        tenant.ask("compute", "POST", f"/v2.1/servers/{server}/"
                   "os-volume_attachments",
                   {"volumeAttachment": {"volumeId": volume}})
        for server, volume in pairs])
    for _, volume in pairs:
        tenant.volume_is(volume, "in-use")

    going = pairs[:len(detach)]
    for server, _ in going:
        wait_for_system(tenant, server)
    kill_at(detach, lambda: [
        tenant.ask("compute", "DELETE", f"/v2.1/servers/{server}/"
                   f"os-volume_attachments/{volume}")
        for server, volume in going])
    for _, volume in going:
        tenant.volume_is(volume, "available")

    kill_at(points("DeleteServer", DELETE, side), lambda: [
        tenant.ask("compute", "DELETE", f"/v2.1/servers/{server}")
        for server in servers])
    for server in servers:
        tenant.delete(server)
    nothing_is_left(cloud, tenant, servers, volumes)


def nothing_is_left(cloud, tenant, servers, volumes):
    tenants.eventually(lambda: not guests(cloud) & set(servers), 60,
                       "end of the guests")
    for server in servers:
        assert tenant.ask("network", "GET", "/v2.0/ports?device_id="
                          f"{server}")["ports"] == []
    for volume in volumes:
        tenant.volume_is(volume, "available")
        tenant.ask("blockstore", "DELETE", f"/v3/volumes/{volume}")


def test_failing_step_is_undone_and_says_so(cloud, tenant, image, network,
                                            fail):
    fail("BuildServer.activate.before=raise\n")
    server = tenant.boot("refused", image, network)

    found = tenant.settled(server)

    assert found["status"] == "ERROR"
    assert found["fault"]["message"]
    gone(cloud, server)
    tenant.delete(server)


def test_guests_outlive_the_control_plane(cloud, tenant, image, network):
    server = tenant.boot("survivor", image, network)
    assert tenant.settled(server)["status"] == "ACTIVE"

    os.kill(control_pid(cloud), signal.SIGKILL)
    assert server in guests(cloud)
    time.sleep(1)

    assert tenant.settled(server)["status"] == "ACTIVE"
    tenant.delete(server)
    gone(cloud, server)
