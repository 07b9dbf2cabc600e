"""What every compute driver does; run against each of them."""

import uuid

import pytest

from compute import exceptions
from tests.unit.compute_agent.things import make_nic, wait_for


class DriverContract:
    """Give fixtures ``driver``, ``spec`` and ``volume``."""

    @pytest.fixture
    def running(self, driver, spec):
        driver.prepare(spec)
        driver.start(spec)
        return spec.server_id

    def test_nothing_is_absent(self, driver, spec):
        assert driver.guest(spec.server_id).power_state == "absent"
        assert not driver.has_disk(spec.server_id)
        assert spec.server_id not in driver.guests()

    def test_nothing_is_stopped_resumed_and_destroyed(self, driver, spec):
        driver.stop(spec.server_id)
        driver.resume(spec.server_id)
        driver.destroy(spec.server_id)
        driver.detach_volume(spec.server_id, spec.server_id)
        assert driver.console_tail(spec.server_id, 100) == b""

    def test_start_without_disk_is_refused(self, driver, spec):
        with pytest.raises(exceptions.ServerNotOnHost):
            driver.start(spec)

    def test_disk_without_guest_is_absent_but_listed(self, driver, spec):
        driver.prepare(spec)
        driver.prepare(spec)
        assert driver.has_disk(spec.server_id)
        assert driver.guests()[spec.server_id].power_state == "absent"

    def test_start_twice_gives_one_guest(self, driver, spec, running):
        first = driver.guest(running)
        assert first.power_state == "running"
        assert driver.start(spec) == first
        assert driver.guests()[running] == first

    def test_paused_guest_is_resumed(self, driver, spec):
        driver.prepare(spec)
        assert driver.start(spec, paused=True).power_state == "paused"
        driver.resume(spec.server_id)
        driver.resume(spec.server_id)
        assert driver.guest(spec.server_id).power_state == "running"

    def test_stop_and_start_again(self, driver, spec, running):
        driver.stop(running)
        driver.stop(running)
        assert driver.guest(running).power_state == "shutdown"
        assert not driver.guest(running).ended_itself
        assert driver.start(spec).power_state == "running"

    def test_destroy_leaves_nothing(self, driver, spec, running):
        driver.destroy(running)
        driver.destroy(running)
        assert driver.guest(running).power_state == "absent"
        assert not driver.has_disk(running)
        assert running not in driver.guests()

    def test_destroy_of_a_paused_and_a_stopped_guest(self, driver, spec):
        driver.prepare(spec)
        driver.start(spec, paused=True)
        driver.destroy(spec.server_id)
        driver.prepare(spec)
        driver.start(spec)
        driver.stop(spec.server_id)
        driver.destroy(spec.server_id)
        assert spec.server_id not in driver.guests()

    def test_volume_attached_twice_is_one(self, driver, spec, running,
                                          volume):
        assert driver.attach_volume(spec, volume) == "/dev/vdb"
        assert driver.attach_volume(spec, volume) == "/dev/vdb"

    def test_attached_to_a_stopped_guest(self, driver, spec, running,
                                         volume):
        driver.stop(running)
        device = driver.attach_volume(spec, volume)
        spec.volumes = [volume]
        driver.start(spec)
        assert driver.attach_volume(spec, volume) == device

    def test_another_volume_than_wanted_is_refused(self, driver, spec,
                                                   running, volume):
        volume.connection_info["data"]["serial"] = spec.server_id
        with pytest.raises(exceptions.VolumeNotAttached):
            driver.attach_volume(spec, volume)

    def test_nic_attached_twice(self, driver, spec, running):
        nic = make_nic()
        driver.attach_nic(spec, nic)
        driver.attach_nic(spec, nic)

    def test_events(self, driver, spec):
        heard = []
        driver.listen(lambda *event: heard.append(event))
        driver.prepare(spec)
        driver.start(spec)
        driver.stop(spec.server_id)
        wait_for(lambda: (spec.server_id, "stopped") in heard)

    def test_facts(self, driver):
        facts = driver.facts()
        assert facts.vcpus > 0
        assert facts.memory_mib > 0
        assert facts.disk_gib > 0
        assert driver.connector()["os_type"] == "linux"

    def test_disk_is_copied_once_for_an_image(self, driver, spec, running):
        one, other = str(uuid.uuid4()), str(uuid.uuid4())
        driver.copy_disk(spec, one)
        driver.copy_disk(spec, one)
        first = b"".join(driver.read_copy(running, one))
        assert first

        driver.copy_disk(spec, other)
        with pytest.raises(exceptions.ServerNotOnHost):
            next(driver.read_copy(running, one))
        assert b"".join(driver.read_copy(running, other))

        driver.drop_copy(running, other)
        driver.drop_copy(running, other)
        with pytest.raises(exceptions.ServerNotOnHost):
            next(driver.read_copy(running, other))
