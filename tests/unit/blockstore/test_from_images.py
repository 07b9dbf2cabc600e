"""Volumes made from images, with real files."""

import os
import subprocess
import uuid

import pytest

from blockstore.db import volumes
from blockstore.drivers.file import FileDriver
from common import db, failpoint
from tests.unit.blockstore.cloud import MEMBER, OTHER, Cloud

MIB = 1 << 20
DATA = os.urandom(64 << 10)


@pytest.fixture(params=["qcow2", "raw"])
def cloud(request, tmp_path):
    driver = FileDriver(str(tmp_path / "volumes"), str(tmp_path / "x"),
                        disk_format=request.param)
    made = Cloud(tmp_path, driver=driver).start()
    yield made
    made.stop()


@pytest.fixture
def plain(tmp_path):
    """A cloud for what never reaches a driver."""
    made = Cloud(tmp_path).start(agent=False)
    yield made
    made.stop()


def files(cloud):
    directory = cloud.conf.state_dir + "/volumes"
    assert os.listdir(f"{directory}/snapshots") == []
    return sorted(set(os.listdir(directory)) - {"snapshots"})


def content(cloud, tmp_path):
    """Return the one volume's bytes, and remove the copy of them."""
    (name,) = files(cloud)
    raw = tmp_path / "copy"
    subprocess.run(
        ["qemu-img", "convert", "-f", name.rpartition(".")[2], "-O", "raw",
         f"{tmp_path}/volumes/{name}", raw], check=True)
    with open(raw, "rb") as file:
        return os.path.getsize(raw), file.read(MIB)


def disk(tmp_path, disk_format, size="2G"):
    """Return the bytes of a disk that begins with DATA."""
    path = tmp_path / f"disk.{disk_format}"
    subprocess.run(["qemu-img", "create", "-q", "-f", disk_format, path,
                    size], check=True)
    (tmp_path / "data").write_bytes(DATA)
    subprocess.run(
        ["qemu-io", "-f", disk_format, "-c",
         f"write -q -s {tmp_path}/data 0 {len(DATA)}", path], check=True)
    return path.read_bytes()


def refused(cloud, field="imageRef", status=400, ctx=MEMBER, **spec):
    got = cloud.call("POST", "/v3/volumes", {
        "volume": {"size": 1} | spec}, ctx, status=status)
    assert field in got.text
    return got.text


def reason(cloud, volume_id):
    cloud.wait_for(volume_id, "error")
    with cloud.db.reader() as session:
        return volumes.get(session, volume_id).reason


def test_raw(cloud, tmp_path):
    image_id = cloud.images.add(
        DATA, name="boot", hw_disk_bus="virtio", os_glance_stage="x",
        min_ram=64)

    volume_id = cloud.create(imageRef=image_id, name="v")

    shown = cloud.show(volume_id, MEMBER)
    assert shown["bootable"] == "true"
    record = cloud.images.records[image_id]
    assert shown["volume_image_metadata"] == {
        "image_id": image_id, "image_name": "boot", "min_disk": "0",
        "min_ram": "64", "size": str(len(DATA)), "hw_disk_bus": "virtio",
        "checksum": record["checksum"], "container_format": "bare",
        "disk_format": "raw"}
    size, begin = content(cloud, tmp_path)
    assert size == 1 << 30
    assert begin[:len(DATA)] == DATA and not any(begin[len(DATA):])


@pytest.mark.parametrize("kind", ["qcow2", "vmdk", "vhdx"])
def test_other_formats(cloud, tmp_path, kind):
    image_id = cloud.images.add(disk(tmp_path, kind), disk_format=kind)

    cloud.create(size=3, imageRef=f"http://glance/v2/images/{image_id}")

    size, begin = content(cloud, tmp_path)
    assert size == 3 << 30 and begin[:len(DATA)] == DATA


def test_plain_volumes_show_no_image(cloud):
    shown = cloud.show(cloud.create())

    assert "volume_image_metadata" not in shown
    assert shown["bootable"] == "false"


def test_disk_larger_than_the_volume(cloud, tmp_path):
    image_id = cloud.images.add(disk(tmp_path, "qcow2"),
                                disk_format="qcow2")

    volume_id = cloud.create(imageRef=image_id, wait=None)

    assert "needs 2 GiB, and the volume has 1" in reason(cloud, volume_id)
    assert cloud.show(volume_id)["bootable"] == "false"
    assert files(cloud) == []


def test_what_is_not_the_recorded_data(cloud):
    changed = cloud.images.add(DATA, os_hash_value="0" * 128)
    longer = cloud.images.add(DATA, size=len(DATA) - 1)
    other = cloud.images.add(DATA, disk_format="qcow2")

    found = [reason(cloud, cloud.create(imageRef=image_id, wait=None))
             for image_id in (changed, longer, other)]

    assert "does not have the recorded hash" in found[0]
    assert f"is longer than its {len(DATA) - 1} bytes" in found[1]
    assert "is not qcow2" in found[2]
    assert files(cloud) == []


def test_disk_that_lies_on_a_file_of_ours(cloud, tmp_path):
    path = tmp_path / "trap.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F",
                    "raw", "-b", "/etc/passwd", path, "1G"], check=True)
    image_id = cloud.images.add(path.read_bytes(), disk_format="qcow2")

    volume_id = cloud.create(imageRef=image_id, wait=None)

    assert "is not safe" in reason(cloud, volume_id)
    assert files(cloud) == []


def test_refusals(plain):
    images = plain.images
    raw = images.add(DATA)

    refused(plain, imageRef="no-id")
    refused(plain, imageRef=f"../{raw}/file")
    refused(plain, imageRef=str(uuid.uuid4()), status=404,
            field="could not be found")
    refused(plain, imageRef=raw, ctx=OTHER, status=404,
            field="could not be found")
    refused(plain, imageRef=raw, size=None, field="size")
    assert "not active" in refused(
        plain, imageRef=images.add(DATA, status="queued"))
    assert "minDisk" in refused(plain, imageRef=images.add(
        DATA, min_disk=2))
    assert "larger than volume size 1GB" in refused(
        plain, image_id=images.add(DATA, virtual_size=(1 << 30) + 1))
    assert "container_format" in refused(
        plain, imageRef=images.add(DATA, container_format="ova"))
    assert "disk_format" in refused(
        plain, imageRef=images.add(DATA, disk_format="aki"))
    refused(plain, imageRef=raw, size=1001, status=413, field="gigabytes")
    assert plain.call("GET", "/v3/volumes").json["volumes"] == []


def test_shown_while_it_is_downloaded(plain):
    plain.reporter.run_once()
    image_id = plain.images.add(DATA)

    volume_id = plain.create(imageRef=image_id, wait="downloading")

    plain.call("DELETE", f"/v3/volumes/{volume_id}", status=400)


def test_a_constant_number_of_queries(plain):
    image_id = plain.images.add(DATA)
    plain.create(wait=None)
    counts = []
    for spec in ({}, {"imageRef": image_id}):
        with db.count_queries(plain.db) as found:
            plain.create(wait=None, **spec)
        counts.append(len(found.statements))
    assert counts[0] == counts[1] <= 12


def test_what_a_killed_agent_left_is_removed(cloud, tmp_path):
    volume_id = str(uuid.uuid4())
    left = [f"{tmp_path}/volumes/{volume_id}.{cloud.driver._format}{end}"
            for end in (".new", ".image")]
    for path in left:
        with open(path, "wb") as file:
            file.write(b"half")
    assert cloud.driver.list_ids() == set()

    cloud.driver.prepare()

    assert files(cloud) == []


@pytest.mark.parametrize("point", [
    "volume-agent.image-fetched", "volume-agent.created"])
def test_interrupted_download_is_done_again(cloud, monkeypatch, tmp_path,
                                            point):
    monkeypatch.setenv("PILEUS_FAILPOINTS", f"{point}=1*away")
    failpoint.reload()
    try:
        cloud.create(imageRef=cloud.images.add(DATA))
    finally:
        monkeypatch.undo()
        failpoint.reload()

    assert cloud.images.downloads == (2 if "fetched" in point else 1)
    assert content(cloud, tmp_path)[1][:len(DATA)] == DATA
