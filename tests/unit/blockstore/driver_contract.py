"""What every storage driver must do, as tests."""

import uuid
from typing import Any

import pytest

from blockstore import exceptions
from blockstore.drivers.base import Export, VolumeDriver


class DriverContract:
    """Subclass with a fixture ``driver`` that is prepared."""

    def connect_client(self, driver: VolumeDriver, info: dict[str, Any],
                       export: Export) -> Any:
        """Connect as a guest would; return what hangs up."""
        raise NotImplementedError

    @pytest.fixture
    def volume_id(self, driver: VolumeDriver) -> str:
        made = str(uuid.uuid4())
        driver.create(made, 1)
        return made

    @pytest.fixture
    def export(self, volume_id: str) -> Export:
        return Export(str(uuid.uuid4()), volume_id, generation=1)

    def test_create_may_be_repeated(self, driver, volume_id):
        driver.create(volume_id, 1)

        assert driver.list_ids() == {volume_id}

    def test_create_that_does_not_fit(self, driver):
        with pytest.raises(exceptions.NoSpace):
            driver.create(str(uuid.uuid4()), 1 << 32)

        assert driver.list_ids() == set()

    def test_delete_may_be_repeated(self, driver, volume_id):
        driver.delete(volume_id)
        driver.delete(volume_id)

        assert driver.list_ids() == set()

    def test_extend_may_be_repeated_and_never_shrinks(
            self, driver, volume_id):
        driver.extend(volume_id, 3)
        driver.extend(volume_id, 3)
        driver.extend(volume_id, 2)

        assert self.size_gib(driver, volume_id) == 3

    def test_extend_of_nothing(self, driver):
        with pytest.raises(exceptions.VolumeNotFound):
            driver.extend(str(uuid.uuid4()), 3)

    def test_capacity(self, driver):
        room = driver.capacity()

        assert 0 < room.free_gib <= room.total_gib

    def test_snapshots_live_on_their_own(self, driver, volume_id):
        snapshot_id = str(uuid.uuid4())
        driver.create_snapshot(snapshot_id, volume_id)
        driver.create_snapshot(snapshot_id, volume_id)
        driver.delete(volume_id)
        driver.create_from_snapshot(volume_id, 2, snapshot_id)
        driver.create_from_snapshot(volume_id, 2, snapshot_id)

        assert driver.list_snapshot_ids() == {snapshot_id}
        assert self.size_gib(driver, volume_id) == 2
        driver.delete_snapshot(snapshot_id)
        driver.delete_snapshot(snapshot_id)
        assert driver.list_snapshot_ids() == set()
        assert driver.list_ids() == {volume_id}

    def test_snapshots_of_nothing(self, driver):
        with pytest.raises(exceptions.VolumeNotFound):
            driver.create_snapshot(str(uuid.uuid4()), str(uuid.uuid4()))
        with pytest.raises(exceptions.SnapshotNotFound):
            driver.create_from_snapshot(
                str(uuid.uuid4()), 1, str(uuid.uuid4()))
        assert driver.list_snapshot_ids() == set() == driver.list_ids()

    def test_connect_may_be_repeated(self, driver, export):
        first = driver.connect(export)
        second = driver.connect(export)

        assert first == second
        assert first["data"]["serial"] == export.volume_id
        assert driver.is_alive(export)
        assert driver.exports() == {export.attachment_id: export}

    def test_connect_keeps_the_newer_generation(self, driver, export):
        newer = Export(export.attachment_id, export.volume_id, 5)
        driver.connect(export)
        driver.connect(newer)

        assert driver.exports() == {export.attachment_id: newer}

    def test_connect_of_nothing(self, driver):
        with pytest.raises(exceptions.VolumeNotFound):
            driver.connect(Export(str(uuid.uuid4()), str(uuid.uuid4())))

    def test_one_export_at_a_time(self, driver, export):
        driver.connect(export)

        with pytest.raises(exceptions.VolumeBusy):
            driver.connect(Export(str(uuid.uuid4()), export.volume_id))
        assert list(driver.exports()) == [export.attachment_id]

    def test_disconnect_may_be_repeated(self, driver, export):
        driver.connect(export)
        driver.disconnect(export)
        driver.disconnect(export)

        assert driver.exports() == {}
        assert not driver.is_alive(export)

    def test_disconnect_refused_while_a_client_is_there(
            self, driver, export):
        info = driver.connect(export)
        hang_up = self.connect_client(driver, info, export)

        with pytest.raises(exceptions.VolumeBusy):
            driver.disconnect(export)
        assert driver.is_alive(export)
        hang_up()
        driver.disconnect(export)

    def test_disconnect_by_force(self, driver, export):
        info = driver.connect(export)
        hang_up = self.connect_client(driver, info, export)

        driver.disconnect(export, force=True)
        hang_up()
        assert driver.exports() == {}

    def test_nothing_happens_to_an_exported_volume(self, driver, export):
        driver.connect(export)

        with pytest.raises(exceptions.VolumeBusy):
            driver.delete(export.volume_id)
        with pytest.raises(exceptions.VolumeBusy):
            driver.extend(export.volume_id, 2)
        assert driver.list_ids() == {export.volume_id}

    def test_delete_by_force(self, driver, export):
        driver.connect(export)
        driver.delete(export.volume_id, force=True)

        assert driver.list_ids() == set()
        assert driver.exports() == {}

    def test_a_dead_export_is_started_again(self, driver, export):
        info = driver.connect(export)
        self.kill_export(driver, export)

        assert not driver.is_alive(export)
        assert driver.exports() == {export.attachment_id: export}
        assert driver.connect(export) == info
        assert driver.is_alive(export)

    def size_gib(self, driver: VolumeDriver, volume_id: str) -> int:
        raise NotImplementedError

    def kill_export(self, driver: VolumeDriver, export: Export) -> None:
        raise NotImplementedError
