"""Security groups over REST, and the normal form of rules."""

import pytest

from tests.base import make_ctx
from tests.unit.network.conftest import BAD_REQUEST

OTHER = make_ctx(project="p2", user="u2")


def default(api, ctx=None):
    return api("GET", "/security-groups?name=default", ctx=ctx)[
        "security_groups"][0]


def rule(group, **values):
    return {"security_group_rule": {
        "security_group_id": group["id"], "direction": "ingress"} | values}


def test_the_default_group(api):
    group = default(api)
    assert default(api)["id"] == group["id"]
    said = {(r["direction"], r["ethertype"], r["remote_group_id"])
            for r in group["security_group_rules"]}
    assert said == {
        ("egress", "IPv4", None), ("egress", "IPv6", None),
        ("ingress", "IPv4", group["id"]), ("ingress", "IPv6", group["id"])}
    assert default(api, OTHER)["id"] != group["id"]
    path = f"/security-groups/{group['id']}"
    assert api.error("DELETE", path,
                     status=409) == "SecurityGroupCannotRemoveDefault"
    assert api.error("PUT", path, {"security_group": {"name": "x"}},
                     status=409) == "SecurityGroupCannotUpdateDefault"
    assert api.error("POST", "/security-groups", {
        "security_group": {"name": "default"}},
        status=409) == "SecurityGroupDefaultAlreadyExists"


def test_life_of_a_group(api):
    group = api("POST", "/security-groups", {
        "security_group": {"name": "g", "description": "d"}})[
            "security_group"]
    assert len(group["security_group_rules"]) == 2
    path = f"/security-groups/{group['id']}"
    got = api("PUT", path, {"security_group": {"name": "h"}})
    assert got["security_group"]["name"] == "h"
    network = api.network()
    api.subnet(network)
    port = api.port(network, security_groups=[group["id"]])
    assert api.error("DELETE", path, status=409) == "SecurityGroupInUse"
    api("DELETE", f"/ports/{port['id']}")
    api("DELETE", path)
    assert api.error("GET", path, status=404) == "SecurityGroupNotFound"


def test_a_group_that_rules_name_stays(api):
    one = api("POST", "/security-groups", {"security_group": {}})[
        "security_group"]
    api("POST", "/security-group-rules", rule(
        default(api), remote_group_id=one["id"]))
    assert api.error("DELETE", f"/security-groups/{one['id']}",
                     status=409) == "SecurityGroupInUse"


@pytest.mark.parametrize("given, stored", [
    ({"protocol": "TCP", "port_range_min": 22, "port_range_max": "22"},
     {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}),
    ({"protocol": 6}, {"protocol": "6"}),
    ({"protocol": "any"}, {"protocol": None}),
    ({"protocol": "icmp", "ethertype": "IPv6"}, {"protocol": "ipv6-icmp"}),
    ({"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
     {"port_range_min": 8, "port_range_max": 0}),
    ({"remote_ip_prefix": "10.1.2.3/8"}, {"remote_ip_prefix": "10.0.0.0/8"}),
    ({"remote_ip_prefix": "10.1.2.3"}, {"remote_ip_prefix": "10.1.2.3/32"}),
    ({"port_range_min": -1, "port_range_max": -1, "protocol": "tcp"},
     {"port_range_min": None}),
])
def test_normal_form(api, given, stored):
    got = api("POST", "/security-group-rules", rule(default(api), **given))
    got = got["security_group_rule"]
    assert {name: got[name] for name in stored} == stored


@pytest.mark.parametrize("given, kind", [
    ({"protocol": "foo"}, "SecurityGroupRuleInvalidProtocol"),
    ({"protocol": 256}, "SecurityGroupRuleInvalidProtocol"),
    ({"protocol": "tcp", "port_range_min": 80, "port_range_max": 22},
     "SecurityGroupInvalidPortRange"),
    ({"protocol": "tcp", "port_range_min": 80},
     "SecurityGroupInvalidPortRange"),
    ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 0},
     "SecurityGroupInvalidPortValue"),
    ({"protocol": "tcp", "port_range_min": 80, "port_range_max": 70000},
     BAD_REQUEST),
    ({"port_range_min": 80, "port_range_max": 80},
     "SecurityGroupProtocolRequiredWithPorts"),
    ({"protocol": "gre", "port_range_min": 80, "port_range_max": 80},
     "SecurityGroupInvalidProtocolForPort"),
    ({"protocol": "icmp", "port_range_min": 256},
     "SecurityGroupInvalidIcmpValue"),
    ({"protocol": "icmp", "port_range_max": 1},
     "SecurityGroupMissingIcmpType"),
    ({"protocol": "ipv6-icmp"}, BAD_REQUEST),
    ({"remote_ip_prefix": "::/0"}, "SecurityGroupRuleParameterConflict"),
    ({"remote_ip_prefix": "10.0.0.0/40"}, "InvalidInput"),
    ({"direction": "sideways"}, BAD_REQUEST),
    ({"ethertype": "IPX"}, BAD_REQUEST),
])
def test_what_could_not_be_enforced(api, given, kind):
    assert api.error("POST", "/security-group-rules",
                     rule(default(api), **given), status=400) == kind


def test_group_and_prefix_exclude_each_other(api):
    group = default(api)
    assert api.error("POST", "/security-group-rules", rule(
        group, remote_ip_prefix="10.0.0.0/8", remote_group_id=group["id"]),
        status=400) == "SecurityGroupRemoteGroupAndRemoteIpPrefix"


def test_the_same_rule_twice(api):
    body = rule(default(api), protocol="tcp", port_range_min=22,
                port_range_max=22)
    made = api("POST", "/security-group-rules", body)
    body["security_group_rule"]["protocol"] = "6"
    assert api.error("POST", "/security-group-rules", body,
                     status=409) == "SecurityGroupRuleExists"
    api("DELETE",
        f"/security-group-rules/{made['security_group_rule']['id']}")
    api("POST", "/security-group-rules", body)


def test_foreign_groups(api):
    group = default(api)
    assert api.error("POST", "/security-group-rules", rule(group),
                     ctx=OTHER, status=404) == "SecurityGroupNotFound"
    assert api.error("POST", "/security-group-rules", rule(
        default(api, OTHER), remote_group_id=group["id"]), ctx=OTHER,
        status=404) == "SecurityGroupNotFound"
    rule_id = group["security_group_rules"][0]["id"]
    for method in ("GET", "DELETE"):
        assert api.error(method, f"/security-group-rules/{rule_id}",
                         ctx=OTHER,
                         status=404) == "SecurityGroupRuleNotFound"
    assert all(r["project_id"] == "p2" for r in api(
        "GET", "/security-group-rules", ctx=OTHER)["security_group_rules"])


def test_rules_are_listed(api):
    group = default(api)
    found = api("GET", "/security-group-rules?direction=egress"
                f"&security_group_id={group['id']}&sort_key=ethertype")
    assert [r["ethertype"] for r in found["security_group_rules"]] == [
        "IPv4", "IPv6"]
