"""Metadata definitions: namespaces, what they have and are for."""

import pytest

from common import db
from tests.unit.imagestore.conftest import ADMIN, MEMBER, NOBODY

ROOT = "/v2/metadefs/namespaces"
TYPE = "OS::Nova::Flavor"
CPU = {"title": "CPUs", "type": "integer", "minimum": 1}


def create(service, name="OS::Compute", **members):
    return service.call("POST", ROOT, {"namespace": name} | members,
                        ctx=ADMIN, status=201)


def make_public(service):
    """Make a namespace that everybody sees, with one of each."""
    create(
        service, visibility="public", display_name="Compute",
        resource_type_associations=[{"name": TYPE, "prefix": "hw_"}],
        properties={"cpus": CPU}, tags=[{"name": "fast"}],
        objects=[{"name": "box", "properties": {"cpus": CPU}}])
    return f"{ROOT}/OS::Compute"


@pytest.fixture
def public(service):
    return make_public(service)


def test_namespace_is_shown_with_all_it_has(service, public):
    got = service.call("GET", public, status=200).json

    for each in (got, *got["objects"], *got["resource_type_associations"]):
        assert each.pop("created_at") == each.pop("updated_at")
    path = "/v2/metadefs/namespaces/OS%3A%3ACompute"
    assert got == {
        "namespace": "OS::Compute", "display_name": "Compute",
        "description": None, "visibility": "public", "protected": False,
        "owner": "admin", "self": path,
        "schema": "/v2/schemas/metadefs/namespace",
        "resource_type_associations": [
            {"name": TYPE, "prefix": "hw_"}],
        "properties": {"cpus": CPU}, "tags": [{"name": "fast"}],
        "objects": [{
            "name": "box", "required": [], "properties": {"cpus": CPU},
            "self": f"{path}/objects/box",
            "schema": "/v2/schemas/metadefs/object"}]}


def test_names_as_a_resource_type_has_them(service, public):
    got = service.call("GET", f"{public}?resource_type={TYPE}", status=200)
    assert got.json["properties"] == {"hw_cpus": CPU}

    one = service.call(
        "GET", f"{public}/properties/hw_cpus?resource_type={TYPE}",
        status=200)
    assert one.json == CPU | {"name": "hw_cpus"}
    service.call("GET", f"{public}/properties/cpus?resource_type={TYPE}",
                 status=404)
    service.call("GET", f"{public}?resource_type=none", status=404)


def test_private_namespace_is_as_good_as_none(service):
    create(service, "mine", owner="p2")

    for path in ("", "/objects", "/properties", "/tags/x",
                 "/resource_types"):
        service.call("GET", f"{ROOT}/mine{path}", ctx=MEMBER, status=404)
    service.call("DELETE", f"{ROOT}/mine", ctx=MEMBER, status=404)
    service.call("GET", f"{ROOT}/mine", ctx=NOBODY, status=403)
    assert service.call("GET", ROOT, ctx=MEMBER).json["namespaces"] == []


def test_member_sees_a_public_one_and_may_not_change_it(service, public):
    service.call("POST", ROOT, {"namespace": "n"}, status=403)
    service.call("PUT", public, {"namespace": "n"}, status=403)
    service.call("DELETE", public, status=403)
    service.call("DELETE", f"{public}/tags", status=403)
    service.call("POST", f"{public}/tags/x", status=403)
    service.call("POST", f"{public}/resource_types", {"name": TYPE},
                 status=403)


@pytest.mark.parametrize("kind", ["objects", "properties", "tags"])
def test_definition_lives(service, public, kind):
    def call(method, path, body=None, status=200):
        return service.call(method, f"{public}/{kind}{path}", body,
                            ctx=ADMIN, status=status)

    def body(name):
        return {"name": name} | (CPU if kind == "properties" else {})
    path, sent = ("/new", None) if kind == "tags" else ("", body("new"))
    assert call("POST", path, sent, 201).json["name"] == "new"
    call("POST", path, sent, 409)
    assert call("PUT", "/new", body("newer")).json["name"] == "newer"
    call("GET", "/new", status=404)
    assert call("GET", "/newer").json["name"] == "newer"
    call("PUT", "/newer", {"name": "newer", "colour": "red"}, 400)
    taken = {"objects": "box", "properties": "cpus", "tags": "fast"}[kind]
    call("PUT", "/newer", body(taken), 409)
    listed = call("GET", "").json[kind]
    names = [each if kind == "properties" else each["name"]
             for each in listed]
    assert sorted(names) == sorted([taken, "newer"])
    call("DELETE", "/newer", status=204)
    call("DELETE", "/newer", status=404)
    call("DELETE", "", status=204)
    assert len(call("GET", "").json[kind]) == 0


def test_tags_are_replaced_or_added(service, public):
    def post(*names, status=201, **headers):
        service.call("POST", f"{public}/tags",
                     {"tags": [{"name": name} for name in names]},
                     ctx=ADMIN, status=status, headers=headers)

    def names():
        got = service.call("GET", f"{public}/tags", status=200).json
        return [each["name"] for each in got["tags"]]
    post("b", "a")
    assert names() == ["a", "b"]
    post("c", **{"X-Openstack-Append": "True"})
    assert names() == ["a", "b", "c"]
    post("d", "d", status=409)
    assert names() == ["a", "b", "c"]


def test_pages_of_definitions_follow_each_other(service, public):
    service.call("POST", f"{public}/tags", {"tags": [
        {"name": f"t{number}"} for number in range(5)]}, ctx=ADMIN)
    create(service, "other", visibility="public", tags=[{"name": "t1"}])
    found, path = [], f"{public}/tags?limit=2&sort_key=name&sort_dir=desc"
    while path:
        page = service.call("GET", path, status=200).json
        found += [each["name"] for each in page["tags"]]
        path = page.get("next")

    assert found == ["t4", "t3", "t2", "t1", "t0"]
    service.call("GET", f"{public}/tags?marker=none", status=400)


def test_protected_namespace_keeps_what_it_has(service, public):
    service.call("PUT", public, {
        "namespace": "OS::Compute", "visibility": "public",
        "protected": True}, ctx=ADMIN, status=200)

    for path in ("", "/objects", "/objects/box", "/properties",
                 "/properties/cpus", "/tags", "/tags/fast",
                 f"/resource_types/{TYPE}"):
        service.call("DELETE", public + path, ctx=ADMIN, status=403)
    service.call("PUT", public, {
        "namespace": "OS::Compute", "protected": False}, ctx=ADMIN)
    service.call("DELETE", public, ctx=ADMIN, status=204)
    service.call("GET", public, ctx=ADMIN, status=404)


def test_namespace_is_renamed_unless_the_name_is_taken(service, public):
    create(service, "taken")

    service.call("POST", ROOT, {"namespace": "taken"}, ctx=ADMIN, status=409)
    service.call("PUT", public, {"namespace": "taken"}, ctx=ADMIN,
                 status=409)
    got = service.call("PUT", public, {"namespace": "free"}, ctx=ADMIN,
                       status=200).json
    assert (got["namespace"], got["visibility"]) == ("free", "public")
    assert service.call("GET", f"{ROOT}/free/tags/fast", status=200)


def test_associations(service, public):
    path = f"{public}/resource_types"
    service.call("POST", path, {"name": TYPE}, ctx=ADMIN, status=409)
    made = service.call("POST", path, {"name": "My::Type"}, ctx=ADMIN,
                        status=201).json
    assert made["name"] == "My::Type" and "prefix" not in made
    known = service.call("GET", "/v2/metadefs/resource_types", status=200)
    assert {"My::Type", TYPE} <= {
        each["name"] for each in known.json["resource_types"]}
    got = service.call("GET", path, status=200).json
    assert [each["name"] for each in got["resource_type_associations"]] == [
        "My::Type", TYPE]
    service.call("DELETE", f"{path}/My::Type", ctx=ADMIN, status=204)
    service.call("DELETE", f"{path}/My::Type", ctx=ADMIN, status=404)


def test_list_filters_and_pages(service, public):
    create(service, "a", visibility="public")
    create(service, "b")

    def names(query, ctx=ADMIN):
        got = service.call("GET", f"{ROOT}?{query}", ctx=ctx, status=200)
        return [each["namespace"] for each in got.json["namespaces"]]
    assert names("") == ["b", "a", "OS::Compute"]
    assert names("", MEMBER) == ["a", "OS::Compute"]
    assert names("visibility=private") == ["b"]
    assert names(f"resource_types=none,{TYPE}") == ["OS::Compute"]
    first = service.call(
        "GET", f"{ROOT}?limit=2&sort_key=namespace", ctx=ADMIN).json
    assert first["next"] == f"{ROOT}?limit=2&sort_key=namespace&marker=a"
    assert names(first["next"].partition("?")[2]) == ["b"]
    for query in ("visibility=x", "colour=red", "sort_key=colour",
                  "marker=none", "limit=x"):
        service.call("GET", f"{ROOT}?{query}", ctx=ADMIN, status=400)


def test_no_marker_tells_of_what_is_hidden(service, public):
    create(service, "hidden", tags=[{"name": "t"}])
    assert service.call(
        "GET", f"{ROOT}?marker=hidden", ctx=ADMIN, status=200)
    for path in (f"{ROOT}?marker=hidden", f"{public}/tags?marker=t"):
        service.call("GET", path, status=400)


@pytest.mark.parametrize("body", [
    {}, {"namespace": "a/b"}, {"namespace": "x" * 81},
    {"namespace": "x", "visibility": "shared"},
    {"namespace": "x", "properties": {"p": {"type": "string"}}},
    {"namespace": "x", "properties": {"p": {"title": "", "type": "map"}}},
    {"namespace": "x", "colour": "red"},
    {"namespace": "x", "tags": [{"name": "t" * 81}]}])
def test_bad_namespace_is_refused(service, body):
    service.call("POST", ROOT, body, ctx=ADMIN, status=400)

    assert service.call("GET", ROOT, ctx=ADMIN).json["namespaces"] == []


def test_queries_are_few_whatever_there_is(service, public):
    for name in ("x", "y", "z"):
        create(service, name, resource_type_associations=[{"name": TYPE}],
               properties={"a": CPU, "b": CPU}, tags=[{"name": "t"}])

    def count(path):
        with db.count_queries(service.db) as queries:
            service.call("GET", path, ctx=ADMIN, status=200)
        return queries.count
    assert count(ROOT) == 2
    assert count(f"{ROOT}/x") == 3
    assert count(f"{ROOT}/x/objects") == 2
    assert count(f"{ROOT}/x/properties") == 2
    assert count(f"{ROOT}/x/tags/t") == 2
