"""Tasks that are cut short or fail, at each of their steps."""

import dataclasses
import functools

import pytest
import sqlalchemy as sa

from common import concurrency, failpoint
from compute.db.cell import models
from compute.tasks.attach_port import AttachPort, DetachPort
from compute.tasks.attach_volume import AttachVolume, DetachVolume
from compute.tasks.build_server import BuildServer
from compute.tasks.delete_server import DeleteServer
from compute.tasks.power_server import PowerServer
from tests.unit.compute import outside


class Crash(BaseException):
    """Ends the worker where it stands, as kill -9 would."""


def points(kind):
    return [f"{kind.__name__}.{step.name}.{when}"
            for step in kind.steps for when in ("before", "after")]


@pytest.fixture
def strike(monkeypatch, cloud):
    """Raise an error the first time that a failpoint is reached."""
    def at(name, error):
        left = [name]

        def hit(reached):
            if reached in left:
                left.remove(reached)
                raise error
        monkeypatch.setattr(failpoint, "hit", hit)
        return lambda: not left
    return at


def adopt(world, struck):
    """Wait for the crash, then let a lease run out at once."""
    world.wait(struck)
    with world.cell_db.writer() as session:
        session.execute(sa.update(models.task_tables).values(
            owner=None, not_before=0.0))
    world.tasks.wake()


def nothing_is_left(world, driver, server_id):
    assert driver.guests() == {}
    assert world.network.ports == []
    assert world.placed(f"/allocations/{server_id}")["allocations"] == {}


@pytest.mark.parametrize("name", points(BuildServer))
def test_build_goes_on_after_a_crash(cloud, strike, name):
    world = cloud.world
    struck = strike(name, Crash())
    server_id = world.boot()

    adopt(world, struck)

    world.wait_status(server_id, "ACTIVE")
    assert len(world.network.ports) == 1
    assert list(cloud.driver.guests()) == [server_id]


@pytest.mark.parametrize("name", points(BuildServer)[:-1])
def test_build_that_fails_leaves_nothing(cloud, strike, name):
    world = cloud.world
    strike(name, failpoint.Injected(name))

    server = world.wait_status(world.boot(), "ERROR")

    assert "failed unexpectedly" in server["fault"]["message"]
    nothing_is_left(world, cloud.driver, server["id"])
    world.call("DELETE", f"/v2.1/servers/{server['id']}", status=204)
    world.wait_gone(server["id"])


@pytest.mark.parametrize("name", points(DeleteServer))
def test_delete_goes_on_after_a_crash(cloud, strike, name):
    world = cloud.world
    server_id = world.active()
    struck = strike(name, Crash())
    world.call("DELETE", f"/v2.1/servers/{server_id}", status=204)

    adopt(world, struck)

    world.wait_gone(server_id)
    nothing_is_left(world, cloud.driver, server_id)


@pytest.mark.parametrize("name", points(AttachVolume))
def test_attach_goes_on_after_a_crash(cloud, strike, name):
    world = cloud.world
    server_id, volume_id = world.active(), world.blockstore.add()
    struck = strike(name, Crash())
    _attach(world, server_id, volume_id)

    adopt(world, struck)

    world.wait(lambda: _rows(world) == ["attached"])
    assert world.blockstore.volumes[volume_id]["status"] == "in-use"
    assert len(world.blockstore.attachments) == 1


@pytest.mark.parametrize("name", points(AttachVolume)[:-2])
def test_attach_that_fails_is_taken_back(cloud, strike, name):
    world = cloud.world
    server_id, volume_id = world.active(), world.blockstore.add()
    strike(name, failpoint.Injected(name))

    _attach(world, server_id, volume_id)

    world.wait(lambda: _rows(world) == [])
    assert world.blockstore.volumes[volume_id]["status"] == "available"
    assert cloud.driver._volumes[server_id] == {}


@pytest.mark.parametrize("name", points(DetachVolume))
def test_detach_goes_on_after_a_crash(cloud, strike, name):
    world = cloud.world
    server_id, volume_id = world.active(), world.blockstore.add()
    _attach(world, server_id, volume_id)
    world.wait(lambda: _rows(world) == ["attached"])
    struck = strike(name, Crash())
    world.call("DELETE", f"/v2.1/servers/{server_id}/os-volume_attachments"
               f"/{volume_id}", status=202)

    adopt(world, struck)

    world.wait(lambda: _rows(world) == [])
    assert world.blockstore.volumes[volume_id]["status"] == "available"


#: Each point of a port's attachment, with a port of ours or of the user.
PORT_CASES = [
    *((name, name.endswith("before")) for name in points(AttachPort)),
    ("AttachPort.bind.after", True)]


@pytest.mark.parametrize("name, lent", PORT_CASES)
def test_port_attach_goes_on_after_a_crash(cloud, strike, name, lent):
    world = cloud.world
    server_id = world.active()
    struck = strike(name, Crash())
    _attach_port(world, server_id, lent, in_thread=True)

    adopt(world, struck)

    world.wait(lambda: _nics(world) == ["attached"] * 2)
    assert len(world.network.ports) == 2
    assert {port["device_id"] for port in world.network.ports} == {server_id}
    assert cloud.driver._ports[server_id] == {
        port["id"] for port in world.network.ports}


@pytest.mark.parametrize("name, lent", [
    case for case in PORT_CASES if case[0] != "AttachPort.settle.after"])
def test_port_attach_that_fails_is_taken_back(cloud, strike, name, lent):
    world = cloud.world
    server_id = world.active()
    strike(name, failpoint.Injected(name))

    _attach_port(world, server_id, lent)

    world.wait(lambda: _nics(world) == ["attached"])
    world.wait(lambda: [port["device_id"] for port in world.network.ports]
               == [server_id] + [""] * lent)
    assert cloud.driver._ports[server_id] == {world.network.ports[0]["id"]}


@pytest.mark.parametrize("name", points(DetachPort))
def test_port_detach_goes_on_after_a_crash(cloud, strike, name):
    world = cloud.world
    server_id = world.active()
    port_id = _attach_port(world, server_id, lent=True).json[
        "interfaceAttachment"]["port_id"]
    world.wait(lambda: _nics(world) == ["attached"] * 2)
    struck = strike(name, Crash())
    world.call("DELETE", f"/v2.1/servers/{server_id}/os-interface/{port_id}",
               status=202)

    adopt(world, struck)

    world.wait(lambda: _nics(world) == ["attached"])
    assert world.network._find(port_id)["device_id"] == ""
    assert port_id not in cloud.driver._ports[server_id]


@pytest.mark.parametrize("name", points(PowerServer))
def test_stop_goes_on_after_a_crash(cloud, strike, name):
    world = cloud.world
    server_id = world.active()
    struck = strike(name, Crash())
    world.call("POST", f"/v2.1/servers/{server_id}/action",
               {"os-stop": None}, status=202)

    adopt(world, struck)

    world.wait_status(server_id, "SHUTOFF")


def test_stop_that_fails_leaves_the_server_as_it_was(cloud, strike):
    world = cloud.world
    server_id = world.active()
    strike("PowerServer.act.before", failpoint.Injected("x"))

    world.call("POST", f"/v2.1/servers/{server_id}/action",
               {"os-stop": None}, status=202)

    world.wait_status(server_id, "ACTIVE")
    shown = world.call(
        "GET", f"/v2.1/servers/{server_id}/os-instance-actions").json
    assert shown["instanceActions"][0]["message"] == "Error"


def _attach(world, server_id, volume_id):
    world.call("POST", f"/v2.1/servers/{server_id}/os-volume_attachments",
               {"volumeAttachment": {"volumeId": volume_id}})


def _rows(world):
    with world.cell_db.reader() as session:
        return list(session.scalars(sa.select(models.Volume.status)))


def _attach_port(world, server_id, lent, in_thread=False):
    asked = {"net_id": outside.NET}
    if lent:
        asked = {"port_id": world.network.create(json={"port": {
            "network_id": outside.NET}})["port"]["id"]}
    call = functools.partial(
        world.call, "POST", f"/v2.1/servers/{server_id}/os-interface",
        {"interfaceAttachment": asked})
    return concurrency.spawn(call) if in_thread else call()


def _nics(world):
    with world.cell_db.reader() as session:
        return list(session.scalars(sa.select(models.Nic.status)))


def test_late_write_of_a_worker_that_was_given_up_is_refused(
        cloud, monkeypatch):
    """It stood still while it chose a host; another has the task now."""
    world, scheduler = cloud.world, cloud.world.env.scheduler
    choose, left = scheduler.place, ["stand still"]

    def place(*args):
        found = choose(*args)
        if not left:
            return found
        left.clear()
        with world.cell_db.writer() as session:
            session.execute(sa.update(models.task_tables).values(
                owner=None, fence=models.task_tables.c.fence + 1))
        return dataclasses.replace(found, host="elsewhere")
    monkeypatch.setattr(scheduler, "place", place)

    server_id = world.boot()

    world.wait(lambda: not left)
    world.tasks.wake()
    server = world.wait_status(server_id, "ACTIVE")
    assert server["OS-EXT-SRV-ATTR:host"] == "h1"
