"""What guests try, and what stops them."""

import ipaddress
import time

import pytest

from common import concurrency
from network.metadata.guard import RouterGuard
from tests.dataplane.network import frames
from tests.dataplane.network.conftest import wait_for


@pytest.fixture(scope="module")
def guard(helper):
    made = RouterGuard()
    made.run_once()
    return made


@pytest.fixture(scope="module")
def pair(cloud):
    """Two guests whose group lets everything in: filters still hold."""
    api = cloud.api
    network = api.network("attack")
    api.subnet(network, "10.6.0.0/24")
    six = api.subnet(network, "fd00:6::/64", ip_version=6,
                     ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
    group = api("POST", "/security-groups", {
        "security_group": {"name": "open"}})["security_group"]
    rule, _ = [api("POST", "/security-group-rules", {
        "security_group_rule": {
            "security_group_id": group["id"], "direction": "ingress",
            "ethertype": kind}}) for kind in ("IPv4", "IPv6")]
    ports = [cloud.port(network, security_groups=[group["id"]])
             for _ in range(2)]
    guests = [cloud.guest(port) for port in ports]
    for guest, port in zip(guests, ports):
        cloud.wait_active(port)
        guest.configure()
    wait_for(lambda: guests[0].pings(guests[1].address), what="ping")
    return {"guests": guests, "rule": rule["security_group_rule"],
            "network": network, "six": six, "group": group}


def attacks(one, two):
    """Return frames that a guest has no business to send, by name."""
    mine, theirs = one.mac, two.mac
    both = (one.address, two.address)
    link = frames.link_local(mine)
    six = (one.port["fixed_ips"][1]["ip_address"],
           two.port["fixed_ips"][1]["ip_address"])
    return {
        "ethertype": frames.ethernet(
            theirs, mine, 0x88B5, b"some other protocol"),
        "VLAN": frames.ethernet(
            theirs, mine, 0x8100, b"\0\5\x08\0one tag too many"),
        "two VLANs": frames.ethernet(
            theirs, mine, 0x88A8, b"\0\5\x81\0two tags too many"),
        "MAC": frames.udp(
            theirs, "02:00:00:00:00:99", both, (5555, 5555),
            b"the sender's MAC is false"),
        "address": frames.udp(
            theirs, mine, ("10.6.0.99", two.address), (5555, 5555),
            b"the sender's address is false"),
        "IPv6 address": frames.udp(
            theirs, mine, ("fd00:6::99", six[1]), (5555, 5555),
            b"the sender's IPv6 address is false"),
        "ARP": frames.arp_reply(
            theirs, mine, "10.6.0.1", two.address) + b"padding of ARP..",
        "neighbour": frames.icmp6(
            theirs, mine, six, 136, b"\x60\0\0\0"
            + ipaddress.ip_address("fd00:6::1").packed + b"\2\1"
            + bytes.fromhex(mine.replace(":", "")) + b"the gateway is me"),
    } | servers(one, two) | {
        "redirect": frames.icmp6(
            theirs, mine, (link, six[1]), 137, bytes(36)
            + b"a better router is me"),
        "unicast router": frames.icmp6(
            theirs, mine, (link, six[1]), 134, b"\x40\0\x07\x08"
            + bytes(8) + b"your router is me"),
    }


def servers(one, two):
    """Return frames by which a guest offers addresses and routes."""
    both = (one.address, two.address)
    link = frames.link_local(one.mac)
    return {
        "DHCP": frames.udp(
            two.mac, one.mac, both, (67, 68), b"an offer to one"),
        "DHCP to all": frames.udp(
            "ff:ff:ff:ff:ff:ff", one.mac, (one.address, "255.255.255.255"),
            (67, 68), b"an offer to all of you"),
        "DHCPv6": frames.udp(
            two.mac, one.mac, (link, frames.link_local(two.mac)),
            (547, 546), b"an offer of IPv6 to one"),
        "router": frames.advertisement(
            one.mac, (link, "ff02::1"), b"a router am I too"),
    }


def test_what_guests_may_not_send(cloud, pair, guard):
    one, two = pair["guests"]
    assert one.reach(two, attacks(one, two)) == set()


def test_without_port_security_they_may(cloud, pair, guard):
    """So that the test above proves something."""
    one, two = pair["guests"]
    path = f"/ports/{one.port['id']}"

    def secure(value, groups):
        cloud.api("PUT", path, {"port": {
            "port_security_enabled": value, "security_groups": groups}})
        cloud.changed()
    secure(False, [])
    try:
        # What is left nobody may send, or is no connection's.
        sent = attacks(one, two)
        wait_for(lambda: sent.keys() - one.reach(two, sent) == {
            "ethertype", "VLAN", "two VLANs", "redirect"}, what="attacks")
    finally:
        secure(True, [pair["group"]["id"]])
    wait_for(lambda: not one.reach(two, sent), what="silence")


def test_the_guard_comes_back(cloud, pair, guard):
    """OVN's controller takes all flows away when it starts."""
    one, two = pair["guests"]
    router = {"router": servers(one, two)["router"]}
    assert not guard.run_once(), "nothing was missing"
    cloud.enter("ovs-ofctl", "del-flows", "br-int", "table=74,icmp6,"
                "icmp_type=134")
    assert one.reach(two, router) == {"router"}
    assert guard.run_once()
    assert one.reach(two, router) == set()


def test_routers_may_advertise(cloud, pair, guard):
    """OVN's own advertisements are no guest's."""
    one, _ = pair["guests"]
    router = cloud.api("POST", "/routers", {"router": {"name": "six"}})[
        "router"]
    path = f"/routers/{router['id']}"
    interface = {"subnet_id": pair["six"]["id"]}
    cloud.api("PUT", f"{path}/add_router_interface", interface)
    cloud.changed()
    solicitation = frames.icmp6(
        "33:33:00:00:00:02", one.mac,
        (frames.link_local(one.mac), "ff02::2"), 133, bytes(4))
    assert one.probe("solicit", "eth0", 10, solicitation.hex())
    cloud.api("PUT", f"{path}/remove_router_interface", interface)
    cloud.api("DELETE", path)
    cloud.changed()


def test_a_port_is_closed_before_its_rows_are_there(cloud, pair):
    """Until the controller has shown a port, it carries nothing."""
    api = cloud.api
    one, _ = pair["guests"]
    cloud.stop_controller()
    try:
        port = api.service("POST", "/ports", {"port": {
            "network_id": pair["network"]["id"], "project_id": "p1",
            "device_id": "early", "device_owner": "compute:nova",
            "binding:host_id": "node1",
            "security_groups": [pair["group"]["id"]]}})["port"]
        early = cloud.guest(port)
        early.configure()
        assert not early.pings(one.address, 2)
        assert api("GET", f"/ports/{port['id']}")["port"]["status"] == (
            "DOWN")
    finally:
        cloud.start_controller()
    cloud.wait_active(port)
    wait_for(lambda: early.pings(one.address))
    cloud.unplug(early)
    api("DELETE", f"/ports/{port['id']}")
    cloud.changed()


def test_traffic_goes_on_without_us(cloud, pair):
    one, two = pair["guests"]
    cloud.stop_controller()
    try:
        assert one.pings(two.address)
    finally:
        cloud.start_controller()


def test_removing_a_rule_cuts_what_it_let_in(cloud, pair):
    one, two = pair["guests"]
    served = concurrency.spawn(two.probe, "serve", two.address, 20)
    concurrency.sleep(1)
    counted = concurrency.spawn(one.probe, "stream", two.address, 8)
    concurrency.sleep(2.5)
    cloud.api("DELETE", f"/security-group-rules/{pair['rule']['id']}")
    cloud.changed()
    began = time.monotonic()
    count = counted.wait()
    print("COUNT", count, time.monotonic() - began)
    assert count > 5
    assert time.monotonic() - began < 5, "the connection went on"
    served.kill()
