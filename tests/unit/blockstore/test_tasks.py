"""Tasks: each step made to fail in turn, and what is left then."""

import datetime

import pytest

from blockstore.db import volumes
from blockstore.db.models import TASKS, Volume
from blockstore.sweeper import Sweeper
from blockstore.tasks import ALL
from common import concurrency, db, failpoint
from tests.unit.blockstore.cloud import ADMIN

POINTS = sorted(
    f"{kind.__name__}.{step.name}.{when}"
    for kind in ALL for step in kind.steps for when in ("before", "after"))


@pytest.fixture
def plan(monkeypatch):
    def switch(text):
        monkeypatch.setenv("PILEUS_FAILPOINTS", text)
        failpoint.reload()
    yield switch
    monkeypatch.undo()
    failpoint.reload()


def settle(cloud):
    """Wait until no task is open."""
    with concurrency.Timeout(10):
        while True:
            with cloud.db.reader() as session:
                if not session.query(TASKS).filter(
                        TASKS.c.ended.is_(None)).count():
                    return
            concurrency.sleep(0.01)


def whole_life(cloud):
    """Create, extend, attach, detach and delete; return the statuses."""
    volume_id = cloud.create(wait=None)
    cloud.wait_for(volume_id, "available")
    cloud.call("POST", f"/v3/volumes/{volume_id}/action",
               {"os-extend": {"new_size": 2}}, status=202)
    cloud.wait_for(volume_id, "available")
    attachment_id = cloud.attach(volume_id)
    cloud.detach(attachment_id)
    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=202)
    cloud.wait_for(volume_id, None)
    first_id = cloud.create(imageRef=cloud.images.add(b"data"))
    snapshot_id = cloud.snapshot(first_id)
    second_id = cloud.create(snapshot_id=snapshot_id)
    cloud.call("DELETE", f"/v3/snapshots/{snapshot_id}", status=202)
    cloud.wait_for_snapshot(snapshot_id, None)
    for volume_id in (first_id, second_id):
        cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=202)
        cloud.wait_for(volume_id, None)


@pytest.mark.parametrize("point", POINTS)
def test_what_passes_is_retried(cloud, plan, point):
    plan(f"{point}=2*away")

    whole_life(cloud)

    assert cloud.driver.sizes == {} and cloud.driver.exports() == {}
    assert cloud.driver.snapshots == {}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["place", "copy_blocks", "finish"])
def test_snapshot_undone(cloud, plan, step, when):
    volume_id = cloud.create()
    plan(f"CreateSnapshot.{step}.{when}=1*raise")

    done = (step, when) == ("finish", "after")
    snapshot_id = cloud.snapshot(
        volume_id, wait="available" if done else "error")

    settle(cloud)
    assert set(cloud.driver.snapshots) == ({snapshot_id} if done else set())
    plan("DeleteSnapshot.forget.before=1*raise")
    cloud.call("DELETE", f"/v3/snapshots/{snapshot_id}", status=202)
    cloud.wait_for_snapshot(snapshot_id, "error_deleting")
    cloud.call("DELETE", f"/v3/snapshots/{snapshot_id}", status=202)
    cloud.wait_for_snapshot(snapshot_id, None)
    assert cloud.driver.snapshots == {}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["place", "create_blocks", "finish"])
@pytest.mark.parametrize("image", [False, True])
def test_create_undone(cloud, plan, step, when, image):
    spec = {"imageRef": cloud.images.add(b"data")} if image else {}
    kind = "CreateVolumeFromImage" if image else "CreateVolume"
    plan(f"{kind}.{step}.{when}=1*raise")

    volume_id = cloud.create(wait=None, **spec)

    ends = ("available" if (step, when) == ("finish", "after") else "error")
    shown = cloud.wait_for(volume_id, ends)
    settle(cloud)
    if ends == "available":
        assert cloud.driver.sizes == {volume_id: 1}
        assert shown["os-vol-host-attr:host"]
    if ends == "error":
        assert shown["os-vol-host-attr:host"] is None
        assert cloud.driver.sizes == {}
        with cloud.db.reader() as session:
            reason = volumes.get(session, volume_id).reason
        assert reason == f"{step} failed unexpectedly (Injected)"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["export", "finish"])
def test_connect_undone(cloud, plan, step, when):
    volume_id = cloud.create()
    attachment_id = cloud.reserve(volume_id)
    plan(f"ConnectVolume.{step}.{when}=1*raise")

    if (step, when) == ("finish", "after"):
        # The address was told, so the export stays.
        cloud.connect(attachment_id)
        settle(cloud)
        assert list(cloud.driver.exports()) == [attachment_id]
        return
    cloud.connect(attachment_id, status=503)
    assert cloud.show(volume_id)["status"] == "reserved"
    assert cloud.driver.exports() == {}
    cloud.connect(attachment_id)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["unexport", "forget"])
def test_disconnect_undone(cloud, plan, step, when):
    volume_id = cloud.create()
    attachment_id = cloud.attach(volume_id)
    plan(f"DisconnectVolume.{step}.{when}=1*raise")

    if (step, when) == ("forget", "after"):
        cloud.detach(attachment_id)
        assert cloud.show(volume_id)["status"] == "available"
        return
    cloud.detach(attachment_id, status=503)
    assert cloud.show(volume_id)["status"] == "in-use"
    # What was ended already is started again.
    cloud.reconciler.run_once()
    assert list(cloud.driver.exports()) == [attachment_id]
    cloud.detach(attachment_id)


@pytest.mark.parametrize("step", ["delete_blocks", "forget"])
def test_delete_undone(cloud, plan, step):
    volume_id = cloud.create()
    plan(f"DeleteVolume.{step}.before=1*raise")

    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=202)
    cloud.wait_for(volume_id, "error_deleting")

    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=202)
    cloud.wait_for(volume_id, None)
    assert cloud.driver.sizes == {}


def test_force_delete_ends_a_creation(cloud, plan):
    plan("CreateVolume.create_blocks.before=away")
    volume_id = cloud.create(wait=None)

    cloud.call("POST", f"/v3/volumes/{volume_id}/action",
               {"os-force_delete": {}}, ADMIN, status=202)

    cloud.wait_for(volume_id, None)
    assert cloud.driver.sizes == {}


def test_what_has_no_task_is_ended(cloud):
    long_ago = db.utcnow() - datetime.timedelta(minutes=5)
    ids = {}
    for status in ("creating", "deleting", "extending"):
        ids[status] = cloud.create()
        with cloud.db.writer() as session:
            volume = session.get(Volume, ids[status])
            volume.status, volume.updated_at = status, long_ago
    sweeper = Sweeper(cloud.db)

    assert sweeper.run_once() == 3
    assert [cloud.show(ids[status])["status"] for status in ids] == [
        "error", "error_deleting", "error_extending"]
    assert sweeper.run_once() == 0


def test_attachments_without_a_task_are_put_back(cloud):
    from blockstore.db.models import Attachment
    long_ago = db.utcnow() - datetime.timedelta(minutes=5)
    attached = cloud.attach(cloud.create())
    reserved = cloud.reserve(cloud.create())
    with cloud.db.writer() as session:
        session.get(Attachment, attached).status = "detaching"
        session.get(Attachment, reserved).status = "attaching"
        for each in (attached, reserved):
            session.get(Attachment, each).updated_at = long_ago

    assert Sweeper(cloud.db).run_once() == 2
    with cloud.db.reader() as session:
        assert session.get(Attachment, attached).status == "attached"
        assert session.get(Attachment, reserved).status == "reserved"


def test_what_has_a_task_is_left_to_it(cloud, plan):
    plan("CreateVolume.create_blocks.before=away")
    volume_id = cloud.create(wait=None)
    with cloud.db.writer() as session:
        session.get(Volume, volume_id).updated_at = (
            db.utcnow() - datetime.timedelta(minutes=5))

    assert Sweeper(cloud.db).run_once() == 0
    plan("")
    cloud.wait_for(volume_id, "available")
    settle(cloud)
    with cloud.db.reader() as session:
        assert session.query(TASKS.c.state).all() == [("done",)]
