"""Ports over REST."""

import pytest

from network.db import changes
from tests.base import make_ctx
from tests.unit.network.conftest import DENIED

OTHER = make_ctx(project="p2", user="u2")


@pytest.fixture
def network(api):
    made = api.network()
    api.subnet(made)
    return made


def test_shape(api, network):
    port = api.port(network, name="p")
    assert port["mac_address"].startswith("fa:16:3e:")
    assert port["status"] == "DOWN" and port["admin_state_up"]
    assert port["device_owner"] == "" and port["device_id"] == ""
    assert port["port_security_enabled"]
    assert len(port["security_groups"]) == 1
    assert port["created_at"].endswith("Z")
    assert port["binding:vnic_type"] == "normal"
    assert "binding:host_id" not in port
    seen = api.admin("GET", f"/ports/{port['id']}")["port"]
    assert seen["binding:vif_type"] == "unbound"


def test_compute_binds(api, network):
    port = api.service("POST", "/ports", {"port": {
        "network_id": network["id"], "project_id": "p1",
        "device_id": "s1", "device_owner": "compute:nova",
        "binding:host_id": "node1"}})["port"]
    assert port["project_id"] == "p1"
    assert port["binding:vif_type"] == "ovs"
    assert port["binding:host_id"] == "node1"
    got = api.service("GET", "/ports?device_id=s1")["ports"]
    assert [p["id"] for p in got] == [port["id"]]
    got = api.service("PUT", f"/ports/{port['id']}", {"port": {
        "binding:host_id": "", "device_id": "", "device_owner": ""}})
    assert got["port"]["binding:vif_type"] == "unbound"


@pytest.mark.parametrize("values", [
    {"binding:host_id": "node1"}, {"binding:profile": {"a": 1}},
])
def test_only_services_bind(api, network, values):
    assert api.error("POST", "/ports", {"port": {
        "network_id": network["id"]} | values}, status=403) == DENIED


def test_the_owner_of_the_network_chooses(api, network):
    port = api.port(network, mac_address="02:00:00:00:00:01",
                    device_owner="network:dhcp",
                    fixed_ips=[{"ip_address": "10.0.0.77"}],
                    allowed_address_pairs=[{"ip_address": "10.0.0.100"}])
    assert port["fixed_ips"][0]["ip_address"] == "10.0.0.77"
    assert port["allowed_address_pairs"] == [{"ip_address": "10.0.0.100"}]


@pytest.mark.parametrize("values", [
    {"mac_address": "02:00:00:00:00:01"},
    {"device_owner": "network:dhcp"},
    {"fixed_ips": [{"ip_address": "10.5.0.77"}]},
    {"port_security_enabled": False},
    {"allowed_address_pairs": [{"ip_address": "10.5.0.1"}]},
])
def test_others_do_not_on_a_shared_network(api, values):
    shared = api.admin("POST", "/networks", {
        "network": {"shared": True}})["network"]
    api.admin("POST", "/subnets", {"subnet": {
        "network_id": shared["id"], "cidr": "10.5.0.0/24",
        "ip_version": 4}})
    port = api.port(shared)
    assert port["fixed_ips"]
    assert api.error("POST", "/ports", {"port": {
        "network_id": shared["id"]} | values}, status=403) == DENIED
    assert api.error("PUT", f"/ports/{port['id']}", {
        "port": values}, status=403) == DENIED
    api("PUT", f"/ports/{port['id']}", {"port": {
        "fixed_ips": port["fixed_ips"]}})


def test_ports_that_serve_the_network_stay_what_they_are(api, network):
    found = api("GET", f"/ports?network_id={network['id']}"
                "&device_owner=network:distributed")["ports"]
    path = f"/ports/{found[0]['id']}"
    for values in ({"device_owner": ""}, {"device_id": "s1"},
                   {"device_owner": "compute:nova", "device_id": "s1"}):
        assert api.error("PUT", path, {"port": values},
                         status=409) == "ServicePortInUse"
    api("PUT", path, {"port": {
        "name": "x", "device_owner": "network:distributed"}})
    assert api.error("DELETE", path, status=409) == "ServicePortInUse"


def test_external_networks_are_for_routers(api):
    public = api.public()
    assert api.error("POST", "/ports", {"port": {
        "network_id": public["id"]}}, status=403) == DENIED
    # Nor by way of a service that acts for the project.
    assert api.service("POST", "/ports", {"port": {
        "network_id": public["id"], "project_id": "p1"}}, status=403)


def test_foreign_things_are_not_there(api, network):
    port = api.port(network)
    path = f"/ports/{port['id']}"
    for method, body in (("GET", None), ("DELETE", None),
                         ("PUT", {"port": {"name": "x"}})):
        assert api.error(method, path, body, ctx=OTHER,
                         status=404) == "PortNotFound"
    assert api("GET", "/ports", ctx=OTHER)["ports"] == []
    assert api.error("POST", "/ports", {"port": {
        "network_id": network["id"]}}, ctx=OTHER,
        status=404) == "NetworkNotFound"
    group = api("GET", "/security-groups")["security_groups"][0]
    theirs = api("POST", "/networks", {"network": {}}, ctx=OTHER)["network"]
    assert api.error("POST", "/ports", {"port": {
        "network_id": theirs["id"], "security_groups": [group["id"]]}},
        ctx=OTHER, status=404) == "SecurityGroupNotFound"


def test_another_project_takes_a_role(api, network):
    assert api.error("POST", "/ports", {"port": {
        "network_id": network["id"], "project_id": "p2"}},
        status=403) == DENIED


def test_mac_is_unique_in_a_network(api, network):
    api.port(network, mac_address="02:00:00:00:00:01")
    assert api.error("POST", "/ports", {"port": {
        "network_id": network["id"], "mac_address": "02:00:00:00:00:01"}},
        status=409) == "MacAddressInUse"
    one = api.port(network)
    assert api.error("PUT", f"/ports/{one['id']}", {
        "port": {"mac_address": "02:00:00:00:00:01"}},
        status=409) == "MacAddressInUse"


def test_addresses_are_replaced(api, network):
    port = api.port(network)
    subnet_id = port["fixed_ips"][0]["subnet_id"]
    kept = port["fixed_ips"][0]
    path = f"/ports/{port['id']}"
    got = api("PUT", path, {"port": {"fixed_ips": [
        kept, {"subnet_id": subnet_id, "ip_address": "10.0.0.99"}]}})["port"]
    assert {f["ip_address"] for f in got["fixed_ips"]} == {
        kept["ip_address"], "10.0.0.99"}
    got = api("PUT", path, {"port": {"fixed_ips": [
        {"ip_address": "10.0.0.99"}]}})["port"]
    assert [f["ip_address"] for f in got["fixed_ips"]] == ["10.0.0.99"]
    assert api.error("PUT", path, {"port": {"fixed_ips": [
        {"ip_address": "192.168.0.1"}]}},
        status=400) == "InvalidIpForNetwork"
    got = api("PUT", path, {"port": {"fixed_ips": []}})["port"]
    assert got["fixed_ips"] == []


def test_floating_ip_leaves_with_the_address(api, network):
    subnet_id = api("GET", "/subnets")["subnets"][0]["id"]
    api.router_with_gateway({"id": subnet_id})
    port = api.port(network)
    fip = api("POST", "/floatingips", {"floatingip": {
        "floating_network_id": api.public()["id"],
        "port_id": port["id"]}})["floatingip"]
    api("PUT", f"/ports/{port['id']}", {"port": {"fixed_ips": [
        {"ip_address": "10.0.0.200"}]}})
    got = api("GET", f"/floatingips/{fip['id']}")["floatingip"]
    assert got["port_id"] is None


def test_security_without_addresses_of_groups(api, network):
    assert api.port(network, security_groups=[])["security_groups"] == []
    port = api.port(network)
    path = f"/ports/{port['id']}"
    assert api.error("PUT", path, {"port": {
        "port_security_enabled": False}},
        status=409) == "PortSecurityPortHasSecurityGroup"
    got = api("PUT", path, {"port": {
        "port_security_enabled": False, "security_groups": []}})["port"]
    assert got["security_groups"] == []
    assert api.error("PUT", path, {"port": {
        "allowed_address_pairs": [{"ip_address": "10.0.0.5"}]}},
        status=409) == "AddressPairAndPortSecurityRequired"


def test_pairs_never_mean_everything(api, network):
    for text in ("0.0.0.0/0", "::/0"):
        assert api.error("POST", "/ports", {"port": {
            "network_id": network["id"],
            "allowed_address_pairs": [{"ip_address": text}]}},
            status=400) == "InvalidInput"


def test_router_ports_belong_to_the_router(api, network):
    subnet_id = api("GET", "/subnets")["subnets"][0]["id"]
    api.router_with_gateway({"id": subnet_id})
    port = api("GET", "/ports?device_owner=network:router_interface")[
        "ports"][0]
    assert api.error("DELETE", f"/ports/{port['id']}",
                     status=409) == "ServicePortInUse"


def test_revision_is_checked(api, network):
    port = api.port(network)
    path = f"/ports/{port['id']}"
    body = {"port": {"name": "x"}}
    stale = {"If-Match": "revision_number=99"}
    assert api.error("PUT", path, body, headers=stale,
                     status=412) == "RevisionNumberConstraintFailed"
    fresh = {"If-Match": f"revision_number={port['revision_number']}"}
    got = api("PUT", path, body, headers=fresh)["port"]
    assert got["revision_number"] == port["revision_number"] + 1


def test_quota(api, network):
    api.admin("PUT", "/quotas/p1", {"quota": {"port": 3}})
    api.port(network)
    api.port(network)
    assert api.error("POST", "/ports", {"port": {
        "network_id": network["id"]}}, status=409) == "OverQuota"
    api.admin("DELETE", "/quotas/p1")
    api.port(network)
    shown = api("GET", "/quotas/p1/details.json")["quota"]["port"]
    assert shown == {"limit": 500, "reserved": 0, "used": 4}


def notices(api):
    with api.db.reader() as session:
        return [n.name for n in changes.due_notices(session, 10)]


def test_compute_is_told_what_users_do_to_its_ports(api, network):
    port = api.service("POST", "/ports", {"port": {
        "network_id": network["id"], "project_id": "p1",
        "device_id": "s1", "device_owner": "compute:nova"}})["port"]
    path = f"/ports/{port['id']}"
    api("PUT", path, {"port": {"name": "x"}})
    assert notices(api) == []
    api("PUT", path, {"port": {"security_groups": []}})
    api.router_with_gateway({"id": port["fixed_ips"][0]["subnet_id"]})
    fip = api("POST", "/floatingips", {"floatingip": {
        "floating_network_id": api.public()["id"],
        "port_id": port["id"]}})["floatingip"]
    api("PUT", f"/floatingips/{fip['id']}", {"floatingip": {
        "port_id": None}})
    assert notices(api) == ["network-changed"] * 3
    api("DELETE", path)
    assert notices(api)[-1] == "network-vif-deleted"
