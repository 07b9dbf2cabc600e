"""POST /volumes/{volume_id}/action."""

import pytest

from tests.unit.blockstore.cloud import ADMIN, MEMBER, READER


def act(cloud, volume_id, body, ctx=MEMBER, status=202):
    return cloud.call("POST", f"/v3/volumes/{volume_id}/action", body, ctx,
                      status=status)


def test_extend(cloud):
    volume_id = cloud.create()

    act(cloud, volume_id, {"os-extend": {"new_size": 3}})

    assert cloud.wait_for(volume_id, "available")["size"] == 3
    assert cloud.driver.sizes == {volume_id: 3}
    quota = cloud.call("GET", "/v3/limits").json["limits"]["absolute"]
    assert quota["totalGigabytesUsed"] == 3


@pytest.mark.parametrize("size", [1, 0, -1, "x", None, 65537])
def test_extend_to_what_is_no_larger(cloud, size):
    volume_id = cloud.create()

    got = act(cloud, volume_id, {"os-extend": {"new_size": size}},
              status=400)
    assert "new_size" in got.json["badRequest"]["message"]
    assert cloud.show(volume_id)["status"] == "available"


def test_extend_only_what_is_available(cloud):
    volume_id = cloud.create()
    cloud.reserve(volume_id)

    got = act(cloud, volume_id, {"os-extend": {"new_size": 2}}, status=400)
    assert "is reserved, and must be available" in got.text


def test_extend_that_fails(cloud):
    volume_id = cloud.create()

    act(cloud, volume_id, {"os-extend": {"new_size": 200}})

    assert cloud.wait_for(volume_id, "error_extending")["size"] == 1
    quota = cloud.call("GET", "/v3/limits").json["limits"]["absolute"]
    assert quota["totalGigabytesUsed"] == 1
    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=202)
    cloud.wait_for(volume_id, None)


def test_extend_over_quota(cloud):
    cloud.parts.quotas._defaults["gigabytes"] = 2
    volume_id = cloud.create()

    act(cloud, volume_id, {"os-extend": {"new_size": 3}}, status=413)
    act(cloud, volume_id, {"os-extend": {"new_size": 2}})


def test_set_bootable_and_readonly(cloud):
    volume_id = cloud.create()

    act(cloud, volume_id, {"os-set_bootable": {"bootable": "true"}},
        status=200)
    act(cloud, volume_id, {"os-update_readonly_flag": {"readonly": True}})

    shown = cloud.show(volume_id)
    assert shown["bootable"] == "true"
    assert shown["metadata"] == {"readonly": "True"}
    attachment_id = cloud.attach(volume_id)
    assert cloud.driver.exports()[attachment_id].readonly
    act(cloud, volume_id, {"os-update_readonly_flag": {"readonly": False}},
        status=400)


def test_reset_status(cloud):
    volume_id = cloud.create()

    act(cloud, volume_id, {"os-reset_status": {"status": "error"}}, ADMIN)

    assert cloud.show(volume_id)["status"] == "error"
    act(cloud, volume_id, {"os-reset_status": {"status": "nope"}}, ADMIN,
        400)
    act(cloud, volume_id, {"os-reset_status": {"status": "available"}},
        status=403)


def test_reset_status_against_the_evidence(cloud):
    volume_id = cloud.create()
    cloud.attach(volume_id)

    act(cloud, volume_id, {"os-reset_status": {"status": "available"}},
        ADMIN, 400)
    act(cloud, volume_id, {"os-reset_status": {
        "attach_status": "detached"}}, ADMIN, 400)

    assert cloud.show(volume_id)["status"] == "in-use"


def test_reset_status_ends_reservations(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.reserve(volume_id)

    act(cloud, volume_id, {"os-reset_status": {"status": "available"}},
        ADMIN)

    cloud.connect(attachment_id, status=404)
    cloud.attach(volume_id)


@pytest.mark.parametrize("status", [
    "creating", "error", "attaching", "maintenance", "error_deleting"])
def test_force_delete(cloud, status):
    volume_id = cloud.create()
    act(cloud, volume_id, {"os-reset_status": {"status": status}}, ADMIN)

    act(cloud, volume_id, {"os-force_delete": None}, status=403)
    act(cloud, volume_id, {"os-force_delete": {}}, ADMIN)

    cloud.wait_for(volume_id, None)
    assert cloud.driver.sizes == {}


def test_force_delete_of_what_a_server_has(cloud):
    volume_id = cloud.create()
    cloud.attach(volume_id)

    act(cloud, volume_id, {"os-force_delete": {}}, ADMIN, 400)
    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=400)
    assert cloud.show(volume_id)["status"] == "in-use"


def test_bad_actions(cloud):
    volume_id = cloud.create()

    got = act(cloud, volume_id, {"os-nope": {}}, status=400)
    assert "os-nope" in got.text and "os-extend" in got.text
    for body in ({}, [], {"os-extend": {}, "os-retype": {}},
                 {"os-extend": {"new_size": 2, "x": 1}},
                 {"os-set_bootable": {"bootable": "perhaps"}}):
        act(cloud, volume_id, body, status=400)


def test_readers_may_not_act(cloud):
    volume_id = cloud.create()

    for body in ({"os-extend": {"new_size": 2}},
                 {"os-set_bootable": {"bootable": True}},
                 {"os-update_readonly_flag": {"readonly": True}},
                 {"os-reset_status": {"status": "error"}},
                 {"os-force_delete": None}):
        act(cloud, volume_id, body, READER, 403)
