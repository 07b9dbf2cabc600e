"""Attachments, as compute uses them."""

import pytest

from blockstore import exceptions
from common import concurrency, db
from tests import base
from tests.unit.blockstore.cloud import ADMIN, MEMBER, OTHER, READER, SERVICE


def test_attach_and_detach(cloud):
    volume_id = cloud.create()

    attachment_id = cloud.reserve(volume_id)
    assert cloud.show(volume_id)["status"] == "reserved"
    assert cloud.show(volume_id)["attachments"] == []
    shown = cloud.connect(attachment_id).json["attachment"]
    assert shown["status"] == "attaching"
    assert shown["connection_info"] == {
        "driver_volume_type": "fake",
        "data": {"export": volume_id, "serial": volume_id}}
    assert cloud.show(volume_id)["status"] == "attaching"
    cloud.complete(attachment_id)
    seen = cloud.show(volume_id)
    assert seen["status"] == "in-use"
    attached = seen["attachments"][0]
    assert attached.pop("attached_at")
    assert attached == {
        "id": volume_id, "volume_id": volume_id, "server_id": "s1",
        "attachment_id": attachment_id, "device": "/dev/vdb",
        "host_name": "n1"}
    assert cloud.driver.exports()

    assert cloud.detach(attachment_id).json == {"attachments": []}
    assert cloud.driver.exports() == {}
    assert cloud.show(volume_id)["status"] == "available"
    cloud.detach(attachment_id, status=404)


def test_host_names_are_for_admins(cloud):
    volume_id = cloud.create()
    cloud.attach(volume_id)

    assert cloud.show(volume_id, MEMBER)["attachments"][0][
        "host_name"] is None


def test_create_with_a_connector(cloud):
    volume_id = cloud.create()

    got = cloud.call("POST", "/v3/attachments", {"attachment": {
        "volume_uuid": volume_id, "instance_uuid": "s1", "mode": "ro",
        "connector": {"host": "n1"}}}, SERVICE, status=202)

    shown = got.json["attachment"]
    assert shown["attach_mode"] == "ro" and shown["connection_info"]
    assert cloud.driver.exports()[shown["id"]].readonly


def test_everything_may_be_repeated(cloud):
    volume_id = cloud.create()

    attachment_id = cloud.reserve(volume_id)
    assert cloud.reserve(volume_id) == attachment_id
    first = cloud.connect(attachment_id).json
    assert cloud.connect(attachment_id).json == first
    cloud.complete(attachment_id)
    cloud.complete(attachment_id)
    assert cloud.show(volume_id)["status"] == "in-use"


def test_one_server_at_a_time(cloud):
    volume_id = cloud.create()
    cloud.reserve(volume_id)

    got = cloud.call("POST", "/v3/attachments", {"attachment": {
        "volume_uuid": volume_id, "instance_uuid": "s2"}}, SERVICE,
        status=400)
    assert "is reserved, and must be available" in got.text


def test_of_many_that_race_one_wins(cloud):
    volume_id = cloud.create()

    def reserve(server):
        return cloud.call("POST", "/v3/attachments", {"attachment": {
            "volume_uuid": volume_id, "instance_uuid": server}}, SERVICE
            ).status_int
    found = concurrency.gather(
        *[lambda n=n: reserve(f"s{n}") for n in range(8)])
    assert sorted(found) == [202] + [400] * 7


def test_unreserve(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.reserve(volume_id, MEMBER)

    cloud.detach(attachment_id, MEMBER)

    assert cloud.show(volume_id)["status"] == "available"


def test_only_services_end_what_a_server_uses(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.attach(volume_id)

    got = cloud.detach(attachment_id, MEMBER, status=409)
    assert "compute API" in got.json["conflictingRequest"]["message"]
    cloud.detach(attachment_id, ADMIN, status=409)
    # A user's token along with a service's token will do.
    cloud.detach(attachment_id, base.make_ctx(service=True))


def test_only_services_see_the_address(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.attach(volume_id)

    for ctx, shown in ((MEMBER, False), (ADMIN, False), (SERVICE, True),
                       (base.make_ctx(service=True), True)):
        got = cloud.call("GET", f"/v3/attachments/{attachment_id}", ctx=ctx)
        assert bool(got.json["attachment"]["connection_info"]) == shown


def test_refused_while_a_client_is_connected(cloud, monkeypatch):
    from blockstore import agent
    monkeypatch.setattr(agent, "_LEAVING_S", 0.1)
    volume_id = cloud.create()
    attachment_id = cloud.attach(volume_id)
    cloud.driver.clients.add(attachment_id)

    got = cloud.detach(attachment_id, status=503)
    assert "a client is connected" in got.text
    assert got.headers["Retry-After"]
    assert cloud.show(volume_id)["status"] == "in-use"
    assert cloud.driver.exports()
    cloud.driver.clients.clear()
    cloud.detach(attachment_id)


def test_a_client_may_take_a_moment_to_leave(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.attach(volume_id)
    cloud.driver.clients.add(attachment_id)

    leaving = concurrency.spawn(concurrency.sleep, 0.2)
    leaving.link(lambda _: cloud.driver.clients.clear())
    cloud.detach(attachment_id)


def test_connect_that_fails(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.reserve(volume_id)
    cloud.driver.connect = _raising(exceptions.TornBackend())

    got = cloud.connect(attachment_id, status=503)
    assert "The storage backend failed" in got.text
    assert cloud.show(volume_id)["status"] == "reserved"
    del cloud.driver.connect
    cloud.connect(attachment_id)


def _raising(error):
    def fail(*args, **kwargs):
        raise error
    return fail


def test_complete_needs_a_connection(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.reserve(volume_id)

    cloud.call("POST", f"/v3/attachments/{attachment_id}/action",
               {"os-complete": {}}, SERVICE, status=400)


def test_another_connector_needs_another_attachment(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.reserve(volume_id)
    cloud.connect(attachment_id)

    cloud.connect(attachment_id, status=400, host="n2")


def test_lists(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.attach(volume_id)

    def listed(query="", ctx=MEMBER, path="/v3/attachments"):
        got = cloud.call("GET", path + query, ctx=ctx, status=200)
        return [row["id"] for row in got.json["attachments"]]

    assert listed() == [attachment_id]
    assert listed(path="/v3/p1/attachments/detail") == [attachment_id]
    assert listed(f"?volume_id={volume_id}&status=attached") == [
        attachment_id]
    assert listed("?instance_id=s2") == []
    assert listed(ctx=OTHER) == []
    assert listed(ctx=SERVICE) == []
    assert listed(f"?all_tenants=1&volume_id={volume_id}&instance_id=s1",
                  SERVICE) == [attachment_id]
    assert listed("?all_tenants=1", OTHER) == []


def test_foreign_attachments_are_not_found(cloud):
    attachment_id = cloud.attach(cloud.create())

    path = f"/v3/attachments/{attachment_id}"
    cloud.call("GET", path, ctx=OTHER, status=404)
    cloud.call("DELETE", path, ctx=OTHER, status=404)
    cloud.call("PUT", path, {"attachment": {"connector": {"host": "x"}}},
               OTHER, status=404)
    cloud.call("POST", f"{path}/action", {"os-complete": {}}, OTHER,
               status=404)
    cloud.call("DELETE", path, ctx=READER, status=403)


def test_versions(cloud):
    volume_id = cloud.create()
    body = {"attachment": {"volume_uuid": volume_id, "instance_uuid": "s"}}

    cloud.call("POST", "/v3/attachments", body, version="3.26", status=404)
    with_mode = {"attachment": body["attachment"] | {"mode": "ro"}}
    cloud.call("POST", "/v3/attachments", with_mode, version="3.53",
               status=400)
    cloud.call("POST", "/v3/attachments", body, version="3.27", status=202)


@pytest.mark.parametrize("body", [
    {}, {"attachment": {}}, {"attachment": {"volume_uuid": "x"}},
    {"attachment": {"volume_uuid": "0" * 32, "x": 1}}])
def test_bad_bodies(cloud, body):
    cloud.call("POST", "/v3/attachments", body, status=400)


def test_queries_do_not_grow_with_the_rows(cloud):
    for _ in range(3):
        cloud.attach(cloud.create())
    cloud.runner.stop()

    with db.count_queries(cloud.db) as found:
        cloud.call("GET", "/v3/attachments/detail", status=200)
    assert found.count == 1
