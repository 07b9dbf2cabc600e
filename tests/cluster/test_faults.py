"""The distributed cloud, killed and cut off in the middle of its work."""

import signal
import time

import pytest

from tests import tenant as tenants
from tests.faults import ATTACH, BUILD, DELETE, everywhere

pytestmark = pytest.mark.timeout(900)

@pytest.fixture(scope="module")
def network(tenant):
    return tenant.network("n1", "10.1.0.0/24")


@pytest.fixture
def server(tenant, image, network):
    made = tenant.boot("s", image, network)
    assert tenant.settled(made)["status"] == "ACTIVE"
    yield made
    tenant.delete(made)


def fail(deployment, text):
    (deployment.state / "failpoints").write_text(text)


def spent(deployment):
    """Say whether every failpoint was hit."""
    return "1*" not in (deployment.state / "failpoints").read_text()


def clean(deployment):
    tenants.eventually(lambda: deployment.guests() == [], 60,
                       "end of the guests")


def test_build_killed_at_every_step(deployment, tenant, image, network):
    fail(deployment, everywhere("BuildServer", BUILD))

    made = tenant.boot("killed", image, network)
    found = tenant.settled(made, 300)

    assert found["status"] == "ACTIVE", found.get("fault")
    assert spent(deployment)
    assert len(deployment.guests()) == 1
    tenant.delete(made)
    clean(deployment)


def test_delete_killed_at_every_step(deployment, tenant, image, network):
    made = tenant.boot("killed", image, network)
    tenant.settled(made)
    fail(deployment, everywhere("DeleteServer", DELETE))

    tenant.delete(made, 300)

    assert spent(deployment)
    clean(deployment)


def test_attach_killed_at_every_step(deployment, tenant, server):
    volume = tenant.volume("v1")
    fail(deployment, everywhere("AttachVolume", ATTACH))
    path = f"/v2.1/servers/{server}/os-volume_attachments"

    tenant.ask("compute", "POST", path, {
        "volumeAttachment": {"volumeId": volume}})

    tenant.volume_is(volume, "in-use", 300)
    tenants.eventually(lambda: spent(deployment), 60)
    tenant.settled(server)
    fail(deployment, "")
    tenant.ask("compute", "DELETE", f"{path}/{volume}")
    tenant.volume_is(volume, "available")
    tenant.ask("blockstore", "DELETE", f"/v3/volumes/{volume}")


def test_agents_killed_during_a_build(deployment, tenant, image, network):
    fail(deployment, "")
    made = tenant.boot("killed", image, network)
    for name in deployment.agents():
        deployment.crash(name)

    assert tenant.settled(made, 120)["status"] in ("ACTIVE", "ERROR")
    tenant.delete(made)
    clean(deployment)


def test_all_daemons_killed_at_once(deployment, tenant, image, network):
    made = tenant.boot("killed", image, network)
    time.sleep(0.5)
    for name in list(deployment.processes):
        deployment.crash(name)
    deployment.wait_ready()

    found = tenant.settled(made, 120)

    assert found["status"] == "ACTIVE" or found["fault"]["message"]
    tenant.delete(made)
    clean(deployment)


def test_broker_away_for_20_s(deployment, tenant, image, network):
    made = tenant.boot("no-bus", image, network)
    deployment.rabbit.stop(signal.SIGKILL)
    time.sleep(20)
    deployment.rabbit.start()

    assert tenant.settled(made, 120)["status"] == "ACTIVE"
    tenant.delete(made)
    clean(deployment)


def test_database_restarted(deployment, tenant, image, network):
    made = tenant.boot("no-sql", image, network)
    time.sleep(0.5)
    deployment.database.stop()
    deployment.database.start()

    assert tenant.settled(made, 120)["status"] == "ACTIVE"
    tenant.delete(made)
    clean(deployment)
