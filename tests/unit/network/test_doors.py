"""Every route: without a token, without a role, with a bad body."""

import re

import pytest
import webob

from common import db
from network import api as rest
from network.metadata.proxy import Limit
from tests.base import call, load, make_ctx

NOBODY = make_ctx(project="p9", roles=(), user="u9")
_ID = "00000000-0000-4000-8000-000000000000"


def routes(api):
    made = rest.make(api.db, api.conf, lambda: None)
    return [(method, re.sub(r"{\w+}", _ID, path), action)
            for method, path, action in made.routes]


def test_without_a_token(api):
    for method, path, action in routes(api):
        req = webob.Request.blank(path or "/v2.0", method=method)
        got = req.get_response(api.router)
        wanted = 200 if action.spec.public else 401
        assert got.status_int == wanted, (method, path, got.status)


def test_without_a_role(api):
    for method, path, action in routes(api):
        if action.spec.public:
            continue
        got = call(api.router, method, path, body(action), ctx=NOBODY)
        open_to_all = ("/extensions", "/availability_zones")
        if any(part in path for part in open_to_all):
            continue
        assert got.status_int in (403, 404), (method, path, got.body)


def body(action):
    """Return the least body that the handler's schema lets through."""
    rules = action.spec.body
    return None if rules is None else least(rules)


def least(rules):
    if "anyOf" in rules:
        return least(rules["anyOf"][0])
    if "enum" in rules:
        return rules["enum"][0]
    kind = rules.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        names = list(rules.get("required", []))
        if not names and rules.get("minProperties"):
            names = list(rules["properties"])[:1]
        return {name: least(rules["properties"][name]) for name in names}
    if kind == "array":
        return [least(rules["items"])] * rules.get("minItems", 0)
    if kind == "integer":
        return rules.get("minimum", 0)
    return {"uuid": _ID}.get(rules.get("format"), _sample(rules))


def _sample(rules):
    pattern = rules.get("pattern", "")
    for sample in (_ID, "10.0.0.0", "02:00:00:00:00:01", "10.0.0.0/24"):
        if re.search(pattern, sample):
            return sample
    return "x"


@pytest.mark.parametrize("text", [
    b"", b"{", b"[]", b"null", b'"x"', b'{"network": null}', b"{}",
    b'{"a": 1}', b'\xff\xfe', b'{"port": {"name": NaN}}'])
def test_malformed_bodies(api, text):
    for method, path, action in routes(api):
        if action.spec.body is None:
            continue
        got = call(api.router, method, path, text, ctx=api.admin_ctx,
                   headers={"Content-Type": "application/json"})
        assert got.status_int == 400, (method, path, text, got.body)
        assert load(got)["NeutronError"]["message"]


def test_names_are_data(api):
    name = "x'; DROP TABLE networks; --<script>%00"
    made = api.network(name)
    assert made["name"] == name
    got = api("GET", "/networks", None)["networks"]
    assert name in [n["name"] for n in got]


@pytest.mark.parametrize("path", [
    "networks", "subnets", "ports", "routers", "floatingips",
    "security-groups", "security-group-rules"])
def test_lists_take_a_constant_number_of_queries(api, path):
    counts = []
    for n in range(2):
        for i in range(3):
            network = api.network()
            subnet = api.subnet(network, f"10.{n}.{i}.0/24")
            port = api.port(network)
            api.router_with_gateway(subnet)
            api("POST", "/floatingips", {"floatingip": {
                "floating_network_id": api.public()["id"],
                "port_id": port["id"]}})
        with db.count_queries(api.db) as queries:
            api("GET", f"/{path}")
        counts.append(queries.count)
    assert counts[0] == counts[1] <= 6, counts


def test_rate_limit():
    limit = Limit(rate=3)
    for _ in range(3):
        limit.count("10.0.0.1")
    limit.count("10.0.0.2")
    with pytest.raises(Exception) as caught:
        limit.count("10.0.0.1")
    assert caught.value.status == 429
