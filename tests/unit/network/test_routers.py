"""Routers and floating IPs over REST."""

import pytest

from tests.base import make_ctx
from tests.unit.network.conftest import BAD_REQUEST, DENIED

OTHER = make_ctx(project="p2", user="u2")


@pytest.fixture
def subnet(api):
    return api.subnet(api.network())


def interface(subnet):
    return {"subnet_id": subnet["id"]}


def test_shape(api, subnet):
    router = api("POST", "/routers", {"router": {"name": "r"}})["router"]
    assert router["external_gateway_info"] is None
    assert router["routes"] == [] and router["status"] == "ACTIVE"
    path = f"/routers/{router['id']}"
    got = api("PUT", path, {"router": {"external_gateway_info": {
        "network_id": api.public()["id"]}}})["router"]
    info = got["external_gateway_info"]
    assert info["enable_snat"] is True
    assert info["external_fixed_ips"][0]["ip_address"].startswith("198.18.")
    joined = api("PUT", f"{path}/add_router_interface", interface(subnet))
    assert joined["subnet_id"] == subnet["id"]
    assert joined["subnet_ids"] == [subnet["id"]]
    assert joined["id"] == router["id"]
    port = api("GET", f"/ports/{joined['port_id']}")["port"]
    assert port["fixed_ips"][0]["ip_address"] == "10.0.0.1"
    assert port["device_owner"] == "network:router_interface"


def test_gateway_is_kept_and_cleared(api, subnet):
    router = api.router_with_gateway(subnet)
    path = f"/routers/{router['id']}"
    before = router["external_gateway_info"]["external_fixed_ips"]
    body = {"router": {"external_gateway_info": {
        "network_id": api.public()["id"]}}}
    got = api("PUT", path, body)["router"]
    assert got["external_gateway_info"]["external_fixed_ips"] == before
    for empty in (None, {}):
        got = api("PUT", path, {"router": {"external_gateway_info": empty}})
        assert got["router"]["external_gateway_info"] is None
        api("PUT", path, body)


def test_gateway_needs_an_external_network(api):
    network = api.network()
    assert api.error("POST", "/routers", {"router": {
        "external_gateway_info": {"network_id": network["id"]}}},
        status=400) == BAD_REQUEST
    assert api.error("POST", "/routers", {"router": {
        "external_gateway_info": {"network_id": network["id"]}}},
        ctx=OTHER, status=404) == "NetworkNotFound"


@pytest.mark.parametrize("more", [
    {"enable_snat": False},
    {"external_fixed_ips": [{"ip_address": "198.18.0.77"}]}])
def test_only_admins_shape_the_gateway(api, more):
    body = {"router": {"external_gateway_info": {
        "network_id": api.public()["id"]} | more}}
    assert api.error("POST", "/routers", body, status=403) == DENIED
    got = api.admin("POST", "/routers", body)["router"]
    info = got["external_gateway_info"]
    for name, value in more.items():
        found = info[name]
        if isinstance(value, list):
            assert found[0]["ip_address"] == value[0]["ip_address"]
        else:
            assert found == value


def test_interfaces_do_not_overlap(api, subnet):
    router = api.router_with_gateway(subnet)
    path = f"/routers/{router['id']}/add_router_interface"
    assert api.error("PUT", path, interface(subnet),
                     status=400) == BAD_REQUEST
    other = api.subnet(api.network(), "10.0.0.0/25")
    assert api.error("PUT", path, interface(other),
                     status=400) == BAD_REQUEST
    lonely = api.subnet(api.network(), "10.1.0.0/24", gateway_ip=None)
    assert api.error("PUT", path, interface(lonely),
                     status=400) == BAD_REQUEST
    assert api.error("PUT", path, {"subnet_id": subnet["id"], "port_id":
                                   subnet["id"]}, status=400) == BAD_REQUEST
    assert api.error("PUT", path, {}, status=400) == BAD_REQUEST


def test_interface_by_port(api, subnet):
    router = api("POST", "/routers", {"router": {}})["router"]
    port = api.port({"id": subnet["network_id"]})
    path = f"/routers/{router['id']}"
    got = api("PUT", f"{path}/add_router_interface",
              {"port_id": port["id"]})
    assert got["port_id"] == port["id"]
    seen = api("GET", f"/ports/{port['id']}")["port"]
    assert seen["device_id"] == router["id"]
    assert seen["security_groups"] == []
    busy = api.port({"id": subnet["network_id"]}, device_id="x")
    assert api.error("PUT", f"{path}/add_router_interface",
                     {"port_id": busy["id"]}, status=409) == "PortInUse"
    assert api.error("PUT", f"{path}/remove_router_interface",
                     {"port_id": busy["id"]},
                     status=404) == "RouterInterfaceNotFound"
    api("PUT", f"{path}/remove_router_interface", {"port_id": port["id"]})
    assert api.error("GET", f"/ports/{port['id']}",
                     status=404) == "PortNotFound"
    assert api.error("PUT", f"{path}/remove_router_interface",
                     interface(subnet),
                     status=404) == "RouterInterfaceNotFoundForSubnet"


def test_routes(api, subnet):
    router = api.router_with_gateway(subnet)
    path = f"/routers/{router['id']}"
    routes = [{"destination": "10.50.0.0/16", "nexthop": "10.0.0.9"}]
    got = api("PUT", path, {"router": {"routes": routes}})["router"]
    assert got["routes"] == routes
    for wrong in ({"destination": "10.50.0.1/16", "nexthop": "10.0.0.9"},
                  {"destination": "10.50.0.0/16", "nexthop": "10.9.0.9"},
                  {"destination": "10.50.0.0/16", "nexthop": "10.0.0.1"}):
        api.error("PUT", path, {"router": {"routes": [wrong]}}, status=400)
    assert api("PUT", path, {"router": {"routes": None}})["router"][
        "routes"] == []


def test_foreign_routers(api, subnet):
    router = api.router_with_gateway(subnet)
    path = f"/routers/{router['id']}"
    for method, at, body in (
            ("GET", path, None), ("DELETE", path, None),
            ("PUT", path, {"router": {"name": "x"}}),
            ("PUT", f"{path}/add_router_interface", interface(subnet)),
            ("PUT", f"{path}/remove_router_interface", interface(subnet))):
        assert api.error(method, at, body, ctx=OTHER,
                         status=404) == "RouterNotFound"
    own = api("POST", "/routers", {"router": {}}, ctx=OTHER)["router"]
    assert api.error("PUT", f"/routers/{own['id']}/add_router_interface",
                     interface(subnet), ctx=OTHER,
                     status=404) == "SubnetNotFound"


def test_a_shared_network_gets_no_foreign_gateway(api):
    """Whoever may use a network does not become its way out."""
    shared = api.admin("POST", "/networks", {
        "network": {"shared": True}})["network"]
    subnet = api.admin("POST", "/subnets", {"subnet": {
        "network_id": shared["id"], "cidr": "10.5.0.0/24",
        "ip_version": 4}})["subnet"]
    router = api("POST", "/routers", {"router": {}})["router"]
    path = f"/routers/{router['id']}/add_router_interface"
    assert api.error("PUT", path, interface(subnet),
                     status=403) == "PolicyNotAuthorized"
    # By a port of its own, with an address that it was given, it may join.
    port = api.port(shared)
    theirs = api.admin("POST", "/ports", {"port": {
        "network_id": shared["id"]}})["port"]
    assert api.error("PUT", path, {"port_id": theirs["id"]},
                     status=404) == "PortNotFound"
    joined = api("PUT", path, {"port_id": port["id"]})
    assert joined["subnet_id"] == subnet["id"]
    # The owner of a network sees all its ports, and takes none.
    owner = api("POST", "/networks", {"network": {}})["network"]
    api.subnet(owner)
    foreign = api.admin("POST", "/ports", {"port": {
        "network_id": owner["id"]}})["port"]
    assert api.error("PUT", path, {"port_id": foreign["id"]},
                     status=403) == "PolicyNotAuthorized"


def floating(api, **values):
    return {"floatingip": {"floating_network_id": api.public()["id"]}
            | values}


def test_floating_ip_follows_the_request(api, subnet):
    api.router_with_gateway(subnet)
    network = {"id": subnet["network_id"]}
    one, two = api.port(network), api.port(network)
    fip = api("POST", "/floatingips", floating(api))["floatingip"]
    assert fip["status"] == "DOWN" and fip["port_id"] is None
    path = f"/floatingips/{fip['id']}"
    got = api("PUT", path, {"floatingip": {"port_id": one["id"]}})
    assert got["floatingip"]["port_details"]["mac_address"] == one[
        "mac_address"]
    got = api("PUT", path, {"floatingip": {"port_id": two["id"]}})
    assert got["floatingip"]["port_details"]["mac_address"] == two[
        "mac_address"]
    second = api("POST", "/floatingips", floating(api))["floatingip"]
    assert api.error("PUT", f"/floatingips/{second['id']}", {
        "floatingip": {"port_id": two["id"]}},
        status=409) == "FloatingIPPortAlreadyAssociated"
    got = api("PUT", path, {"floatingip": {"port_id": None}})["floatingip"]
    assert got["port_id"] is None and got["router_id"] is None
    found = api("GET", f"/floatingips?floating_ip_address="
                f"{fip['floating_ip_address']}")["floatingips"]
    assert [f["id"] for f in found] == [fip["id"]]


def test_floating_ip_needs_a_way(api, subnet):
    port = api.port({"id": subnet["network_id"]})
    assert api.error("POST", "/floatingips", floating(
        api, port_id=port["id"]),
        status=404) == "ExternalGatewayForFloatingIPNotFound"
    assert api.error("POST", "/floatingips", {"floatingip": {
        "floating_network_id": subnet["network_id"]}},
        status=400) == BAD_REQUEST
    assert api.error("POST", "/floatingips", floating(
        api, fixed_ip_address="10.0.0.5"), status=400) == BAD_REQUEST
    assert api.error("POST", "/floatingips", floating(
        api, floating_ip_address="198.18.0.77"),
        status=403) == DENIED


def test_gateway_stays_while_floating_ips_use_it(api, subnet):
    router = api.router_with_gateway(subnet)
    port = api.port({"id": subnet["network_id"]})
    api("POST", "/floatingips", floating(api, port_id=port["id"]))
    assert api.error("PUT", f"/routers/{router['id']}", {
        "router": {"external_gateway_info": None}},
        status=409) == "RouterExternalGatewayInUseByFloatingIp"


def test_foreign_ports_get_no_floating_ip(api, subnet):
    port = api.port({"id": subnet["network_id"]})
    assert api.error("POST", "/floatingips", floating(
        api, port_id=port["id"]), ctx=OTHER, status=404) == "PortNotFound"


def test_foreign_floating_ips(api):
    fip = api("POST", "/floatingips", floating(api))["floatingip"]
    path = f"/floatingips/{fip['id']}"
    for method, body in (("GET", None), ("DELETE", None),
                         ("PUT", {"floatingip": {}})):
        assert api.error(method, path, body, ctx=OTHER,
                         status=404) == "FloatingIPNotFound"
    assert api("GET", "/floatingips", ctx=OTHER)["floatingips"] == []
