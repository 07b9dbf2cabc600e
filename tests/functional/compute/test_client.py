"""openstacksdk, on which the openstack command stands, over real HTTP.

All services are real but the hypervisor; the network does not wait for OVN.
"""

import io

import openstack
import pytest

from common import concurrency
from tests import signing


@pytest.fixture(scope="module")
def sdk(cloud):
    env = cloud.environment()
    made = openstack.connect(
        auth_url=env["OS_AUTH_URL"], username="admin",
        password=env["OS_PASSWORD"], project_name="admin",
        user_domain_id="default", project_domain_id="default",
        region_name=env["OS_REGION_NAME"], identity_api_version="3",
        load_envvars=False, load_yaml_config=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def image(sdk):
    made = sdk.image.create_image(
        name="compute-tiny", disk_format="raw", container_format="bare",
        min_disk=0, data=io.BytesIO(b"\0" * 65536), validate_checksum=False)
    yield made
    sdk.image.delete_image(made)


@pytest.fixture(scope="module")
def network(sdk):
    made = sdk.network.create_network(name="compute-net")
    sdk.network.create_subnet(name="compute-subnet", network_id=made.id,
                              cidr="10.9.0.0/24", ip_version=4)
    yield made
    sdk.network.delete_network(made)


@pytest.fixture
def server(sdk, image, network):
    made = sdk.compute.create_server(
        name="vm1", image_id=image.id, flavor_id="1",
        networks=[{"uuid": network.id}], metadata={"a": "b"})
    yield wait(sdk, made)
    sdk.compute.delete_server(made, ignore_missing=True)
    sdk.compute.wait_for_delete(made, interval=0.1, wait=20)


def wait(sdk, server, status="ACTIVE"):
    return sdk.compute.wait_for_server(
        server, status=status, interval=0.1, wait=20)


def test_life(sdk, server, network):
    assert server.addresses["compute-net"][0]["OS-EXT-IPS:type"] == "fixed"
    assert server.flavor.original_name == "m1.tiny"
    ports = list(sdk.network.ports(device_id=server.id))
    assert [port.device_owner for port in ports] == ["compute:nova"]

    sdk.compute.stop_server(server)
    wait(sdk, server, "SHUTOFF")
    sdk.compute.start_server(server)
    wait(sdk, server)
    for kind in ("SOFT", "HARD"):
        sdk.compute.reboot_server(server, kind)
        wait(sdk, server)
    assert "login" in sdk.compute.get_server_console_output(server)["output"]
    sdk.compute.update_server(server, name="vm2")
    assert [row.name for row in sdk.compute.servers(name="vm2")] == ["vm2"]
    done = [row.action for row in sdk.compute.server_actions(server)]
    assert done == ["reboot", "reboot", "start", "stop", "create"]

    sdk.compute.delete_server(server)
    sdk.compute.wait_for_delete(server, interval=0.1, wait=20)
    assert list(sdk.network.ports(device_id=server.id)) == []


def test_signed_image(cloud, sdk, network):
    root = signing.Signer("root")
    last = signing.last(root)
    signing.keep(cloud.state, root, last)
    content = b"\0" * 65536
    image = sdk.image.create_image(
        name="compute-signed", disk_format="raw", container_format="bare",
        data=io.BytesIO(content), validate_checksum=False,
        **last.sign(content))
    asked = {"image_id": image.id, "flavor_id": "1",
             "networks": [{"uuid": network.id}]}

    good = sdk.compute.create_server(
        name="signed", trusted_image_certificates=[root.id], **asked)
    bad = sdk.compute.create_server(
        name="not-trusted", trusted_image_certificates=[last.id], **asked)

    assert wait(sdk, good).trusted_image_certificates == [root.id]
    with pytest.raises(openstack.exceptions.ResourceFailure):
        wait(sdk, bad)
    fault = sdk.compute.get_server(bad).fault
    assert "its certificate is not trusted" in fault["message"]
    for server in (good, bad):
        sdk.compute.delete_server(server)
        sdk.compute.wait_for_delete(server, interval=0.1, wait=20)
    sdk.image.delete_image(image)


def test_volume(sdk, server):
    volume = sdk.block_storage.create_volume(name="v1", size=1)
    sdk.block_storage.wait_for_status(volume, "available", interval=0.1)

    made = sdk.compute.create_volume_attachment(
        server, volume_id=volume.id)
    assert made.device == "/dev/vdb"
    sdk.block_storage.wait_for_status(volume, "in-use", interval=0.1)
    until(lambda: sdk.compute.get_volume_attachment(
        server, volume).attachment_id)
    sdk.compute.delete_volume_attachment(server, volume)
    sdk.block_storage.wait_for_status(volume, "available", interval=0.1)
    sdk.block_storage.delete_volume(volume)


def until(ready):
    for _ in range(200):
        if ready():
            return
        concurrency.sleep(0.1)
    raise AssertionError("not in time")


def test_ports(sdk, server, network):
    made = sdk.compute.create_server_interface(server, net_id=network.id)
    assert len(list(sdk.compute.server_interfaces(server))) == 2
    sdk.compute.delete_server_interface(made.port_id, server=server)
    until(lambda: len(list(sdk.compute.server_interfaces(server))) == 1)
    until(lambda: sdk.network.find_port(made.port_id) is None)


def test_keypairs(sdk):
    made = sdk.compute.create_keypair(name="k1", public_key=(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDpHmH1mr4hHqvWlJtZBwgQ0mZr3c"
        "FlwRHH1sKfW9JcS me@here"))
    assert made.fingerprint
    assert [row.name for row in sdk.compute.keypairs()] == ["k1"]
    sdk.compute.delete_keypair("k1")


def test_cloud(sdk):
    host = next(iter(sdk.compute.hypervisors(details=True)))
    assert (host.state, host.status) == ("up", "enabled")
    found = {row.binary: row.state for row in sdk.compute.services()}
    assert found["nova-compute"] == found["nova-conductor"] == "up"
    assert [row.name for row in sdk.compute.availability_zones()] == [
        "nova"]
    assert {row.name for row in sdk.compute.flavors()} >= {
        "m1.tiny", "m1.small"}
    assert sdk.compute.get_limits().absolute.total_cores == 20
    providers = list(sdk.placement.resource_providers())
    assert [row.id for row in providers] == [host.id]


def test_operators_client_shows_a_host(openstack):
    name = openstack("hypervisor", "list")[0]["Hypervisor Hostname"]
    shown = openstack("hypervisor", "show", name)
    host = shown["service_host"]
    assert shown["aggregates"] == []

    openstack.text("aggregate", "create", "--property", "a=b", "racks")
    openstack.text("aggregate", "add", "host", "racks", host)

    assert openstack("hypervisor", "show", name)["aggregates"] == ["racks"]
    found = openstack("aggregate", "show", "racks")
    assert (found["hosts"], found["properties"]) == ([host], {"a": "b"})
    openstack.text("aggregate", "remove", "host", "racks", host)
    openstack.text("aggregate", "delete", "racks")


def test_members_are_held_to_their_project(cloud, server):
    member = cloud.member("compute-member")
    path = f"/v2.1/servers/{server.id}"
    assert member("compute", "GET", path).status_code == 404
    assert member("compute", "DELETE", path).status_code == 404
    assert member("compute", "GET", "/v2.1/os-services").status_code == 403
    assert member("compute", "POST", "/v2.1/os-server-external-events",
                  json={"events": [{
                      "name": "network-changed", "server_uuid": server.id,
                  }]}).status_code == 403
    assert member("compute", "GET", "/v2.1/servers").json() == {
        "servers": []}
