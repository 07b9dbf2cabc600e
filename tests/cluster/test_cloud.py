"""The distributed cloud: a server's life, on two nodes."""

import pathlib

import pytest

from tests import tenant as tenants

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def network(tenant, key):
    tenant.keypair("k", key.with_suffix(".pub").read_text())
    made = tenant.network("n1", "10.1.0.0/24")
    tenant.open(protocol="tcp", port_range_min=22, port_range_max=22)
    tenant.open(protocol="icmp")
    return made


@pytest.fixture(scope="module")
def servers(tenant, image, network):
    ids = {host: tenant.boot(host, image, network, key_name="k",
                             availability_zone=f"nova:{host}")
           for host in ("node1", "node2")}
    return {host: tenant.settled(ids[host]) for host in ids}


def test_every_daemon_runs_as_its_own_user(deployment):
    for name, process in deployment.processes.items():
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        uids = set(status.split("Uid:")[1].splitlines()[0].split())
        assert uids == {str(deployment._pileus.pw_uid)}, name


def test_server_on_each_node(servers):
    for host, server in servers.items():
        assert server["status"] == "ACTIVE", server.get("fault")
        assert server["OS-EXT-SRV-ATTR:host"] == host


@pytest.fixture(scope="module")
def address(tenant, servers):
    """Return a floating IP of the server on the second node."""
    return tenant.floating(servers["node2"]["id"])


def test_servers_reach_each_other_across_nodes(servers, address, key):
    (fixed,) = [entry["addr"] for entry in
                servers["node1"]["addresses"]["n1"]]

    said = tenants.ssh(key, address, f"hostname; ping -c 2 -W 5 {fixed}")

    assert said.startswith("node2")
    assert "2 packets received" in said


def test_volume_is_seen_and_removed(tenant, servers, deployment):
    volume = tenant.volume("v1")
    server = servers["node2"]["id"]
    path = f"/v2.1/servers/{server}/os-volume_attachments"

    tenant.ask("compute", "POST", path, {
        "volumeAttachment": {"volumeId": volume}})
    tenant.volume_is(volume, "in-use")
    tenant.ask("compute", "DELETE", f"{path}/{volume}")
    tenant.volume_is(volume, "available")

    tenant.ask("blockstore", "DELETE", f"/v3/volumes/{volume}")


def test_stop_and_start(tenant, servers):
    server = servers["node1"]["id"]
    path = f"/v2.1/servers/{server}/action"

    tenant.ask("compute", "POST", path, {"os-stop": None})
    assert tenant.settled(server)["status"] == "SHUTOFF"
    tenant.ask("compute", "POST", path, {"os-start": None})
    assert tenant.settled(server)["status"] == "ACTIVE"


def test_no_capable_host_says_why(tenant, image, network):
    flavor = tenant.ask("compute", "POST", "/v2.1/flavors", {"flavor": {
        "name": "huge", "ram": 50000, "vcpus": 1, "disk": 1}})
    server = tenant.boot("huge", image, network,
                         flavorRef=flavor["flavor"]["id"])

    found = tenant.settled(server)

    assert found["status"] == "ERROR"
    assert "2 hosts" in found["fault"]["message"]
    tenant.delete(server)


def test_deleted_servers_leave_nothing(deployment, tenant, servers):
    for server in servers.values():
        tenant.delete(server["id"])

    tenants.eventually(lambda: deployment.guests() == [], 30, "empty nodes")
    assert tenant.ask("network", "GET", "/v2.0/ports?device_owner="
                      "compute:nova")["ports"] == []
    assert tenant.ask("compute", "GET",
                      "/v2.1/os-hypervisors/detail")["hypervisors"]
