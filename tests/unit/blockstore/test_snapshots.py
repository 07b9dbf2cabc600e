"""Snapshots, from the HTTP request to the blocks."""

import shutil
import subprocess
import uuid

import pytest

from blockstore.drivers.base import Export
from blockstore.drivers.file import FileDriver
from common import db
from tests.unit.blockstore.cloud import (
    ADMIN,
    MEMBER,
    OTHER,
    READER,
    SERVICE,
    Cloud,
)


def post(cloud, volume_id, ctx=MEMBER, *, status, version="latest", **spec):
    return cloud.call("POST", "/v3/snapshots", {"snapshot": {
        "volume_id": volume_id} | spec}, ctx, status=status,
        version=version)


def test_life(cloud):
    volume_id = cloud.create(size=2)
    made = post(cloud, volume_id, name=" s ", description="d",
                metadata={"a": "b"}, status=202).json["snapshot"]
    assert (made["status"], made["name"], made["size"]) == (
        "creating", "s", 2)
    path = f"/v3/snapshots/{made['id']}"
    shown = cloud.wait_for_snapshot(made["id"], "available")

    assert shown["volume_id"] == volume_id
    assert shown["metadata"] == {"a": "b"}
    assert shown["os-extended-snapshot-attributes:progress"] == "100%"
    assert shown["os-extended-snapshot-attributes:project_id"] == "p1"
    listed = cloud.call("GET", "/v3/snapshots/detail?status=available")
    assert [each["id"] for each in listed.json["snapshots"]] == [made["id"]]
    cloud.call("PUT", path, {"snapshot": {"name": "t"}}, status=200)
    got = cloud.call("GET", f"/v3/snapshots?volume_id={volume_id}")
    assert got.json["snapshots"][0]["name"] == "t"
    assert not cloud.call(
        "GET", "/v3/snapshots?name=s").json["snapshots"]
    cloud.call("DELETE", path, status=202)
    cloud.wait_for_snapshot(made["id"], None)
    assert cloud.driver.snapshots == {}


def test_refusals(cloud):
    volume_id = cloud.create()

    post(cloud, str(uuid.uuid4()), status=404)
    post(cloud, volume_id, OTHER, status=404)
    post(cloud, volume_id, READER, status=403)
    post(cloud, volume_id, colour="red", status=400)
    post(cloud, volume_id, force=False, status=400)
    snapshot_id = cloud.snapshot(volume_id)
    path = f"/v3/snapshots/{snapshot_id}"
    for method in ("GET", "DELETE"):
        cloud.call(method, path, ctx=OTHER, status=404)
    cloud.call("DELETE", path, ctx=READER, status=403)
    got = cloud.call("GET", "/v3/snapshots?all_tenants=1", ctx=OTHER)
    assert got.json["snapshots"] == []
    got = cloud.call("GET", "/v3/snapshots?all_tenants=1", ctx=ADMIN)
    assert len(got.json["snapshots"]) == 1


def test_volumes_with_snapshots_stay(cloud):
    volume_id = cloud.create()
    snapshot_id = cloud.snapshot(volume_id)

    got = cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=400)
    assert "has snapshots" in got.text
    cloud.call("POST", f"/v3/volumes/{volume_id}/action",
               {"os-force_delete": {}}, ADMIN, status=400)
    assert cloud.show(volume_id)["status"] == "available"
    cloud.call("DELETE", f"/v3/snapshots/{snapshot_id}", status=202)
    cloud.wait_for_snapshot(snapshot_id, None)
    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=202)


def test_volumes_in_use_take_force(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.reserve(volume_id)

    post(cloud, volume_id, force=True, status=400)
    cloud.connect(attachment_id)
    cloud.complete(attachment_id)
    post(cloud, volume_id, version="3.65", status=400)
    cloud.snapshot(volume_id, force=True)
    post(cloud, volume_id, force=True, version="3.0", status=202)
    assert cloud.show(volume_id)["status"] == "in-use"


def test_quotas(cloud):
    volume_id = cloud.create(size=4)

    def limit(**limits):
        cloud.call("PUT", "/v3/os-quota-sets/p1", {"quota_set": limits},
                   ADMIN, status=200)
    limit(gigabytes=7)
    assert "gigabytes" in post(cloud, volume_id, status=413).text
    limit(gigabytes=8, snapshots=1)
    cloud.snapshot(volume_id)
    limit(gigabytes=100)
    assert "snapshots" in post(cloud, volume_id, status=413).text
    absolute = cloud.call("GET", "/v3/limits").json["limits"]["absolute"]
    assert absolute["maxTotalSnapshots"] == 1
    assert absolute["totalSnapshotsUsed"] == 1
    assert absolute["totalGigabytesUsed"] == 8


def test_a_full_backend(cloud):
    volume_id = cloud.create(size=60)

    cloud.snapshot(volume_id, wait="error")

    assert cloud.driver.snapshots == {}


def test_volumes_from_snapshots(cloud):
    image_id = cloud.images.add(b"data", name="boot")
    snapshot_id = cloud.snapshot(cloud.create(size=2, imageRef=image_id))
    plain_id = cloud.snapshot(cloud.create())

    volume_id = cloud.create(snapshot_id=snapshot_id, size=None)

    shown = cloud.show(volume_id)
    assert (shown["size"], shown["snapshot_id"]) == (2, snapshot_id)
    assert shown["bootable"] == "true"
    assert shown["volume_image_metadata"]["image_name"] == "boot"
    assert cloud.show(cloud.create(snapshot_id=plain_id))[
        "bootable"] == "false"
    for status, ctx, spec in (
            (400, MEMBER, {"snapshot_id": snapshot_id, "size": 1}),
            (400, MEMBER, {"snapshot_id": snapshot_id, "size": 2,
                           "imageRef": image_id}),
            (404, OTHER, {"snapshot_id": snapshot_id, "size": 2}),
            (404, MEMBER, {"snapshot_id": str(uuid.uuid4()), "size": 2})):
        cloud.call("POST", "/v3/volumes", {"volume": spec}, ctx,
                   status=status)


def test_orphaned_snapshots_are_erased(cloud):
    kept = cloud.snapshot(cloud.create())
    cloud.driver.snapshots[str(uuid.uuid4())] = 1

    cloud.reconciler.run_once()

    assert set(cloud.driver.snapshots) == {kept}


def test_queries_do_not_grow_with_the_rows(cloud):
    volume_id = cloud.create()
    for _ in range(4):
        cloud.snapshot(volume_id)
    cloud.runner.stop()

    def queries(method, path, body=None):
        with db.count_queries(cloud.db) as found:
            got = cloud.call(method, path, body)
            assert got.status_int in (200, 202)
        return found.count
    many, one = (queries("GET", f"/v3/snapshots/detail?limit={limit}")
                 for limit in (4, 1))
    assert many == one == 1
    body = {"snapshot": {"volume_id": volume_id}}
    assert queries("POST", "/v3/snapshots", body) == queries(
        "POST", "/v3/snapshots", body) <= 12


@pytest.mark.skipif(shutil.which("qemu-storage-daemon") is None,
                    reason="needs qemu-storage-daemon")
@pytest.mark.parametrize("disk_format", ["qcow2", "raw"])
def test_copies_what_was_there_while_it_is_written(tmp_path, disk_format):
    driver = FileDriver(str(tmp_path / "volumes"), str(tmp_path / "x"),
                        disk_format=disk_format)
    cloud = Cloud(tmp_path, driver=driver).start()
    try:
        volume_id = cloud.create()
        attachment_id = cloud.attach(volume_id)
        write(driver, attachment_id, volume_id, 1)

        snapshot_id = cloud.snapshot(volume_id, SERVICE, force=True)
        write(driver, attachment_id, volume_id, 2)
        copy_id = cloud.create(snapshot_id=snapshot_id)

        again = cloud.snapshot(volume_id, force=True)
        other_id = cloud.create(snapshot_id=again)
        assert read(driver, copy_id) == b"\1"
        assert read(driver, other_id) == b"\2"
        cloud.detach(attachment_id)
        last_id = cloud.create(snapshot_id=cloud.snapshot(volume_id))
        assert read(driver, last_id) == b"\2"
    finally:
        for export in driver.exports().values():
            driver.disconnect(export, force=True)
        cloud.stop()


def write(driver, attachment_id, volume_id, pattern):
    """Write as a guest would."""
    info = driver.connect(driver.exports()[attachment_id])["data"]
    subprocess.run(
        ["qemu-io", "-f", "raw", "-c", f"write -q -P {pattern} 1M 4k",
         f"nbd+unix:///{info['export']}?socket={info['socket']}"],
        check=True, timeout=20)


def read(driver, volume_id):
    """Return the one value of the bytes that were written."""
    export = Export(str(uuid.uuid4()), volume_id)
    info = driver.connect(export)["data"]
    try:
        return next(bytes([pattern]) for pattern in range(3) if (
            "failed" not in subprocess.run(
                ["qemu-io", "-f", "raw", "-r", "-c",
                 f"read -P {pattern} 1M 4k",
                 f"nbd+unix:///{info['export']}?socket={info['socket']}"],
                timeout=20, capture_output=True, text=True).stdout))
    finally:
        driver.disconnect(export, force=True)
