"""Quotas, limits, services, pools, types, versions."""

import pytest

from tests import base
from tests.unit.blockstore.cloud import (
    ADMIN,
    LATEST,
    MEMBER,
    NOBODY,
    OTHER,
    READER,
)


def test_versions_need_no_token(cloud):
    import webob
    for path, status in (("/", 300), ("/v3", 200), ("/v3/", 200)):
        got = webob.Request.blank(path).get_response(cloud.router)
        assert got.status_int == status
        version = got.json["versions"][0]
        assert (version["id"], version["min_version"], version["version"]
                ) == ("v3.0", "3.0", "3.67")
        assert version["links"][1]["href"] == "http://localhost/v3/"


def test_types(cloud):
    kinds = cloud.call("GET", "/v3/types", status=200).json["volume_types"]
    assert [kind["name"] for kind in kinds] == ["default"]

    for name in (kinds[0]["id"], "default", "__DEFAULT__"):
        got = cloud.call("GET", f"/v3/types/{name}", status=200)
        assert got.json["volume_type"] == kinds[0]
    cloud.call("GET", "/v3/types/gold", status=404)


def test_quotas(cloud):
    cloud.create(size=2)

    got = cloud.call("GET", "/v3/os-quota-sets/p1", status=200)
    assert got.json["quota_set"]["volumes"] == 10
    used = cloud.call("GET", "/v3/os-quota-sets/p1?usage=True", status=200)
    assert used.json["quota_set"]["gigabytes"] == {
        "limit": 1000, "in_use": 2, "reserved": 0, "allocated": 0}
    cloud.call("GET", "/v3/os-quota-sets/p1", ctx=OTHER, status=403)
    cloud.call("PUT", "/v3/os-quota-sets/p1",
               {"quota_set": {"volumes": 1}}, status=403)

    cloud.call("PUT", "/v3/os-quota-sets/p1",
               {"quota_set": {"volumes": 1}}, ADMIN, status=200)
    cloud.call("POST", "/v3/volumes", {"volume": {"size": 1}}, status=413)
    assert cloud.call("GET", "/v3/os-quota-sets/p1/defaults").json[
        "quota_set"]["volumes"] == 10
    cloud.call("DELETE", "/v3/os-quota-sets/p1", ctx=ADMIN, status=200)
    cloud.create()
    cloud.call("PUT", "/v3/os-quota-sets/p1",
               {"quota_set": {"volumes": -2}}, ADMIN, status=400)
    cloud.call("PUT", "/v3/os-quota-sets/p1",
               {"quota_set": {"tapes": 2}}, ADMIN, status=400)


def test_limits(cloud):
    cloud.create(size=2)

    got = cloud.call("GET", "/v3/p1/limits", ctx=READER, status=200)
    absolute = got.json["limits"]["absolute"]
    assert absolute["totalVolumesUsed"] == 1
    assert absolute["totalGigabytesUsed"] == 2
    got = cloud.call("GET", "/v3/limits?project_id=p1", ctx=ADMIN)
    assert got.json["limits"]["absolute"]["totalVolumesUsed"] == 1
    cloud.call("GET", "/v3/limits?project_id=p1", ctx=OTHER, status=403)


def test_services(cloud):
    from blockstore.scheduler import Heartbeat
    Heartbeat(cloud.db, "h1", "nova").run_once()
    Heartbeat(cloud.db, "h1", "nova").run_once()

    found = cloud.call("GET", "/v3/os-services", ctx=ADMIN,
                       status=200).json["services"]
    assert [(row["binary"], row["host"], row["state"], row["status"])
            for row in found] == [
        ("cinder-scheduler", "h1", "up", "enabled"),
        ("cinder-volume", "h1@fake", "up", "enabled")]
    cloud.call("GET", "/v3/os-services", status=403)
    only = cloud.call("GET", "/v3/os-services?binary=cinder-volume",
                      ctx=ADMIN).json["services"]
    assert len(only) == 1


def test_an_agent_that_is_away_is_shown_so(cloud):
    from blockstore.db.models import Backend
    with cloud.db.writer() as session:
        session.get(Backend, "h1@fake").seen_s -= 61

    found = cloud.call("GET", "/v3/os-services", ctx=ADMIN).json["services"]
    assert found[0]["state"] == "down"
    volume_id = cloud.create(wait="error")
    with cloud.db.reader() as session:
        from blockstore.db import volumes
        assert "1 its agent is away" in volumes.get(
            session, volume_id).reason


def test_disabled_backends_get_no_volumes(cloud):
    body = {"binary": "cinder-volume", "host": "h1@fake"}
    cloud.call("PUT", "/v3/os-services/disable-log-reason",
               body | {"disabled_reason": "disks"}, ADMIN, status=200)

    found = cloud.call("GET", "/v3/os-services", ctx=ADMIN).json["services"]
    assert (found[0]["status"], found[0]["disabled_reason"]) == (
        "disabled", "disks")
    cloud.create(wait="error")
    cloud.call("PUT", "/v3/os-services/enable", body, ADMIN, status=200)
    cloud.create()
    cloud.call("PUT", "/v3/os-services/enable", body | {"host": "x"}, ADMIN,
               status=404)
    cloud.call("PUT", "/v3/os-services/enable", body, status=403)


def test_pools(cloud):
    cloud.create(size=3)
    cloud.reporter.run_once()

    got = cloud.call("GET", "/v3/scheduler-stats/get_pools?detail=True",
                     ctx=ADMIN, status=200)
    pool = got.json["pools"][0]
    assert pool["name"] == "h1@fake#fake"
    seen = pool["capabilities"]
    assert (seen["total_capacity_gb"], seen["free_capacity_gb"],
            seen["allocated_capacity_gb"]) == (100, 97, 3)
    assert seen["storage_protocol"] == "fake"
    cloud.call("GET", "/v3/scheduler-stats/get_pools", status=403)


def test_zones_and_extensions(cloud):
    got = cloud.call("GET", "/v3/os-availability-zone", status=200)
    assert got.json["availabilityZoneInfo"] == [
        {"zoneName": "nova", "zoneState": {"available": True}}]
    found = cloud.call("GET", "/v3/extensions", status=200).json
    assert "os-quota-sets" in {row["alias"] for row in found["extensions"]}


def _filled(path):
    return path.replace("{project_id}", "p1").replace("{key}", "k").format(
        volume_id="v", attachment_id="a", type_id="default",
        target_id="p1", snapshot_id="s")


def test_no_route_is_open(cloud):
    """Without a token 401, with no role 403 or 404."""
    import webob
    anybody = {"/v3/types", "/v3/types/{type_id}", "/v3/extensions",
               "/v3/os-availability-zone"}
    for method, path, action in cloud.router.api.routes:
        if action.spec.public:
            continue
        filled = _filled(path)
        req = webob.Request.blank(filled, method=method, headers=LATEST)
        assert req.get_response(cloud.router).status_int == 401, path
        got = base.call(cloud.router, method, filled, {}, ctx=NOBODY,
                        headers=LATEST)
        if path.replace("/v3/{project_id}", "/v3") in anybody:
            assert got.status_int == 200
        else:
            assert got.status_int in (400, 403, 404), (path, got.text)


def test_no_route_takes_malformed_json(cloud):
    for method, path, action in cloud.router.api.routes:
        if action.spec.body is None or not action.spec.serves((3, 67)):
            continue
        got = base.call(cloud.router, method, _filled(path), b"{",
                        ctx=MEMBER, headers=LATEST)
        assert got.status_int == 400, path


@pytest.mark.parametrize("size, zone, why", [
    (5, "mars", "in another availability zone"),
    (500, "nova", "not enough room")])
def test_why_no_backend_takes_it(size, zone, why):
    from blockstore import exceptions, pools
    pool = pools.Pool("a", "nova", 100, 50, 60)
    with pytest.raises(exceptions.NoBackend, match=f"1 {why}"):
        pools.choose([pool], size, zone)


def test_the_backend_with_most_room_is_first():
    from blockstore import pools
    found = pools.choose([
        pools.Pool("b", "nova", 100, 50, 0),
        pools.Pool("a", "nova", 100, 50, 0),
        pools.Pool("c", "nova", 100, 90, 5),
        pools.Pool("d", "nova", 100, 100, 95)], 10, "nova")
    assert [pool.name for pool in found] == ["c", "a", "b"]
