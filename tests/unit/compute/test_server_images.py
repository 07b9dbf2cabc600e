"""Images of servers."""

import pytest
import sqlalchemy as sa
from keystoneauth1 import exceptions as ksa

from common import failpoint
from compute.db.cell import models
from compute.tasks.create_image import CreateImage
from tests.unit.compute import outside
from tests.unit.compute.conftest import ADMIN, OTHER, READER
from tests.unit.compute.test_failures import (  # noqa: F401
    Crash,
    adopt,
    points,
    strike,
)


def snap(world, server_id, *, status=202, ctx=None, version="2.45",
         **changes):
    return world.call(
        "POST", f"/v2.1/servers/{server_id}/action",
        {"createImage": {"name": "snap"} | changes}, ctx=ctx,
        version=version, status=status)


def rests(world, server_id):
    return world.wait_status(server_id, "ACTIVE")


def test_image_of_a_server(cloud):
    world, images = cloud.world, cloud.world.clients.image
    images.rows[outside.IMAGE] |= {
        "img_signature": "x", "hw_disk_bus": "virtio", "min_ram": 64}
    server_id = world.active()

    image_id = snap(world, server_id, metadata={
        "a": "b", "hw_disk_bus": "scsi"}).json["image_id"]
    rests(world, server_id)

    image = images.rows[image_id]
    assert images.data[image_id] == f"disk of {server_id}".encode()
    assert image["status"] == "active"
    assert {key: image[key] for key in (
        "name", "visibility", "disk_format", "container_format", "min_disk",
        "min_ram", "image_type", "instance_uuid", "user_id",
        "base_image_ref", "os_distro", "a", "hw_disk_bus")} == {
        "name": "snap", "visibility": "private", "disk_format": "qcow2",
        "container_format": "bare", "min_disk": 1, "min_ram": 64,
        "image_type": "snapshot", "instance_uuid": server_id,
        "user_id": "u1", "base_image_ref": outside.IMAGE,
        "os_distro": "debian", "a": "b", "hw_disk_bus": "scsi"}
    assert "img_signature" not in image
    assert cloud.driver._copies[server_id] == {}
    path = f"/v2.1/servers/{server_id}/os-instance-actions"
    action = world.call("GET", path).json["instanceActions"][0]
    assert action["action"] == "createImage"
    log = world.call("GET", f"{path}/{action['request_id']}", ctx=ADMIN)
    assert [(event["event"], event["result"]) for event
            in log.json["instanceAction"]["events"]] == [
        ("compute_snapshot_instance", "Success")]


def test_older_versions_answer_with_a_location(cloud):
    world = cloud.world
    server_id = world.active()

    answer = snap(world, server_id, version="2.44")

    assert answer.body == b""
    base, image_id = answer.headers["Location"].rsplit("/", 1)
    assert base == "http://public.test/images/v2/images"
    assert image_id in world.clients.image.rows
    rests(world, server_id)


def test_refusals_begin_nothing(cloud):
    world = cloud.world
    world.conf.set_override("quota_metadata_items", 1, group="compute")
    server_id = world.active()

    snap(world, server_id, status=404, ctx=OTHER)
    snap(world, server_id, status=403, ctx=READER)
    snap(world, server_id, status=400, name="")
    snap(world, server_id, status=400, rotation=1)
    snap(world, server_id, status=403, metadata={"a": "1", "b": "2"})
    world.clients.image.refusing = ksa.Forbidden(
        "over the limit of images", http_status=403)
    assert "over the limit" in snap(world, server_id, status=403).text

    rests(world, server_id)
    assert list(world.clients.image.rows) == [outside.IMAGE]


def test_one_thing_at_a_time(cloud, monkeypatch):
    """While an image is made, states do not change; a deletion wins."""
    world = cloud.world
    server_id = world.active()
    seen = []
    send = cloud.driver.read_copy

    def read(*args):
        seen.append(world.show(server_id)["OS-EXT-STS:task_state"])
        for action in ("createImage", "os-stop"):
            world.call(
                "POST", f"/v2.1/servers/{server_id}/action",
                {action: {"name": "n"} if action == "createImage" else None},
                status=409)
        world.call("DELETE", f"/v2.1/servers/{server_id}", status=204)
        yield from send(*args)
    monkeypatch.setattr(cloud.driver, "read_copy", read)
    snap(world, server_id)

    world.wait_gone(server_id)
    assert seen == ["image_uploading"]
    assert cloud.driver.guests() == {}


def test_image_deleted_on_the_way(cloud, monkeypatch):
    world, images = cloud.world, cloud.world.clients.image
    server_id = world.active()
    copy = cloud.driver.copy_disk

    def copy_disk(spec, image_id):
        copy(spec, image_id)
        del images.rows[image_id]
    monkeypatch.setattr(cloud.driver, "copy_disk", copy_disk)
    snap(world, server_id)

    rests(world, server_id)
    assert list(images.rows) == [outside.IMAGE]
    assert cloud.driver._copies[server_id] == {}


@pytest.mark.parametrize("name", points(CreateImage))
def test_image_is_made_after_a_crash(cloud, strike, name):  # noqa: F811
    world, images = cloud.world, cloud.world.clients.image
    server_id = world.active()
    struck = strike(name, Crash())
    image_id = snap(world, server_id).json["image_id"]

    adopt(world, struck)

    rests(world, server_id)
    assert images.data == {image_id: f"disk of {server_id}".encode()}
    assert cloud.driver._copies[server_id] == {}


@pytest.mark.parametrize("name", points(CreateImage)[:5])
def test_image_that_fails_leaves_nothing(cloud, strike, name):  # noqa: F811
    world, images = cloud.world, cloud.world.clients.image
    server_id = world.active()
    strike(name, failpoint.Injected(name))
    snap(world, server_id)

    rests(world, server_id)
    assert list(images.rows) == [outside.IMAGE]
    assert not cloud.driver._copies.get(server_id)


def test_record_that_is_never_made(cloud, monkeypatch):
    """The API dies after it wrote the task."""
    world = cloud.world
    server_id = world.active()
    monkeypatch.setattr("compute.tasks.create_image._RECORD_S", 0.2)
    monkeypatch.setattr(world.clients.image, "create",
                        lambda json: None)
    snap(world, server_id)

    rests(world, server_id)
    with world.cell_db.reader() as session:
        assert "was deleted before" in session.scalar(
            sa.select(models.ActionEvent.details).where(
                models.ActionEvent.event == "compute_snapshot_instance"))
