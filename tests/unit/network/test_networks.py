"""Networks over REST, and the lists of all resources."""

import pytest

from tests.base import make_ctx
from tests.unit.network.conftest import DENIED

OTHER = make_ctx(project="p2", user="u2")


def test_shape(api):
    network = api.network("n", description="d")
    assert network["status"] == "ACTIVE" and network["mtu"] == 1442
    assert network["tenant_id"] == network["project_id"] == "p1"
    assert not network["shared"] and not network["router:external"]
    assert "provider:network_type" not in network
    seen = api.admin("GET", f"/networks/{network['id']}")["network"]
    assert seen["provider:network_type"] == "geneve"
    assert seen["provider:physical_network"] is None


@pytest.mark.parametrize("values, status", [
    ({"shared": True}, 403), ({"router:external": True}, 403),
    ({"provider:network_type": "flat"}, 403), ({"project_id": "p2"}, 403),
    ({"mtu": 1500}, 400), ({"mtu": "67"}, 400), ({"name": 5}, 400),
    ({"mtu": "many"}, 400), ({"status": "DOWN"}, 400),
    ({"admin_state_up": "perhaps"}, 400), ({"name": "x" * 256}, 400),
])
def test_refused(api, values, status):
    api.error("POST", "/networks", {"network": values}, status=status)


def test_mtu_as_text(api):
    made = api("POST", "/networks", {"network": {"mtu": "1400"}})["network"]
    assert made["mtu"] == 1400
    path = f"/networks/{made['id']}"
    made = api("PUT", path, {"network": {"mtu": "1300"}})["network"]
    assert made["mtu"] == 1300


def test_provider_networks(api):
    body = {"provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": "7"}
    made = api.admin("POST", "/networks", {"network": body})["network"]
    assert made["provider:segmentation_id"] == 7 and made["mtu"] == 1500
    for wrong, status in ((body, 409), (
            {"provider:network_type": "flat",
             "provider:physical_network": "physnet1"}, 409),
            ({"provider:network_type": "flat"}, 400),
            (body | {"provider:segmentation_id": 5000}, 400),
            ({"provider:segmentation_id": 5}, 400)):
        api.error("POST", "/networks", {"network": wrong}, status=status,
                  ctx=api.admin_ctx)


def test_foreign_networks(api):
    network = api.network()
    path = f"/networks/{network['id']}"
    for method, body in (("GET", None), ("DELETE", None),
                         ("PUT", {"network": {"name": "x"}})):
        assert api.error(method, path, body, ctx=OTHER,
                         status=404) == "NetworkNotFound"
    api.admin("PUT", path, {"network": {"shared": True}})
    assert api("GET", path, ctx=OTHER)["network"]["shared"]
    for method, body in (("DELETE", None),
                         ("PUT", {"network": {"name": "x"}})):
        assert api.error(method, path, body, ctx=OTHER,
                         status=403) == DENIED


def test_sharing_ends_only_when_nobody_else_is_there(api):
    network = api.network()
    path = f"/networks/{network['id']}"
    api.admin("PUT", path, {"network": {"shared": True}})
    port = api("POST", "/ports", {"port": {"network_id": network["id"]}},
               ctx=OTHER)["port"]
    assert api.error("PUT", path, {"network": {"shared": False}},
                     ctx=api.admin_ctx,
                     status=409) == "InvalidSharedSetting"
    api("DELETE", f"/ports/{port['id']}", ctx=OTHER)
    api.admin("PUT", path, {"network": {"shared": False}})


def test_readers_only_read(api):
    network = api.network()
    reader = make_ctx(roles=("reader",))
    assert api("GET", f"/networks/{network['id']}", ctx=reader)
    for method, path, body in (
            ("POST", "/networks", {"network": {}}),
            ("PUT", f"/networks/{network['id']}", {"network": {}}),
            ("DELETE", f"/networks/{network['id']}", None)):
        assert api.error(method, path, body, ctx=reader,
                         status=403) == DENIED


def test_filters(api):
    made = [api.network(f"n{n}", admin_state_up=n != 2) for n in range(4)]

    def names(query):
        return [n["name"] for n in api("GET", f"/networks?{query}")[
            "networks"] if n["name"] != "public"]
    assert names("name=n1&name=n3") == ["n1", "n3"]
    assert names(f"id={made[0]['id']}") == ["n0"]
    assert names("admin_state_up=False") == ["n2"]
    assert names("status=ACTIVE&shared=false") == ["n0", "n1", "n2", "n3"]
    assert names("status=DOWN") == []
    assert names("tenant_id=p1") == ["n0", "n1", "n2", "n3"]
    assert names("project_id=p2") == []
    assert names("router:external=True") == []
    for wrong in ("color=red", "admin_state_up=x", "mtu=x",
                  "provider:network_type=flat", "sort_key=color",
                  "limit=x", "limit=-1", "marker=nothing"):
        api.error("GET", f"/networks?{wrong}", status=400)


def test_fields(api):
    api.network("n0")
    got = api("GET", "/networks?name=n0&fields=id&fields=name")["networks"]
    assert set(got[0]) == {"id", "name"}
    got = api("GET", f"/networks/{got[0]['id']}?fields=name")["network"]
    assert got == {"name": "n0"}


def test_pages(api):
    for n in (3, 1, 4, 0, 2):
        api.network(f"n{n}")
    query = "/networks?router:external=false&sort_key=name&limit=2"
    pages, path = [], query
    while path:
        got = api("GET", path)
        pages.append([n["name"] for n in got["networks"]])
        links = {link["rel"]: link["href"]
                 for link in got.get("networks_links", [])}
        path = links.get("next", "").partition("/v2.0")[2]
    assert [p for p in pages if p] == [["n0", "n1"], ["n2", "n3"], ["n4"]]
    last = api("GET", f"{query}&sort_dir=desc")["networks"]
    assert [n["name"] for n in last] == ["n4", "n3"]
    marker = api("GET", "/networks?name=n3")["networks"][0]["id"]
    back = api("GET", f"{query}&marker={marker}&page_reverse=True")
    assert [n["name"] for n in back["networks"]] == ["n1", "n2"]
    assert {link["rel"] for link in back["networks_links"]} == {
        "next", "previous"}


def test_versions_and_extensions(api):
    got = api.router
    from tests.base import call, load
    versions = load(call(got, "GET", "/"))["versions"]
    assert versions[0]["id"] == "v2.0"
    assert api("GET", "")["resources"]
    aliases = {e["alias"] for e in api("GET", "/extensions")["extensions"]}
    assert {"router", "security-group", "external-net"} <= aliases
    assert api("GET", "/extensions/router")["extension"]["alias"] == "router"
    assert api.error("GET", "/extensions/none",
                     status=404) == "ExtensionNotFound"
    assert len(api("GET", "/availability_zones")["availability_zones"]) == 2


def test_each_change_is_hinted(api):
    before = api.hints
    network = api.network()
    api("PUT", f"/networks/{network['id']}", {"network": {"name": "y"}})
    api("DELETE", f"/networks/{network['id']}")
    assert api.hints == before + 3
