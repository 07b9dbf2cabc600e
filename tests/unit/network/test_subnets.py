"""Subnets over REST."""

import pytest

from tests.unit.network.conftest import BAD_REQUEST, DENIED


def create(api, network, **values):
    return {"subnet": {"network_id": network["id"], "ip_version": 4,
                       "cidr": "10.0.0.0/24"} | values}


def test_host_bits_are_cut_off(api):
    assert api.subnet(api.network(), "10.1.2.3/24")["cidr"] == "10.1.2.0/24"


@pytest.mark.parametrize("values, kind, status", [
    ({"cidr": "10.0.0.128/25"}, "OverlappingSubnets", 400),
    ({"cidr": "10.2.0.0/24", "gateway_ip": "10.3.0.1"}, "InvalidInput", 400),
    ({"cidr": "10.2.0.0/24", "gateway_ip": "10.2.0.0"},
     "InvalidIpForSubnet", 400),
    ({"cidr": "10.2.0.0/24", "gateway_ip": "::1"}, "InvalidInput", 400),
    ({"cidr": "10.2.0.0/24", "dns_nameservers": ["1.2.3"]},
     "InvalidInput", 400),
    ({"cidr": "10.2.0.0/24", "host_routes": [
        {"destination": "10.3.0.1/24", "nexthop": "10.2.0.9"}]},
     "InvalidInput", 400),
    ({"cidr": "10.2.0.0/24", "ipv6_ra_mode": "slaac"}, "InvalidInput", 400),
    ({"cidr": "2001:db8::/80", "ip_version": 6, "ipv6_ra_mode": "slaac",
      "ipv6_address_mode": "slaac"}, "InvalidInput", 400),
    ({"cidr": "10.2.0.0/24", "allocation_pools": [
        {"start": "10.2.0.1", "end": "10.2.0.9"}]},
     "GatewayConflictWithAllocationPools", 409),
    ({"cidr": "10.2.0.0/24", "gateway_ip": 5}, BAD_REQUEST, 400),
    ({"cidr": "10.2.0.0/24", "unknown": 5}, BAD_REQUEST, 400),
])
def test_refused(api, values, kind, status):
    network = api.network()
    api.subnet(network)
    body = {"subnet": {"network_id": network["id"], "ip_version": 4}
            | values}
    assert api.error("POST", "/subnets", body, status=status) == kind


def test_no_gateway(api):
    subnet = api.subnet(api.network(), gateway_ip=None)
    assert subnet["gateway_ip"] is None
    assert subnet["allocation_pools"][0]["start"] == "10.0.0.1"


def test_update(api):
    network = api.network()
    subnet = api.subnet(network)
    path = f"/subnets/{subnet['id']}"
    got = api("PUT", path, {"subnet": {
        "name": "s2", "gateway_ip": "10.0.0.254", "enable_dhcp": False,
        "allocation_pools": [{"start": "10.0.0.10", "end": "10.0.0.20"}],
        "dns_nameservers": ["8.8.8.8"],
        "host_routes": [{"destination": "10.9.0.0/16",
                         "nexthop": "10.0.0.5"}]}})["subnet"]
    assert got["gateway_ip"] == "10.0.0.254"
    assert got["name"] == "s2" and not got["enable_dhcp"]
    assert got["revision_number"] > subnet["revision_number"]
    assert api.error("PUT", path, {"subnet": {"gateway_ip": "10.0.0.15"}},
                     status=409) == "GatewayConflictWithAllocationPools"
    api("PUT", path, {"subnet": {"gateway_ip": None}})
    assert api("GET", path)["subnet"]["gateway_ip"] is None


def test_gateway_of_a_router_stays(api):
    network = api.network()
    subnet = api.subnet(network)
    api.router_with_gateway(subnet)
    assert api.error("PUT", f"/subnets/{subnet['id']}", {
        "subnet": {"gateway_ip": None}}, status=409) == "GatewayIpInUse"


def test_only_the_owner_of_a_network_adds_subnets(api):
    shared = api.admin("POST", "/networks", {
        "network": {"name": "s", "shared": True}})["network"]
    body = create(api, shared)
    assert api.error("POST", "/subnets", body, status=403) == DENIED
    private = api.admin("POST", "/networks", {"network": {}})["network"]
    assert api.error("POST", "/subnets", create(api, private),
                     status=404) == "NetworkNotFound"
    made = api.admin("POST", "/subnets", body)["subnet"]
    assert made["project_id"] == shared["project_id"]
    assert api("GET", f"/subnets/{made['id']}")["subnet"]["id"] == made["id"]
    assert api.error("DELETE", f"/subnets/{made['id']}",
                     status=403) == DENIED


def test_the_public_subnet_is_not_shown(api):
    public = api.public()
    assert public["subnets"]
    assert api.error("GET", f"/subnets/{public['subnets'][0]}",
                     status=404) == "SubnetNotFound"


def test_ipv6(api):
    network = api.network()
    subnet = api.subnet(network, "2001:db8::/64", ip_version=6,
                        ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
    port = api.port(network, mac_address="fa:16:3e:01:02:03")
    assert subnet["gateway_ip"] == "2001:db8::1"
    assert port["fixed_ips"] == [{
        "subnet_id": subnet["id"],
        "ip_address": "2001:db8::f816:3eff:fe01:203"}]


def test_delete_frees_the_automatic_ports(api):
    network = api.network()
    subnet = api.subnet(network)
    owned = api.admin("GET", f"/ports?network_id={network['id']}")["ports"]
    assert [p["device_owner"] for p in owned] == ["network:distributed"]
    api("DELETE", f"/subnets/{subnet['id']}")
    again = api.subnet(network)
    assert again["cidr"] == subnet["cidr"]


def test_several_at_once_or_none(api):
    network = api.network()
    bodies = [{"network_id": network["id"], "ip_version": 4,
               "cidr": f"10.{n}.0.0/24"} for n in (1, 2)]
    made = api("POST", "/subnets", {"subnets": bodies})["subnets"]
    assert [s["cidr"] for s in made] == ["10.1.0.0/24", "10.2.0.0/24"]
    bodies = [{"network_id": network["id"], "ip_version": 4,
               "cidr": f"10.{n}.0.0/24"} for n in (3, 1)]
    api.error("POST", "/subnets", {"subnets": bodies}, status=400)
    assert len(api("GET", f"/subnets?network_id={network['id']}")[
        "subnets"]) == 2
