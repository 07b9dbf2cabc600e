"""From our rows to OVN's: pure functions, no OVN."""

import datetime

import pytest

from network.db.models import (
    Allocation,
    FloatingIP,
    Network,
    Port,
    PortGroup,
    Router,
    Rule,
    SecurityGroup,
    Subnet,
)
from network.db.snapshot import KINDS, Snapshot
from network.ovn import (
    floatingips,
    networks,
    plan,
    ports,
    routers,
    security_groups,
    subnets,
)
from network.ovn.rows import JOINED, MARK, OWNER, REVISION

NOW = datetime.datetime.now(datetime.UTC)


def make_network(**values):
    return Network(**{"id": "n1", "mtu": 1442, "network_type": "geneve",
                      "physical_network": None, "segmentation_id": 0,
                      "revision_number": 3} | values)


def make_subnet(**values):
    return Subnet(**{
        "id": "s1", "network_id": "n1", "ip_version": 4,
        "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1",
        "enable_dhcp": True, "dns_nameservers": [], "host_routes": [],
        "network": make_network(), "revision_number": 1} | values)


def make_port(**values):
    return Port(**{
        "id": "p1", "network_id": "n1", "name": "web", "device_id": "",
        "device_owner": "", "mac_address": "fa:16:3e:00:00:05",
        "admin_state_up": True, "binding_host_id": "",
        "port_security_enabled": True, "allowed_address_pairs": [],
        "revision_number": 2, "groups": [PortGroup(security_group_id="g1")],
        "fixed_ips": [Allocation(subnet_id="s1", ip_address="10.0.0.5",
                                 subnet=make_subnet())]} | values)


def test_a_network_is_a_switch():
    [switch] = networks.rows(make_network())
    assert switch.table == "Logical_Switch"
    assert switch.columns["name"] == "pileus-n1"


@pytest.mark.parametrize("kind, number, tag", [
    ("flat", 0, []), ("vlan", 7, [7])])
def test_a_provider_network_has_a_wire(kind, number, tag):
    switch, wire = networks.rows(make_network(
        network_type=kind, physical_network="physnet1",
        segmentation_id=number))
    assert wire.parent == (switch.ref, "ports")
    assert wire.columns["type"] == "localnet"
    assert wire.columns["options"] == {"network_name": "physnet1"}
    assert wire.columns["tag"] == tag


def test_dhcp():
    [row] = subnets.rows(make_subnet(), metadata_ip="10.0.0.2",
                         dns_servers=["9.9.9.9", "2620:fe::fe"])
    options = row.columns["options"]
    assert options["router"] == options["server_id"] == "10.0.0.1"
    assert options["mtu"] == "1442"
    assert options["dns_server"] == "{9.9.9.9}"
    assert options["classless_static_route"] == (
        "{169.254.169.254/32,10.0.0.2, 0.0.0.0/0,10.0.0.1}")


def test_dhcp_says_only_what_is():
    [row] = subnets.rows(make_subnet(gateway_ip=None), metadata_ip=None)
    assert set(row.columns["options"]) == {
        "server_id", "server_mac", "lease_time", "mtu"}
    assert subnets.rows(make_subnet(enable_dhcp=False),
                        metadata_ip="10.0.0.2") == []


def test_a_subnet_without_gateway_still_has_metadata():
    [row] = subnets.rows(make_subnet(gateway_ip=None, host_routes=[
        {"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]),
        metadata_ip="10.0.0.2")
    assert row.columns["options"]["classless_static_route"] == (
        "{169.254.169.254/32,10.0.0.2, 10.9.0.0/16,10.0.0.9}")


def test_a_port_is_filtered_from_the_start():
    [row] = ports.rows(make_port(binding_host_id="node1"))
    address = "fa:16:3e:00:00:05 10.0.0.5"
    assert row.columns["addresses"] == [address]
    assert row.columns["port_security"] == [address]
    assert row.columns["options"] == {"requested-chassis": "node1"}
    assert row.columns["dhcpv4_options"] == [subnets.options("s1")]
    assert row.joins == [security_groups.DROP, security_groups.group("g1")]
    assert row.parent == (networks.switch("n1"), "ports")


def test_a_port_without_groups_is_closed():
    [row] = ports.rows(make_port(groups=[]))
    assert row.joins == [security_groups.DROP]


def test_port_security_off():
    [row] = ports.rows(make_port(port_security_enabled=False, groups=[]))
    assert row.columns["port_security"] == [] and row.joins == []
    assert row.columns["addresses"][-1] == "unknown"


def test_a_port_without_addresses_sends_from_none():
    """OVN would let a link address alone send from every address."""
    [row] = ports.rows(make_port(fixed_ips=[], allowed_address_pairs=[
        {"ip_address": "10.0.0.7"}]))
    assert row.columns["port_security"] == [
        "fa:16:3e:00:00:05 0.0.0.0", "fa:16:3e:00:00:05 10.0.0.7"]


def test_address_pairs_widen_port_security():
    [row] = ports.rows(make_port(allowed_address_pairs=[
        {"ip_address": "10.0.0.9"},
        {"ip_address": "10.0.1.0/28", "mac_address": "02:00:00:00:00:01"}]))
    assert row.columns["port_security"][1:] == [
        "fa:16:3e:00:00:05 10.0.0.9", "02:00:00:00:00:01 10.0.1.0/28"]


def test_ports_that_are_down_are_disabled():
    [row] = ports.rows(make_port(admin_state_up=False))
    assert row.columns["enabled"] == [False]


@pytest.mark.parametrize("owner, kind", [
    ("network:router_interface", "router"),
    ("network:router_gateway", "router"),
    ("network:distributed", "localport")])
def test_ports_of_the_network_itself(owner, kind):
    [row] = ports.rows(make_port(device_owner=owner, groups=[],
                                 port_security_enabled=False))
    assert row.columns["type"] == kind and row.joins == []


def test_floating_ips_have_no_switch_port():
    assert ports.rows(make_port(device_owner="network:floatingip")) == []


def make_rule(**values):
    return Rule(**{
        "id": "r1", "security_group_id": "a-b", "direction": "ingress",
        "ethertype": "IPv4", "protocol": None, "port_range_min": None,
        "port_range_max": None, "remote_ip_prefix": None,
        "remote_group_id": None} | values)


@pytest.mark.parametrize("values, match", [
    ({}, "outport == @pg_a_b && ip4"),
    ({"direction": "egress", "ethertype": "IPv6"},
     "inport == @pg_a_b && ip6"),
    ({"protocol": "tcp", "port_range_min": 22, "port_range_max": 22},
     "outport == @pg_a_b && ip4 && tcp && tcp.dst == 22"),
    ({"protocol": "udp", "port_range_min": 5, "port_range_max": 9},
     "outport == @pg_a_b && ip4 && udp && udp.dst >= 5 && udp.dst <= 9"),
    ({"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
     "outport == @pg_a_b && ip4 && icmp4 && icmp4.type == 8 "
     "&& icmp4.code == 0"),
    ({"protocol": "ipv6-icmp", "ethertype": "IPv6"},
     "outport == @pg_a_b && ip6 && icmp6"),
    ({"protocol": "gre"}, "outport == @pg_a_b && ip4 && ip.proto == 47"),
    ({"protocol": "6"}, "outport == @pg_a_b && ip4 && tcp"),
    ({"remote_ip_prefix": "10.0.0.0/8"},
     "outport == @pg_a_b && ip4 && ip4.src == 10.0.0.0/8"),
    ({"remote_ip_prefix": "0.0.0.0/0"}, "outport == @pg_a_b && ip4"),
    ({"remote_group_id": "c-d"},
     "outport == @pg_a_b && ip4 && ip4.src == $pg_c_d_ip4"),
    ({"direction": "egress", "ethertype": "IPv6", "remote_group_id": "c"},
     "inport == @pg_a_b && ip6 && ip6.dst == $pg_c_ip6"),
])
def test_matches(values, match):
    assert security_groups.match(make_rule(**values)) == match


def test_a_group_has_an_acl_for_each_rule():
    group = SecurityGroup(id="a-b", stateful=True, rules=[
        make_rule(), make_rule(id="r2", direction="egress")])
    row, *acls = security_groups.rows(group)
    assert row.columns["name"] == "pg_a_b"
    assert [a.columns["direction"] for a in acls] == [
        "to-lport", "from-lport"]
    assert all(a.parent == (row.ref, "acls") for a in acls)
    assert {a.columns["action"] for a in acls} == {"allow-related"}


def test_drop_comes_before_nothing_but_after_allow():
    drop = [r for r in security_groups.base()
            if r.key in ("drop-in", "drop-out")]
    assert [r.columns["action"] for r in drop] == ["drop", "drop"]
    group = SecurityGroup(id="g", stateful=True, rules=[make_rule()])
    allow = security_groups.rows(group)[1]
    assert all(d.columns["priority"] < allow.columns["priority"]
               for d in drop)


def make_router(**values):
    outer = make_subnet(id="s9", network_id="n9", cidr="198.18.0.0/24",
                        gateway_ip="198.18.0.1", enable_dhcp=False)
    gateway = make_port(
        id="gw", network_id="n9", device_owner="network:router_gateway",
        groups=[], fixed_ips=[Allocation(
            subnet_id="s9", ip_address="198.18.0.20", subnet=outer)])
    return Router(**{
        "id": "r1", "name": "r", "admin_state_up": True,
        "enable_snat": True, "routes": [], "gw_port_id": "gw",
        "gw_port": gateway, "revision_number": 1} | values)


def interface():
    return make_port(
        id="in", device_owner="network:router_interface", groups=[],
        fixed_ips=[Allocation(subnet_id="s1", ip_address="10.0.0.1",
                              subnet=make_subnet())])


def of(rows, table):
    return [row.columns for row in rows if row.table == table]


def test_a_router():
    rows = routers.rows(make_router(), [interface()], ["c1", "c2"])
    assert [p["networks"] for p in of(rows, "Logical_Router_Port")] == [
        ["10.0.0.1/24"], ["198.18.0.20/24"]]
    [route] = of(rows, "Logical_Router_Static_Route")
    assert route == {"ip_prefix": "0.0.0.0/0", "nexthop": "198.18.0.1",
                     "output_port": ["lrp-gw"]}
    [snat] = of(rows, "NAT")
    assert snat == {"type": "snat", "external_ip": "198.18.0.20",
                    "logical_ip": "10.0.0.0/24"}
    chassis = of(rows, "Gateway_Chassis")
    assert {c["chassis_name"] for c in chassis} == {"c1", "c2"}
    assert sorted(c["priority"] for c in chassis) == [1, 2]


def test_a_router_without_translation_or_way_out():
    rows = routers.rows(make_router(enable_snat=False), [interface()], [])
    assert of(rows, "NAT") == []
    rows = routers.rows(make_router(gw_port=None, gw_port_id=None),
                        [interface()], ["c1"])
    assert of(rows, "Logical_Router_Static_Route") == []
    assert of(rows, "Gateway_Chassis") == []


def test_gateways_are_spread():
    names = [f"c{n}" for n in range(4)]
    best = set()
    for n in range(60):
        rows = routers.rows(make_router(id=f"r{n}"), [], names)
        first = max(of(rows, "Gateway_Chassis"),
                    key=lambda c: c["priority"])
        best.add(first["chassis_name"])
    assert best == set(names)


def test_routes_of_the_user():
    rows = routers.rows(make_router(routes=[
        {"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]),
        [interface()], [])
    assert {"ip_prefix": "10.9.0.0/16", "nexthop": "10.0.0.9",
            "output_port": []} in of(rows, "Logical_Router_Static_Route")


def test_a_floating_ip():
    fip = FloatingIP(id="f1", router_id="r1", fixed_ip_address="10.0.0.5",
                     floating_ip_address="198.18.0.30")
    [row] = floatingips.rows(fip)
    assert row.columns == {
        "type": "dnat_and_snat", "external_ip": "198.18.0.30",
        "logical_ip": "10.0.0.5"}
    fip.router_id = "r2"
    assert floatingips.rows(fip)[0].ref != row.ref
    fip.router_id = None
    assert floatingips.rows(fip) == []


def test_units_are_marked_and_the_gone_are_empty():
    rows = {kind: {} for kind in KINDS}
    rows["port"] = {"p1": make_port()}
    snapshot = Snapshot(rows, {}, {})
    units = plan.units(snapshot, {"port": ["p1", "p2"]})
    assert set(units) == {"base", "port/p1", "port/p2"}
    assert units["port/p2"] == []
    ids = units["port/p1"][0].columns["external_ids"]
    assert ids[MARK] == "port/p1" and ids[REVISION] == "2"
    assert ids[OWNER] == str(networks.switch("n1").uuid)
    assert set(ids[JOINED].split()) == {
        str(security_groups.DROP.uuid),
        str(security_groups.group("g1").uuid)}
