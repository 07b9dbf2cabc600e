"""What guests try, and what stops them."""

import time

import pytest

from common import concurrency
from tests.dataplane.network.conftest import wait_for

MARK = "pileus-attack"


@pytest.fixture(scope="module")
def pair(cloud):
    """Two guests whose group lets everything in: filters still hold."""
    api = cloud.api
    network = api.network("attack")
    api.subnet(network, "10.6.0.0/24")
    group = api("POST", "/security-groups", {
        "security_group": {"name": "open"}})["security_group"]
    rule = api("POST", "/security-group-rules", {"security_group_rule": {
        "security_group_id": group["id"], "direction": "ingress"}})
    ports = [cloud.port(network, security_groups=[group["id"]])
             for _ in range(2)]
    guests = [cloud.guest(port) for port in ports]
    for guest, port in zip(guests, ports):
        cloud.wait_active(port)
        guest.configure()
    wait_for(lambda: guests[0].pings(guests[1].address), what="ping")
    return {"guests": guests, "rule": rule["security_group_rule"],
            "network": network, "group": group}


def frame(guest, other, kind, source=None):
    guest.run("true")
    return lambda: guest.probe(
        "raw", "eth0", kind, other.port["mac_address"],
        source or guest.port["mac_address"], MARK.encode().hex() * 4)


def test_only_known_ethertypes(cloud, pair):
    one, two = pair["guests"]
    assert not two.hears(MARK, frame(one, two, "88b5"))
    # A VLAN tag, and two of them.
    for kind in ("8100", "88a8"):
        assert not two.hears(MARK, frame(one, two, kind))


def test_no_false_mac(cloud, pair):
    one, two = pair["guests"]
    assert not two.hears(MARK, frame(
        one, two, "0800", source="02:00:00:00:00:99"))


def test_the_sniffer_hears(cloud, pair):
    """So that the tests above prove something."""
    one, two = pair["guests"]
    assert two.hears(MARK, lambda: one.probe(
        "udp", "5555", two.address, "5555", MARK))


def test_guests_are_no_dhcp_servers(cloud, pair):
    one, two = pair["guests"]
    assert not two.hears(MARK, lambda: one.probe(
        "udp", "67", two.address, "68", MARK))
    assert not two.hears(MARK, lambda: one.probe(
        "udp", "67", "10.6.0.255", "68", MARK))


def test_no_false_arp(cloud, pair):
    """An ARP reply for the neighbour's address goes nowhere."""
    one, two = pair["guests"]
    mine = one.port["mac_address"].replace(":", "")
    theirs = two.port["mac_address"].replace(":", "")
    body = ("0001080006040002" + mine + "0a060001" + theirs + "0a060002"
            + MARK.encode().hex())
    assert not two.hears(MARK, lambda: one.probe(
        "raw", "eth0", "0806", two.port["mac_address"],
        one.port["mac_address"], body))


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
