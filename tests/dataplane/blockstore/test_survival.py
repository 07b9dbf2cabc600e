"""Volumes outlive the death of everything, and nothing is left over."""

import pathlib
import shutil
import tempfile
import time

import pytest

from tests.dataplane.blockstore.process import Volumes, kill
from tests.dataplane.blockstore.test_file_driver import qemu_io, url_of

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-storage-daemon") is None,
    reason="needs qemu-storage-daemon")


@pytest.fixture(scope="module")
def volumes():
    """One state for all: each kill starts it anew, nothing else has to."""
    state = pathlib.Path(tempfile.mkdtemp(prefix="vol", dir="/tmp"))
    made = Volumes(state)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(state)


@pytest.fixture
def cloud(volumes):
    volumes.begin()
    return volumes


def eventually(check, timeout=20):
    until = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_data_live_on_while_everything_is_killed(cloud):
    volume_id = cloud.create()
    cloud.wait_for(volume_id, "available")
    attachment_id, info = cloud.attach(volume_id)
    url = url_of(info)
    qemu_io(url, "write -P 1 0 1M", "flush")

    cloud.kill()
    qemu_io(url, "read -P 1 0 1M", "write -P 2 1M 1M", "flush")
    cloud.start()
    qemu_io(url, "read -P 2 1M 1M")
    pid, = cloud.pids()

    # The storage daemon, under a living agent.
    kill(pid)
    eventually(lambda: cloud.pids() not in ([], [pid]))
    qemu_io(url, "read -P 1 0 1M", "read -P 2 1M 1M")

    # Both at once.
    cloud.kill()
    kill(cloud.pids()[0])
    cloud.start()
    eventually(cloud.pids)
    qemu_io(url, "read -P 1 0 1M", "read -P 2 1M 1M")
    assert cloud.status(volume_id) == "in-use"

    cloud.detach(attachment_id)
    assert cloud.pids() == []
    cloud("DELETE", f"/v3/volumes/{volume_id}", status=202)
    cloud.wait_for(volume_id, None)
    assert cloud.files() == []


def test_a_new_volume_reads_as_zeros(cloud):
    first = cloud.create()
    cloud.wait_for(first, "available")
    attachment_id, info = cloud.attach(first)
    qemu_io(url_of(info), "write -P 7 0 32M", "flush")
    cloud.detach(attachment_id)
    cloud("DELETE", f"/v3/volumes/{first}", status=202)
    cloud.wait_for(first, None)
    second = cloud.create()
    cloud.wait_for(second, "available")

    _, info = cloud.attach(second)
    qemu_io(url_of(info), "read -P 0 0 64M")


@pytest.mark.parametrize("point", [
    "CreateVolume.place.after", "CreateVolume.create_blocks.before",
    "volume-agent.created", "CreateVolume.create_blocks.after",
    "CreateVolume.finish.after"])
def test_killed_in_a_creation(cloud, point):
    cloud.failpoints.write_text(f"{point}=1*kill\n")
    volume_id = cloud.create()
    cloud.wait_dead()

    cloud.start()
    cloud.wait_for(volume_id, "available")
    assert cloud.files() == [volume_id]


@pytest.mark.parametrize("point", [
    "CreateSnapshot.copy_blocks.before", "volume-agent.copy-begun",
    "volume-agent.snapshot-created", "CreateSnapshot.finish.after"])
def test_killed_in_a_snapshot(cloud, point):
    """While a client writes; its daemon goes on copying without us."""
    volume_id = cloud.create()
    cloud.wait_for(volume_id, "available")
    attachment_id, info = cloud.attach(volume_id)
    qemu_io(url_of(info), "write -P 5 0 1M", "flush")
    cloud.failpoints.write_text(f"{point}=1*kill\n")
    made = cloud("POST", "/v3/snapshots", {"snapshot": {
        "volume_id": volume_id, "force": True}}, status=202).json()
    snapshot_id = made["snapshot"]["id"]
    cloud.wait_dead()

    cloud.start()
    path = f"/v3/snapshots/{snapshot_id}"
    eventually(lambda: cloud("GET", path).json()["snapshot"]["status"]
               == "available")
    qemu_io(url_of(info), "read -P 5 0 1M")
    cloud.detach(attachment_id)
    files = cloud.state / "volumes" / "snapshots"
    assert [each.stem for each in files.iterdir()] == [snapshot_id]
    cloud("DELETE", path, status=202)
    eventually(lambda: not list(files.iterdir()))


@pytest.mark.parametrize("point", [
    "ConnectVolume.export.before", "volume-agent.connected",
    "ConnectVolume.export.after", "ConnectVolume.finish.after"])
def test_killed_in_a_connect(cloud, point):
    volume_id = cloud.create()
    cloud.wait_for(volume_id, "available")
    attachment_id = cloud.reserve(volume_id)
    cloud.failpoints.write_text(f"{point}=1*kill\n")
    with pytest.raises(OSError):
        cloud.connect(attachment_id)
    cloud.wait_dead()

    cloud.start()
    info = cloud.connect(attachment_id)
    qemu_io(url_of(info), "write -P 3 0 64k")
    assert len(cloud.pids()) == 1
    cloud.detach(attachment_id)
    assert cloud.pids() == []


@pytest.mark.parametrize("point", [
    "DisconnectVolume.unexport.before", "DisconnectVolume.unexport.after",
    "DisconnectVolume.forget.after"])
def test_killed_in_a_disconnect(cloud, point):
    volume_id = cloud.create()
    cloud.wait_for(volume_id, "available")
    attachment_id, _ = cloud.attach(volume_id)
    cloud.failpoints.write_text(f"{point}=1*kill\n")
    with pytest.raises(OSError):
        cloud.detach(attachment_id)
    cloud.wait_dead()

    cloud.start()
    cloud.wait_for(volume_id, "available")
    assert cloud.pids() == []


@pytest.mark.parametrize("point", [
    "DeleteVolume.delete_blocks.before", "DeleteVolume.delete_blocks.after",
    "DeleteVolume.forget.after"])
def test_killed_in_a_deletion(cloud, point):
    volume_id = cloud.create()
    cloud.wait_for(volume_id, "available")
    cloud.failpoints.write_text(f"{point}=1*kill\n")
    cloud("DELETE", f"/v3/volumes/{volume_id}", status=202)
    cloud.wait_dead()

    cloud.start()
    cloud.wait_for(volume_id, None)
    assert cloud.files() == []
