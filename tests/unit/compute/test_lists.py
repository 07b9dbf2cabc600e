"""Lists of servers: filters, pages, order."""

import pytest

from compute.api.native.server_filters import pattern
from tests.unit.compute.conftest import ADMIN, OTHER


@pytest.fixture
def three(cloud):
    world = cloud.world
    world.ids = {name: world.active(name=name, version="2.52", tags=tags)
                 for name, tags in (("alpha-1", ["red"]), ("alpha-2",
                                    ["red", "round"]), ("beta", []))}
    return world


def names(world, query="", ctx=None, version="2.100", status=200):
    answer = world.call("GET", f"/v2.1/servers?{query}", ctx=ctx,
                        version=version, status=status)
    return [row["name"] for row in answer.json.get("servers", [])]


def test_filters(three):
    for query, wanted in [
            ("", ["beta", "alpha-2", "alpha-1"]),
            ("name=alpha", ["alpha-2", "alpha-1"]),
            ("name=^alpha-[0-9]%2B$", ["alpha-2", "alpha-1"]),
            ("name=%25", []), ("name=_eta", []),
            ("status=ACTIVE&name=beta", ["beta"]),
            ("status=SHUTOFF", []), ("flavor=1", [
                "beta", "alpha-2", "alpha-1"]), ("flavor=2", []),
            ("tags=red,round", ["alpha-2"]),
            ("tags-any=red,round", ["alpha-2", "alpha-1"]),
            ("not-tags=red,round", ["beta", "alpha-1"]),
            ("not-tags-any=red,round", ["beta"]),
            ("ip=10.0.0.12", ["alpha-2"]), ("ip=10.0.0.1", [
                "beta", "alpha-2", "alpha-1"]),
            ("host=nowhere", ["beta", "alpha-2", "alpha-1"]),
            ("changes-since=2001-01-01T00:00:00Z", [
                "beta", "alpha-2", "alpha-1"]),
            ("sort_key=display_name&sort_dir=asc", [
                "alpha-1", "alpha-2", "beta"])]:
        assert names(three, query) == wanted, query


def test_filters_of_admins(three):
    assert names(three, "", ADMIN) == []
    assert len(names(three, "all_tenants=1", ADMIN)) == 3
    assert names(three, "all_tenants=1&host=nowhere", ADMIN) == []
    assert len(names(three, "all_tenants=1&host=h1", ADMIN)) == 3
    assert names(three, "all_tenants=1&project_id=p2", ADMIN) == []


def test_foreign_projects_are_out_of_reach(three):
    names(three, "all_tenants=1", OTHER, status=403)
    assert names(three, "project_id=p1", OTHER) == []
    assert names(three, "tenant_id=p1", OTHER) == []


def test_bad_queries(three):
    for query in ("status=weird", "sort_key=colour", "marker=none",
                  "limit=-1", "limit=x", "changes-since=yesterday",
                  "all_tenants=maybe", "colour=red"):
        names(three, query, status=400)
    assert len(names(three, "colour=red", version="2.74")) == 3


def test_pages(three):
    answer = three.call("GET", "/v2.1/servers?limit=2").json
    link = answer["servers_links"][0]["href"]
    rest = three.call("GET", link.split("localhost")[1]).json

    found = [row["name"] for row in answer["servers"] + rest["servers"]]
    assert found == ["beta", "alpha-2", "alpha-1"]
    assert "servers_links" not in rest


@pytest.mark.parametrize("text, wanted", [
    ("abc", "%abc%"), ("^abc$", "abc"), ("a.*b", "%a%b%"),
    ("a_%", r"%a\_\%%"), (r"a\.b", "%a.b%"), ("[0-9]+x", "%%x%"),
    ("a.b", "%a_b%")])
def test_patterns(text, wanted):
    assert pattern(text) == wanted
