"""The agent mends what differs, and destroys nothing by guess."""

import uuid

import pytest

from blockstore import exceptions
from blockstore.agent import VolumeAgent, Volumes
from blockstore.drivers.base import Export
from blockstore.images import ImageStore
from common import context
from tests.unit.blockstore.cloud import Cloud

CTX = context.service_context()


def test_nothing_to_do(cloud):
    cloud.attach(cloud.create())
    cloud.reserve(cloud.create())

    outcome = cloud.reconciler.run_once()
    assert (outcome.started, outcome.ended, outcome.reaped) == ([], [], [])


def test_a_dead_export_is_started_again(cloud):
    volume_id = cloud.create()
    attachment_id = cloud.attach(volume_id)
    cloud.driver.break_export(attachment_id)

    assert cloud.reconciler.run_once().started == [attachment_id]
    assert cloud.driver.is_alive(Export(attachment_id, volume_id))


def test_strays_and_orphans_go(cloud):
    orphan = str(uuid.uuid4())
    cloud.driver.create(orphan, 1)
    stray = Export(str(uuid.uuid4()), orphan)
    cloud.driver.connect(stray)

    outcome = cloud.reconciler.run_once()

    assert outcome.ended == [stray.attachment_id]
    assert outcome.reaped == [orphan]
    assert cloud.driver.exports() == {} and cloud.driver.sizes == {}


def test_a_stray_with_a_client_stays(cloud):
    volume_id = cloud.create()
    stray = Export(str(uuid.uuid4()), volume_id)
    cloud.driver.connect(stray)
    cloud.driver.clients.add(stray.attachment_id)

    assert cloud.reconciler.run_once().failed == [stray.attachment_id]
    assert cloud.driver.is_alive(stray)
    # The volume cannot go to another server meanwhile.
    cloud.connect(cloud.reserve(volume_id), status=503)
    assert cloud.driver.sizes == {volume_id: 1}


def test_nothing_goes_when_nobody_answers(tmp_path):
    cloud = Cloud(tmp_path)
    cloud.driver.create(str(uuid.uuid4()), 1)
    cloud.reporter.succeeded_at = 0.0
    method = cloud.reconciler._scheduler._wanted.methods["wanted"]
    try:
        object.__setattr__(method, "timeout", 0.2)
        with pytest.raises(Exception):  # noqa: B017
            cloud.reconciler.run_once()
    finally:
        object.__setattr__(method, "timeout", 20)
        cloud.bus.stop()
    assert len(cloud.driver.sizes) == 1


def test_nothing_goes_when_the_database_is_older(cloud):
    cloud.create()
    cloud.reconciler.run_once()
    later = str(uuid.uuid4())
    cloud.driver.create(later, 1)
    cloud.identity.accept_revision(cloud.identity.revision + 2)

    assert cloud.reconciler.run_once().reaped == []
    # Its revisions grow again, and it still does not know.
    for _ in range(3):
        cloud.create()
    assert cloud.reconciler.run_once().reaped == []
    assert later in cloud.driver.sizes
    # Until the operator says so.
    with open(cloud.identity.accepting, "w"):
        pass
    assert cloud.reconciler.run_once().reaped == [later]
    assert cloud.reconciler.run_once().reaped == []


def test_another_state_directory_of_the_same_name(cloud, tmp_path):
    orphan = str(uuid.uuid4())
    cloud.driver.create(orphan, 1)
    cloud.identity.id = str(uuid.uuid4())

    with pytest.raises(exceptions.HostMismatch):
        cloud.reporter.run_once()
    with pytest.raises(exceptions.HostMismatch):
        cloud.reconciler.run_once()
    assert orphan in cloud.driver.sizes


def test_the_identity_lasts_and_has_one_holder(cloud, tmp_path):
    from blockstore.identity import Identity
    again = Identity(str(tmp_path), "h1@fake")
    with pytest.raises(RuntimeError, match="another agent"):
        again.take()
    known = cloud.identity.id
    cloud.identity.release()
    again.take()
    assert again.id == known
    again.release()


def test_nothing_is_asked_before_the_first_report(cloud):
    cloud.driver.create(str(uuid.uuid4()), 1)
    cloud.reporter.succeeded_at = None

    assert cloud.reconciler.run_once().reaped == []


def test_late_orders_are_refused(cloud):
    volume_id = cloud.create()
    attachment_id = str(uuid.uuid4())
    order = {"volume_id": volume_id, "attachment_id": attachment_id}
    cloud.agent.connect(CTX, **order, generation=2, readonly=False)
    cloud.agent.disconnect(CTX, **order, generation=3, force=False)

    with pytest.raises(exceptions.OutdatedOrder):
        cloud.agent.connect(CTX, **order, generation=2, readonly=False)
    assert cloud.driver.exports() == {}


def test_late_orders_are_refused_by_the_next_agent_too(cloud):
    volume_id = cloud.create()
    order = {"volume_id": volume_id, "attachment_id": str(uuid.uuid4())}
    cloud.agent.connect(CTX, **order, generation=4, readonly=False)
    cloud.driver.clients.add(order["attachment_id"])
    later = VolumeAgent(
        Volumes(cloud.driver), cloud.reconciler, ImageStore(cloud.images))

    with pytest.raises(exceptions.OutdatedOrder):
        later.disconnect(CTX, **order, generation=3, force=True)
    assert cloud.driver.clients
    later.disconnect(CTX, **order, generation=5, force=True)
    assert cloud.driver.exports() == {}


def test_a_late_creation_is_erased(cloud):
    volume_id = cloud.create()
    cloud.call("DELETE", f"/v3/volumes/{volume_id}", status=202)
    cloud.wait_for(volume_id, None)
    cloud.agent.create_volume(CTX, volume_id=volume_id, size_gib=1)

    assert cloud.reconciler.run_once().reaped == [volume_id]


def test_one_that_fails_does_not_stop_the_others(cloud):
    first = cloud.attach(cloud.create())
    second = cloud.attach(cloud.create())
    for each in (first, second):
        cloud.driver.break_export(each)
    connect = cloud.driver.connect

    def failing(export):
        if export.attachment_id == first:
            raise OSError("broken")
        return connect(export)
    cloud.driver.connect = failing

    outcome = cloud.reconciler.run_once()
    assert (outcome.started, outcome.failed) == ([second], [first])
