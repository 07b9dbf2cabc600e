"""The embedded cloud, killed as a whole at every step of its work."""

import os
import signal
import time

import pytest

from common import daemon
from tests import tenant as tenants
from tests.dataplane import conftest
from tests.faults import ATTACH, BUILD, DELETE, DETACH, everywhere
from tests.functional.cloud import Client

pytestmark = pytest.mark.timeout(900)

#: After the effect of a step and before it is recorded: the hardest time.
#: The distributed cloud is killed on both sides of each step.
SIDES = ("after",)


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


def test_build_and_delete_killed_at_every_step(cloud, tenant, image, network,
                                               fail):
    fail(everywhere("BuildServer", BUILD, SIDES))
    server = tenant.boot("killed", image, network)
    found = tenant.settled(server, 400)
    assert found["status"] == "ACTIVE", found.get("fault")
    assert fail.spent()
    assert server in guests(cloud)

    fail(everywhere("DeleteServer", DELETE, SIDES))
    tenant.delete(server, 400)

    tenants.eventually(fail.spent, 60, "hit of every failpoint")
    gone(cloud, server)
    assert tenant.ask("network", "GET",
                      f"/v2.0/ports?device_id={server}")["ports"] == []


def test_attach_and_detach_killed_at_every_step(cloud, tenant, image,
                                                network, fail):
    server = tenant.boot("attached", image, network)
    assert tenant.settled(server)["status"] == "ACTIVE"
    volume = tenant.volume("faults")
    path = f"/v2.1/servers/{server}/os-volume_attachments"

    fail(everywhere("AttachVolume", ATTACH, SIDES))
    # Asked again when the process dies before it has answered.
    tenant.ask("compute", "POST", path, {
        "volumeAttachment": {"volumeId": volume}}, ok=(200, 400))
    tenant.volume_is(volume, "in-use", 400)
    tenants.eventually(fail.spent, 60, "hit of every failpoint")

    fail(everywhere("DetachVolume", DETACH, SIDES))
    tenant.ask("compute", "DELETE", f"{path}/{volume}", ok=(202, 400, 404))
    tenant.volume_is(volume, "available", 400)
    tenants.eventually(fail.spent, 60, "hit of every failpoint")

    tenant.ask("blockstore", "DELETE", f"/v3/volumes/{volume}")
    tenant.delete(server)
    gone(cloud, server)


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
