"""What was lost in spite of all is ended."""

import datetime

import pytest
import sqlalchemy as sa

from compute.db.cell import models, servers
from compute.mender import Mender


@pytest.fixture
def mender(cloud):
    return Mender(cloud.world.cell_db, cloud.world.tasks,
                  grace=datetime.timedelta(0))


def lose_tasks(world, server_id, **values):
    with world.cell_db.writer() as session:
        servers.change(session, server_id, values=values)
        session.execute(sa.delete(models.task_tables))


def test_lost_build(cloud, mender):
    world = cloud.world
    server_id = world.active()
    lose_tasks(world, server_id, vm_state="building",
               task_state="spawning")

    assert mender.run_once() == 1

    server = world.wait_status(server_id, "ERROR")
    assert "lost" in server["fault"]["message"]
    assert mender.run_once() == 0


def test_lost_reboot(cloud, mender):
    server_id = cloud.world.active()
    lose_tasks(cloud.world, server_id, task_state="rebooting")

    assert mender.run_once() == 1

    cloud.world.wait_status(server_id, "ACTIVE")


def test_lost_deletion(cloud, mender):
    server_id = cloud.world.active()
    lose_tasks(cloud.world, server_id, task_state="deleting")

    assert mender.run_once() == 1

    cloud.world.wait_gone(server_id)


def test_lost_attachment(cloud, mender):
    world = cloud.world
    server_id, volume_id = world.active(), world.blockstore.add()
    with world.cell_db.writer() as session:
        session.add(models.Volume(
            id="x", server_id=server_id, volume_id=volume_id,
            device="/dev/vdb"))

    assert mender.run_once() == 1

    path = f"/v2.1/servers/{server_id}/os-volume_attachments"
    world.wait(lambda: not world.call("GET", path).json[
        "volumeAttachments"])


def test_lost_port(cloud, mender):
    world = cloud.world
    server_id = world.active()
    with world.cell_db.writer() as session:
        session.execute(sa.update(models.Nic).values(status="attaching"))

    assert mender.run_once() == 1

    path = f"/v2.1/servers/{server_id}/os-interface"
    world.wait(lambda: not world.call("GET", path).json[
        "interfaceAttachments"])
    assert world.network.ports == []


def test_what_is_worked_on_is_left(cloud, mender):
    world = cloud.world
    world.auto_plug = False
    world.boot()

    assert mender.run_once() == 0
