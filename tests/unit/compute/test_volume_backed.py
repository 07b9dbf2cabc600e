"""Servers that start from a volume."""

import json
import uuid

import pytest
from keystoneauth1 import exceptions as ksa

from common import failpoint
from tests.unit.compute import outside
from tests.unit.compute.test_failures import (  # noqa: F401
    Crash,
    adopt,
    strike,
)


def root(volume_id, **changes):
    return {"imageRef": "", "block_device_mapping_v2": [{
        "uuid": volume_id, "source_type": "volume", "boot_index": 0,
        "destination_type": "volume", "delete_on_termination": True}
        | changes]}


@pytest.mark.parametrize("delete", [True, False])
def test_volume_is_the_root_disk_for_life(cloud, delete):
    world, store = cloud.world, cloud.world.blockstore
    volume_id = store.add()
    server_id = world.active(**root(volume_id, delete_on_termination=delete))

    server = world.show(server_id)
    assert server["image"] == ""
    assert server["os-extended-volumes:volumes_attached"] == [
        {"id": volume_id, "delete_on_termination": delete}]
    assert store.volumes[volume_id]["status"] == "in-use"
    assert world.placed(f"/allocations/{server_id}")["allocations"][
        _provider(world)]["resources"].get("DISK_GB", 0) == 0
    path = f"/v2.1/servers/{server_id}"
    world.call("DELETE", f"{path}/os-volume_attachments/{volume_id}",
               status=400)
    for action, status in (("os-stop", "SHUTOFF"), ("os-start", "ACTIVE")):
        world.call("POST", f"{path}/action", {action: None}, status=202)
        world.wait_status(server_id, status)
    assert list(cloud.driver._volumes[server_id]) == [volume_id]

    world.call("DELETE", path, status=204)
    world.wait_gone(server_id)
    assert store.attachments == {}
    assert (volume_id in store.volumes) is not delete


def test_what_cannot_be_a_root_disk(cloud):
    world, store = cloud.world, cloud.world.blockstore
    volume_id, busy, blank = store.add(), store.add(), store.add()
    store.volumes[busy]["status"] = "in-use"
    store.volumes[blank]["bootable"] = "false"

    for asked, said in (
            (root(str(uuid.uuid4())), "failed to get volume"),
            (root(busy), "status must be available"),
            (root(blank), "is not bootable"),
            (root(volume_id, boot_index=1), "boot_index"),
            (root(volume_id, source_type="snapshot"), "source_type"),
            (root(volume_id, colour="red"), "colour"),
            (root(volume_id) | {"min_count": 2}, "multiple instances"),
            (root(volume_id) | {"imageRef": outside.IMAGE}, "imageRef"),
            ({"imageRef": ""}, "imageRef")):
        answer = world.boot(status=400, **asked)
        assert said in answer.text
    assert store.attachments == {}


@pytest.mark.parametrize("name", [
    f"BuildServer.{step}.{when}" for step in (
        "connect_volume", "spawn", "complete_volume")
    for when in ("before", "after")])
@pytest.mark.parametrize("crash", [True, False])
def test_build_that_is_cut_short(cloud, strike, name, crash):  # noqa: F811
    world, store = cloud.world, cloud.world.blockstore
    volume_id = store.add()
    struck = strike(name, Crash() if crash else failpoint.Injected(name))
    server_id = world.boot(**root(volume_id))
    if crash:
        adopt(world, struck)
        world.wait_status(server_id, "ACTIVE")
        assert store.volumes[volume_id]["status"] == "in-use"
        assert len(store.attachments) == 1
        return
    world.wait_status(server_id, "ERROR")
    assert store.volumes[volume_id]["status"] == "available"
    assert store.attachments == {}
    world.call("DELETE", f"/v2.1/servers/{server_id}", status=204)
    world.wait_gone(server_id)
    assert volume_id not in store.volumes


def _provider(world):
    return world.placed("/resource_providers")["resource_providers"][0][
        "uuid"]


def _image(world, server_id, status=202):
    return world.call(
        "POST", f"/v2.1/servers/{server_id}/action",
        {"createImage": {"name": "snap", "metadata": {"a": "b"}}},
        version="2.45", status=status)


def test_image_is_of_snapshots(cloud):
    world, store = cloud.world, cloud.world.blockstore
    volume_id = store.add()
    server_id = world.active(**root(volume_id))

    image_id = _image(world, server_id).json["image_id"]

    (snapshot,) = store.snapshots.values()
    assert (snapshot["volume_id"], snapshot["name"]) == (
        volume_id, "snapshot for snap")
    image = world.clients.image.rows[image_id]
    assert world.clients.image.data[image_id] == b""
    assert (image["status"], image["a"], image["bdm_v2"],
            image["root_device_name"]) == ("active", "b", "True", "/dev/vda")
    (mapping,) = json.loads(image["block_device_mapping"])
    assert {key: mapping[key] for key in (
        "source_type", "destination_type", "snapshot_id", "boot_index",
        "volume_size", "delete_on_termination")} == {
        "source_type": "snapshot", "destination_type": "volume",
        "snapshot_id": snapshot["id"], "boot_index": 0, "volume_size": 1,
        "delete_on_termination": True}
    world.wait_status(server_id, "ACTIVE")


def test_image_of_snapshots_that_is_refused_leaves_none(cloud):
    world, store = cloud.world, cloud.world.blockstore
    server_id = world.active(**root(store.add()))
    world.clients.image.refusing = ksa.Forbidden("no", http_status=403)

    _image(world, server_id, status=403)

    assert store.snapshots == {}
    world.wait_status(server_id, "ACTIVE")


def test_image_of_snapshots_starts_no_empty_server(cloud):
    world = cloud.world
    image_id = _image(world, world.active(**root(
        world.blockstore.add()))).json["image_id"]

    answer = world.boot(status=400, imageRef=image_id)
    assert "Make a volume from the snapshot" in answer.text
