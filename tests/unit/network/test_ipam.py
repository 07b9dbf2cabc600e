"""Addresses: plans of subnets, and claims that never collide."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import db
from network import exceptions, ipam
from network.db import subnets
from network.db.models import Allocation


def net(text):
    return ipaddress.ip_network(text)


@pytest.mark.parametrize("cidr, gateway, pools", [
    ("10.0.0.0/24", "10.0.0.1", [("10.0.0.2", "10.0.0.254")]),
    ("10.0.0.0/24", None, [("10.0.0.1", "10.0.0.254")]),
    ("10.0.0.0/24", "10.0.0.9", [("10.0.0.1", "10.0.0.8"),
                                 ("10.0.0.10", "10.0.0.254")]),
    ("10.0.0.0/30", "10.0.0.1", [("10.0.0.2", "10.0.0.2")]),
    ("10.0.0.0/31", None, [("10.0.0.0", "10.0.0.1")]),
    ("2001:db8::/64", "2001:db8::1",
     [("2001:db8::2", "2001:db8::ffff:ffff:ffff:ffff")]),
])
def test_default_pools(cidr, gateway, pools):
    found = ipam.default_pools(net(cidr), gateway)
    assert [(p["start"], p["end"]) for p in found] == pools


@pytest.mark.parametrize("pool, error", [
    (("10.0.0.9", "10.0.0.3"), exceptions.InvalidAllocationPool),
    (("10.0.0.9", "x"), exceptions.InvalidAllocationPool),
    (("10.0.0.9", "::1"), exceptions.InvalidAllocationPool),
    (("10.0.0.200", "10.0.1.5"), exceptions.OutOfBoundsAllocationPool),
    (("10.0.0.0", "10.0.0.5"), exceptions.OutOfBoundsAllocationPool),
    (("10.0.0.5", "10.0.0.255"), exceptions.OutOfBoundsAllocationPool),
    (("10.0.0.1", "10.0.0.5"),
     exceptions.GatewayConflictWithAllocationPools),
])
def test_bad_pools(pool, error):
    with pytest.raises(error):
        ipam.check_pools(net("10.0.0.0/24"), "10.0.0.1",
                         [{"start": pool[0], "end": pool[1]}])


def test_overlapping_pools():
    with pytest.raises(exceptions.OverlappingAllocationPools):
        ipam.check_pools(net("10.0.0.0/24"), None, [
            {"start": "10.0.0.10", "end": "10.0.0.20"},
            {"start": "10.0.0.20", "end": "10.0.0.30"}])


@pytest.mark.parametrize("cidr, version", [
    ("10.0.0.0/33", 4), ("10.0.0/24", 4), ("10.0.0.0/24", 6),
    ("0.0.0.0/0", 4), ("224.0.0.0/8", 4), ("127.0.0.0/8", 4),
    ("169.254.0.0/16", 4), ("::/0", 6)])
def test_bad_blocks(cidr, version):
    with pytest.raises(exceptions.InvalidInput):
        ipam.network_of(cidr, version)


@given(st.integers(1, 2 ** 32 - 2), st.integers(8, 30))
def test_pools_hold_every_host_but_the_gateway(number, prefix):
    block = ipaddress.ip_network((number, prefix), strict=False)
    gateway = ipam.default_gateway(block)
    ranges = ipam.ranges_of(ipam.default_pools(block, gateway))
    held = sum(end - start + 1 for start, end in ranges)
    assert held == block.num_addresses - 3
    assert not any(a <= int(ipaddress.ip_address(gateway)) <= b
                   for a, b in ranges)


def test_address_from_mac():
    assert ipam.from_mac("2001:db8::/64", "fa:16:3e:01:02:03") == (
        "2001:db8::f816:3eff:fe01:203")


@pytest.fixture
def small(api):
    """A subnet with addresses 10.0.0.2 to .9, of which one is taken."""
    network = api.network()
    return api.subnet(network, "10.0.0.0/28", enable_dhcp=False,
                      allocation_pools=[{"start": "10.0.0.2",
                                         "end": "10.0.0.9"}]), network


def test_a_pool_is_used_to_the_last_address(api, small):
    _, network = small
    found = {api.port(network)["fixed_ips"][0]["ip_address"]
             for _ in range(8)}
    assert found == {f"10.0.0.{n}" for n in range(2, 10)}
    assert api.error("POST", "/ports", {"port": {
        "network_id": network["id"]}},
        status=409) == "IpAddressGenerationFailure"


def test_a_gap_is_found(api, small):
    _, network = small
    ports = [api.port(network) for _ in range(8)]
    api("DELETE", f"/ports/{ports[3]['id']}")
    again = api.port(network)
    assert again["fixed_ips"] == ports[3]["fixed_ips"]


def test_a_claim_is_a_constraint(api, small, database):
    subnet, network = small
    port = api.port(network)
    taken = port["fixed_ips"][0]["ip_address"]
    assert api.error("POST", "/ports", {"port": {
        "network_id": network["id"], "fixed_ips": [
            {"ip_address": taken}]}}, status=409) == "IpAddressInUse"
    with database.writer() as session:
        row = subnets.get(session, subnet["id"])
        with pytest.raises(exceptions.IpAddressAlreadyAllocated):
            ipam.claim(session, row, port["id"], taken)


def test_queries_do_not_grow_with_the_pool(api, database):
    network = api.network()
    subnet = api.subnet(network, "10.4.0.0/16")
    port = api.port(network)
    with database.writer() as session:
        session.add_all([Allocation(
            subnet_id=subnet["id"], port_id=port["id"],
            ip_address=str(ipaddress.ip_address(n)),
            position=f"{n:032x}", following=f"{n + 1:032x}")
            for n in range(int(ipaddress.ip_address("10.4.64.0")),
                           int(ipaddress.ip_address("10.4.72.0")))])
    with db.count_queries(database) as queries:
        api.port(network)
    assert queries.count < 25, queries.statements
