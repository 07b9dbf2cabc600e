"""The images resource, from creation to removal."""

import pytest

from common import db
from imagestore import app
from tests.unit.imagestore.conftest import (
    ADMIN,
    MEMBER,
    NOBODY,
    OTHER,
    READER,
    SERVICE,
)


def test_new_image_has_the_shape_of_the_api(service):
    got = service.call("POST", "/v2/images", {
        "name": "x", "container_format": "bare", "disk_format": "qcow2",
        "os_distro": "debian", "tags": ["b", "a", "b"]}, status=201)
    image = got.json

    assert got.headers["Location"].endswith(f"/v2/images/{image['id']}")
    created = image.pop("created_at")
    assert created == image.pop("updated_at")
    assert created.endswith("Z") and "." not in created
    path = f"/v2/images/{image.pop('id')}"
    assert image == {
        "name": "x", "status": "queued", "visibility": "shared",
        "protected": False, "os_hidden": False, "owner": "p1",
        "container_format": "bare", "disk_format": "qcow2", "min_disk": 0,
        "min_ram": 0, "size": None, "virtual_size": None, "checksum": None,
        "os_hash_algo": None, "os_hash_value": None, "tags": ["a", "b"],
        "os_distro": "debian", "self": path, "file": f"{path}/file",
        "schema": "/v2/schemas/image"}


@pytest.mark.parametrize("body, status", [
    ({"disk_format": "floppy"}, 400),
    ({"min_disk": -1}, 400),
    ({"min_ram": "1"}, 400),
    ({"name": "x" * 256}, 400),
    ({"visibility": "secret"}, 400),
    ({"id": "not-a-uuid"}, 400),
    ({"colour": 3}, 400),
    ({"x" * 256: "v"}, 400),
    ({"status": "active"}, 403),
    ({"checksum": "0"}, 403),
    ({"locations": []}, 403),
    ({"os_glance_import_task": "x"}, 403),
    ({"deleted": "x"}, 403),
    ({"visibility": "public"}, 403),
    ({"owner": "p2"}, 403),
    ({f"p{n}": "v" for n in range(129)}, 413),
    ([], 400),
])
def test_bad_image_is_refused(service, body, status):
    got = service.call("POST", "/v2/images", body, status=status)

    assert "html" in got.content_type
    assert service.call("GET", "/v2/images").json["images"] == []


def test_error_names_field_and_what_is_allowed(service):
    got = service.call("POST", "/v2/images", {"disk_format": "floppy"})

    assert "disk_format" in got.text and "qcow2" in got.text


def test_same_id_twice_is_a_conflict(service):
    image = service.create()

    service.call("POST", "/v2/images", {"id": image["id"]}, status=409)


def test_admin_may_publicize_and_give_away(service):
    image = service.create(ctx=ADMIN, visibility="public", owner="p2")

    assert (image["visibility"], image["owner"]) == ("public", "p2")
    assert service.show(image["id"], ctx=MEMBER)["id"] == image["id"]


@pytest.mark.parametrize("method, path", [
    ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/file"),
    ("GET", "/members"), ("PUT", "/tags/x"), ("PUT", "/file")])
def test_foreign_image_is_as_good_as_none(service, method, path):
    image = service.create(visibility="private")
    body = [] if method == "PATCH" else None

    unknown = service.call(method, "/v2/images/nothing" + path, body,
                           ctx=OTHER)
    foreign = service.call(method, f"/v2/images/{image['id']}{path}", body,
                           ctx=OTHER)

    assert (unknown.status_int, foreign.status_int) == (404, 404)


def test_image_without_an_id_is_none(service):
    service.create()

    for method in ("GET", "DELETE"):
        service.call(method, "/v2/images/", status=404)


def test_reader_sees_and_may_not_change(service):
    image = service.create()

    assert service.show(image["id"], ctx=READER)["id"] == image["id"]
    service.call("DELETE", f"/v2/images/{image['id']}", ctx=READER,
                 status=403)
    service.call("POST", "/v2/images", {}, ctx=READER, status=403)
    service.call("GET", "/v2/images", ctx=NOBODY, status=403)


def test_service_role_sees_all(service):
    image = service.create(visibility="private")

    assert service.show(image["id"], ctx=SERVICE)["id"] == image["id"]


def test_patch_adds_replaces_and_removes(service):
    image = service.create(os_distro="debian")

    got = service.patch(
        image["id"], {"op": "replace", "path": "/name", "value": "new"},
        {"op": "add", "path": "/hw~1disk~0bus", "value": "virtio"},
        {"op": "replace", "path": "/tags", "value": ["t"]},
        {"op": "remove", "path": "/os_distro"},
        {"op": "add", "path": "/min_ram", "value": 64}).json

    assert (got["name"], got["hw/disk~bus"], got["tags"], got["min_ram"]) \
        == ("new", "virtio", ["t"], 64)
    assert "os_distro" not in got
    assert service.show(image["id"])["name"] == "new"


@pytest.mark.parametrize("operation, status", [
    ({"op": "replace", "path": "/id", "value": "x"}, 403),
    ({"op": "replace", "path": "/status", "value": "active"}, 403),
    ({"op": "remove", "path": "/name"}, 403),
    ({"op": "replace", "path": "/none", "value": "x"}, 409),
    ({"op": "remove", "path": "/none"}, 409),
    ({"op": "add", "path": "/a/b", "value": "x"}, 400),
    ({"op": "add", "path": "x", "value": "x"}, 400),
    ({"op": "move", "path": "/name", "from": "/x"}, 400),
    ({"op": "add", "path": "/name"}, 400),
    ({"op": "add", "path": "/min_disk", "value": "x"}, 400),
    ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
    ({"op": "add", "path": "/os_glance_x", "value": "x"}, 403),
])
def test_bad_patch_changes_nothing(service, operation, status):
    image = service.create()

    service.patch(
        image["id"], {"op": "replace", "path": "/name", "value": "new"},
        operation, status=status)

    assert service.show(image["id"])["name"] == "i"


def test_older_patch_names_the_operation_by_a_member(service):
    image = service.create(os_distro="debian")["id"]

    def patch(*operations, status=200):
        return service.call(
            "PATCH", f"/v2/images/{image}", list(operations), status=status,
            headers={"Content-Type":
                     "application/openstack-images-v2.0-json-patch"})
    got = patch({"replace": "/name", "value": "new"},
                {"remove": "/os_distro"},
                {"add": "/os_version", "value": "12"}).json
    assert (got["name"], got["os_version"]) == ("new", "12")
    assert "os_distro" not in got
    patch({"op": "replace", "path": "/name", "value": "x"}, status=400)
    patch({"add": "/name", "remove": "/x", "value": "x"}, status=400)
    patch({"add": 3, "value": "x"}, status=400)


def test_patch_needs_its_media_type(service):
    image = service.create()

    got = service.call("PATCH", f"/v2/images/{image['id']}", [],
                       headers={"Content-Type": "application/json"})

    assert got.status_int == 415


def test_protected_image_stays(service):
    image = service.create(protected=True)

    service.call("DELETE", f"/v2/images/{image['id']}", status=403)
    service.patch(image["id"], {
        "op": "replace", "path": "/protected", "value": False})
    service.call("DELETE", f"/v2/images/{image['id']}", status=204)
    service.call("GET", f"/v2/images/{image['id']}", status=404)


def names(service, query="", ctx=MEMBER):
    got = service.call("GET", f"/v2/images?{query}", ctx=ctx, status=200)
    return [image["name"] for image in got.json["images"]]


def test_list_shows_own_public_and_accepted(service):
    service.create(name="own", visibility="private")
    service.create(name="public", ctx=ADMIN, visibility="public",
                   owner="p1")
    service.create(name="community", ctx=OTHER, visibility="community")
    service.create(name="foreign", ctx=OTHER, visibility="private")
    shared = service.create(name="shared", ctx=OTHER)["id"]
    service.call("POST", f"/v2/images/{shared}/members", {"member": "p1"},
                 ctx=OTHER, status=200)

    assert sorted(names(service)) == ["own", "public"]
    assert names(service, "member_status=pending&visibility=shared") == [
        "shared"]
    service.call("PUT", f"/v2/images/{shared}/members/p1",
                 {"status": "accepted"}, status=200)
    assert sorted(names(service)) == ["own", "public", "shared"]
    assert names(service, "visibility=community") == ["community"]
    assert len(names(service, ctx=ADMIN)) == 5
    assert sorted(names(service, ctx=OTHER)) == [
        "community", "foreign", "public", "shared"]


def test_list_filters(service):
    service.create(name="a", min_ram=1, os_distro="x", tags=["t", "u"])
    service.create(name="b,c", disk_format="qcow2", os_hidden=True)
    service.create(name="d", protected=True)

    assert names(service, "name=a") == ["a"]
    assert names(service, "name=in:a,d&sort=name:desc") == ["d", "a"]
    assert names(service, "os_hidden=true&name=in:%22b,c%22") == ["b,c"]
    assert names(service, "os_distro=x") == ["a"]
    assert names(service, "tag=t&tag=u") == ["a"]
    assert names(service, "tag=t&tag=v") == []
    assert names(service, "protected=True") == ["d"]
    assert names(service, "min_ram=1&status=queued&owner=p1") == ["a"]
    assert names(service, "size=1") == []
    assert names(service, "created_at=gt:2999-01-01T00:00:00Z") == []
    assert len(names(service, "created_at=gt:2000-01-01T00:00:00Z")) == 2


@pytest.mark.parametrize("query", [
    "limit=-1", "limit=x", "marker=nothing", "sort_key=colour",
    "sort_dir=up", "visibility=x", "created_at=soon", "name=in:%22a",
    "size_min=x", "size=x", "os_hidden=perhaps", "sort=name&sort_key=id"])
def test_bad_query_is_refused(service, query):
    service.call("GET", f"/v2/images?{query}", status=400)


def test_pages_follow_each_other(service):
    for number in range(5):
        service.create(name=f"n{number}", visibility="private")
    found, path = [], "/v2/images?limit=2&sort=name"
    while path:
        page = service.call("GET", path, status=200).json
        found += [image["name"] for image in page["images"]]
        path = page.get("next")

    assert found == [f"n{number}" for number in range(5)]
    assert page["first"] == "/v2/images?limit=2&sort=name"
    assert names(service, "limit=0") == []


def test_foreign_marker_is_as_good_as_none(service):
    foreign = service.create(ctx=OTHER, visibility="private")["id"]
    none = "0" + foreign[1:] if foreign[0] != "0" else "1" + foreign[1:]

    told = [service.call("GET", f"/v2/images?marker={marker}",
                         status=400).text.replace(marker, "")
            for marker in (foreign, none)]
    assert told[0] == told[1]


def test_list_asks_the_database_a_constant_number_of_times(service):
    def count():
        with db.count_queries(service.db) as queries:
            service.call("GET", "/v2/images", status=200)
        return queries.count
    service.create(a="1", tags=["t"])
    few = count()
    for _ in range(5):
        service.create(a="1", b="2", tags=["t", "u"])

    assert count() == few == 2


def test_tags_come_and_go(service):
    image = service.create()
    path = f"/v2/images/{image['id']}/tags"

    service.call("PUT", f"{path}/a%20b", status=204)
    service.call("PUT", f"{path}/a%20b", status=204)
    assert service.show(image["id"])["tags"] == ["a b"]
    service.call("DELETE", f"{path}/a%20b", status=204)
    service.call("DELETE", f"{path}/a%20b", status=404)


def test_members_share_one_image(service):
    image = service.create()["id"]
    path = f"/v2/images/{image}/members"
    service.call("GET", f"/v2/images/{image}", ctx=OTHER, status=404)

    got = service.call("POST", path, {"member": "p2"}, status=200).json
    assert (got["member_id"], got["status"]) == ("p2", "pending")
    service.call("POST", path, {"member": "p2"}, status=409)
    service.call("GET", f"/v2/images/{image}", ctx=OTHER, status=200)
    service.call("PUT", f"{path}/p2", {"status": "accepted"}, status=403)
    service.call("PUT", f"{path}/p2", {"status": "maybe"}, ctx=OTHER,
                 status=400)
    service.call("PUT", f"{path}/p2", {"status": "rejected"}, ctx=OTHER,
                 status=200)
    service.call("POST", path, {"member": "p3"}, ctx=OTHER, status=403)
    service.call("PATCH", f"/v2/images/{image}", [], ctx=OTHER, status=403)
    listed = service.call("GET", path, ctx=OTHER, status=200).json
    assert [each["member_id"] for each in listed["members"]] == ["p2"]
    service.call("DELETE", f"{path}/p2", status=204)
    service.call("GET", f"/v2/images/{image}", ctx=OTHER, status=404)


def test_only_shared_images_have_members(service):
    image = service.create(visibility="private")["id"]

    service.call("POST", f"/v2/images/{image}/members", {"member": "p2"},
                 status=403)


def test_migrations_make_what_the_models_say(service):
    assert db.check(app.SCHEMA, str(service.db.url)) == []
