"""Volumes, from the HTTP request to the blocks."""

import re

import pytest

from common import db
from tests.unit.blockstore.cloud import (
    ADMIN,
    MEMBER,
    NOBODY,
    OTHER,
    READER,
    SERVICE,
)


def test_create(cloud):
    made = cloud.call("POST", "/v3/p1/volumes", {"volume": {
        "size": 2, "name": " v1 ", "description": "d",
        "metadata": {"a": "b"}, "volume_type": None}}, status=202)
    shown = made.json["volume"]

    assert (shown["status"], shown["name"]) == ("creating", "v1")
    assert shown["attachments"] == []
    assert shown["volume_type"] == "default"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}",
                        shown["created_at"])
    assert shown["links"][0] == {
        "rel": "self",
        "href": f"http://localhost/v3/p1/volumes/{shown['id']}"}
    cloud.wait_for(shown["id"], "available")
    assert cloud.driver.sizes == {shown["id"]: 2}


def test_members_and_admins_see_different_things(cloud):
    volume_id = cloud.create()

    member = cloud.show(volume_id, MEMBER)
    admin = cloud.show(volume_id, ADMIN)

    assert admin["os-vol-host-attr:host"] == "h1@fake#fake"
    assert admin["os-vol-mig-status-attr:migstat"] is None
    assert member["os-vol-tenant-attr:tenant_id"] == "p1"
    assert not [name for name in member
                if name.startswith(("os-vol-host", "os-vol-mig"))]
    assert "provider_id" in admin and "provider_id" not in member


def test_members_of_each_version(cloud):
    volume_id = cloud.create()

    def names(version):
        got = cloud.call("GET", f"/v3/volumes/{volume_id}", ctx=MEMBER,
                         version=version)
        return set(got.json["volume"])

    first = names(None)
    assert names("3.0") == first
    assert "group_id" not in first and "bootable" in first
    assert names("3.13") - first == {"group_id"}
    assert names("3.67") - first == {
        "group_id", "service_uuid", "shared_targets", "volume_type_id",
        "consumes_quota"}


def test_versions_out_of_range(cloud):
    cloud.call("GET", "/v3/volumes", version="3.999", status=406)
    got = cloud.call("GET", "/v3/volumes", version="3.50", status=200)
    assert got.headers["OpenStack-API-Version"] == "volume 3.50"


def test_a_full_backend_makes_an_error_with_a_reason(cloud):
    volume_id = cloud.create(size=101, wait="error")

    assert cloud.driver.sizes == {}
    assert cloud.show(volume_id)["os-vol-host-attr:host"] is None
    with cloud.db.reader() as session:
        from blockstore.db import volumes
        assert volumes.get(session, volume_id).reason == (
            "No backend takes 101 GiB: 1 of 1 refused: 1 not enough room.")
    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=202)
    cloud.wait_for(volume_id, None)


def test_room_is_never_promised_twice(cloud):
    ids = [cloud.create(size=30, wait=None) for _ in range(4)]

    found = sorted(_end(cloud, volume_id) for volume_id in ids)

    assert found == ["available", "available", "available", "error"]


def _end(cloud, volume_id):
    from common import concurrency
    with concurrency.Timeout(10):
        while cloud.show(volume_id)["status"] == "creating":
            concurrency.sleep(0.01)
    return cloud.show(volume_id)["status"]


def test_update(cloud):
    volume_id = cloud.create(name="old")

    cloud.call("PUT", f"/v3/volumes/{volume_id}", {"volume": {
        "name": "new", "description": "x", "metadata": {"k": "v"}}},
        status=200)

    shown = cloud.show(volume_id)
    assert (shown["name"], shown["description"], shown["metadata"]) == (
        "new", "x", {"k": "v"})
    assert shown["updated_at"] is not None
    cloud.call("PUT", f"/v3/volumes/{volume_id}", {"volume": {}},
               status=400)
    cloud.call("PUT", f"/v3/volumes/{volume_id}", {"volume": {}},
               version="3.0", status=200)


def test_delete(cloud):
    volume_id = cloud.create()

    cloud.call("DELETE", f"/v3/p1/volumes/{volume_id}", status=202)
    cloud.wait_for(volume_id, None)

    assert cloud.driver.sizes == {}
    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=404)


def test_metadata(cloud):
    volume_id = cloud.create(metadata={"a": "1", "b": "2"})
    path = f"/v3/volumes/{volume_id}/metadata"

    assert cloud.call("GET", path).json == {
        "metadata": {"a": "1", "b": "2"}}
    cloud.call("POST", path, {"metadata": {"b": "3", "c": "4"}}, status=200)
    assert cloud.show(volume_id)["metadata"] == {
        "a": "1", "b": "3", "c": "4"}
    cloud.call("DELETE", f"{path}/a", status=200)
    cloud.call("DELETE", f"{path}/a", status=404)
    cloud.call("PUT", f"{path}/c", {"meta": {"c": "5"}}, status=200)
    assert cloud.call("GET", f"{path}/c").json == {"meta": {"c": "5"}}
    cloud.call("PUT", f"{path}/c", {"meta": {"d": "5"}}, status=400)
    cloud.call("PUT", path, {"metadata": {"z": "9"}}, status=200)
    assert cloud.show(volume_id)["metadata"] == {"z": "9"}
    cloud.call("POST", path, {"metadata": {
        f"k{n}": "v" for n in range(128)}}, status=400)
    assert cloud.show(volume_id)["metadata"] == {"z": "9"}


def test_lists(cloud):
    ids = [cloud.create(name=f"v{n}", metadata={"n": str(n)})
           for n in range(3)]
    foreign = cloud.create(OTHER)

    def listed(query="", ctx=MEMBER, path="/v3/volumes/detail", **kwargs):
        got = cloud.call("GET", f"{path}{query}", ctx=ctx, status=200,
                         **kwargs)
        return [row["id"] for row in got.json["volumes"]]

    assert listed() == ids[::-1]
    assert listed(path="/v3/p1/volumes") == ids[::-1]
    assert listed("?sort=name:asc") == ids
    assert listed("?sort_key=name&sort_dir=desc") == ids[::-1]
    assert listed("?name=v1") == [ids[1]]
    assert listed("?name~=v") == ids[::-1]
    assert listed("?metadata={'n':'2'}") == [ids[2]]
    assert listed("?status=error") == []
    assert listed("?bootable=false&limit=2") == ids[:0:-1]
    assert listed(f"?marker={ids[1]}") == [ids[0]]
    assert listed("?all_tenants=1") == ids[::-1]
    assert listed("?all_tenants=False&name=v0") == [ids[0]]
    assert set(listed("?all_tenants=True", ADMIN)) == {*ids, foreign}
    assert listed("?all_tenants=1&project_id=p2", ADMIN) == [foreign]
    assert listed("", ADMIN) == []
    assert listed("?created_at=gt:2001-01-01T00:00:00") == ids[::-1]
    assert listed("?created_at=lt:2001-01-01T00:00:00") == []
    assert listed("?unknown=1", version="3.0") == ids[::-1]


def test_pages(cloud):
    ids = [cloud.create(name=f"v{n}") for n in range(3)]

    first = cloud.call("GET", "/v3/volumes?limit=2&with_count=True").json
    assert first["count"] == 3
    link = first["volumes_links"][0]
    assert link["rel"] == "next"
    second = cloud.call("GET", link["href"].removeprefix(
        "http://localhost")).json
    assert [row["id"] for row in first["volumes"] + second["volumes"]] == (
        ids[::-1])
    assert "volumes_links" not in second
    assert set(first["volumes"][0]) == {"id", "name", "links"}


@pytest.mark.parametrize("query", [
    "limit=x", "limit=-1", "marker=nope", "sort=secret", "sort=name:up",
    "bootable=maybe", "metadata=nope", "unknown=1", "created_at=gt:x",
    "offset=3"])
def test_bad_queries(cloud, query):
    got = cloud.call("GET", f"/v3/volumes?{query}", status=400)

    assert query.partition("=")[0].split("_")[0] in (
        got.json["badRequest"]["message"])


def test_summary(cloud):
    cloud.create(size=2)
    cloud.create(size=3)

    got = cloud.call("GET", "/v3/volumes/summary", status=200)
    assert got.json["volume-summary"] == {
        "total_count": 2, "total_size": 5, "metadata": {}}
    cloud.call("GET", "/v3/volumes/summary", version="3.0", status=404)


def test_queries_do_not_grow_with_the_rows(cloud):
    for _ in range(5):
        cloud.attach(cloud.create(metadata={"a": "b", "c": "d"}))
    cloud.runner.stop()

    def queries(limit):
        with db.count_queries(cloud.db) as found:
            cloud.call("GET", f"/v3/volumes/detail?limit={limit}",
                       status=200)
        return found.count
    assert queries(1) == queries(5) <= 3


def test_queries_of_a_create(cloud):
    def queries():
        with db.count_queries(cloud.db) as found:
            cloud.call("POST", "/v3/volumes", {"volume": {"size": 1}},
                       status=202)
        return found.count

    cloud.runner.stop()
    queries()
    assert queries() == queries() <= 8


@pytest.mark.parametrize("body, field", [
    ({}, "volume"),
    ({"volume": {}}, "size"),
    ({"volume": {"size": None}}, "size"),
    ({"volume": {"size": 0}}, "size"),
    ({"volume": {"size": "x"}}, "size"),
    ({"volume": {"size": 1.5}}, "size"),
    ({"volume": {"size": True}}, "size"),
    ({"volume": {"size": 1 << 40}}, "size"),
    ({"volume": {"size": 1, "name": "n" * 256}}, "name"),
    ({"volume": {"size": 1, "metadata": {"a": 1}}}, "metadata"),
    ({"volume": {"size": 1, "metadata": {"": "a"}}}, "metadata"),
    ({"volume": {"size": 1, "availability_zone": "mars"}}, "zone"),
    ({"volume": {"size": 1, "source_volid": "x"}}, "source_volid"),
    ({"volume": {"size": 1, "imageRef": "x"}}, "imageRef"),
    ({"volume": {"size": 1, "multiattach": True}}, "multiattach"),
    ({"volume": {"size": 1, "status": "available"}}, "status"),
    ({"volume": {"size": 1}, "x": 1}, "x"),
])
def test_bad_bodies(cloud, body, field):
    got = cloud.call("POST", "/v3/volumes", body, status=400)

    assert field in got.json["badRequest"]["message"]
    assert got.json["badRequest"]["code"] == 400


def test_bodies_that_name_what_is_not_there(cloud):
    cloud.call("POST", "/v3/volumes", {"volume": {
        "size": 1, "snapshot_id": "x"}}, status=404)
    cloud.call("POST", "/v3/volumes", {"volume": {
        "size": 1, "volume_type": "gold"}}, status=404)
    # Until 3.53 what is not known was let pass.
    cloud.call("POST", "/v3/volumes", {"volume": {
        "size": "1", "status": "error", "volume_type": "__DEFAULT__"}},
        version="3.0", status=202)


def test_malformed_json(cloud):
    cloud.call("POST", "/v3/volumes", b"{", status=400)


def test_foreign_volumes_are_not_found(cloud):
    volume_id = cloud.create()
    for method, path, body in [
            ("GET", "", None), ("DELETE", "", None),
            ("PUT", "", {"volume": {"name": "x"}}),
            ("GET", "/metadata", None), ("GET", "/metadata/k", None),
            ("POST", "/metadata", {"metadata": {"a": "b"}}),
            ("PUT", "/metadata", {"metadata": {"a": "b"}}),
            ("PUT", "/metadata/k", {"meta": {"k": "v"}}),
            ("DELETE", "/metadata/k", None),
            ("POST", "/action", {"os-extend": {"new_size": 2}}),
            ("POST", "/action", {"nope": 1})]:
        unknown = "0" * 8 + volume_id[8:]
        foreign = cloud.call(method, f"/v3/volumes/{volume_id}{path}", body,
                             OTHER, status=404)
        missing = cloud.call(method, f"/v3/volumes/{unknown}{path}", body,
                             OTHER, status=404)
        assert foreign.text.replace(volume_id, unknown) == missing.text
    cloud.call("POST", "/v3/attachments", {"attachment": {
        "volume_uuid": volume_id, "instance_uuid": "s"}}, OTHER, status=404)
    assert cloud.show(volume_id)["status"] == "available"


def test_readers_may_not_change(cloud):
    volume_id = cloud.create()

    cloud.call("GET", f"/v3/volumes/{volume_id}", ctx=READER, status=200)
    cloud.call("GET", f"/v3/volumes/{volume_id}", ctx=SERVICE, status=200)
    cloud.call("DELETE", f"/v3/volumes/{volume_id}", ctx=READER, status=403)
    cloud.call("POST", "/v3/volumes", {"volume": {"size": 1}}, READER,
               status=403)
    cloud.call("GET", f"/v3/volumes/{volume_id}", ctx=NOBODY, status=404)
    cloud.call("DELETE", f"/v3/volumes/{volume_id}?force=true", status=403)


def test_the_project_of_the_path_is_that_of_the_token(cloud):
    got = cloud.call("GET", "/v3/p2/volumes", status=400)
    assert "Malformed request url" in got.text
    cloud.call("GET", "/v3/p1/volumes", ctx=ADMIN, status=400)


def test_quota_of_volumes(cloud):
    cloud.conf.set_override("quota_volumes", 2, group="blockstore")
    cloud.parts.quotas._defaults["volumes"] = 2
    cloud.create()
    cloud.create()

    got = cloud.call("POST", "/v3/volumes", {"volume": {"size": 1}},
                     status=413)
    assert "volumes quota exceeded: 2 of 2" in (
        got.json["overLimit"]["message"])
    cloud.create(OTHER)


def test_quota_holds_against_a_crowd(cloud):
    from common import concurrency
    cloud.parts.quotas._defaults["gigabytes"] = 5

    def create():
        return cloud.call("POST", "/v3/volumes", {"volume": {"size": 2}}
                          ).status_int
    found = concurrency.gather(*[create] * 6)

    assert sorted(found) == [202, 202, 413, 413, 413, 413]


def test_quota_of_one_volume(cloud):
    cloud.parts.quotas._defaults["per_volume_gigabytes"] = 3
    volume_id = cloud.create(size=3)

    cloud.call("POST", "/v3/volumes", {"volume": {"size": 4}}, status=413)
    cloud.call("POST", f"/v3/volumes/{volume_id}/action",
               {"os-extend": {"new_size": 4}}, status=413)
