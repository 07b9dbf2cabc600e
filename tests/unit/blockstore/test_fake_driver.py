"""The driver in memory keeps the contract."""

import pytest

from blockstore.drivers.fake import FakeDriver
from tests.unit.blockstore.driver_contract import DriverContract


class TestFakeDriver(DriverContract):

    @pytest.fixture
    def driver(self):
        return FakeDriver(room_gib=100)

    def connect_client(self, driver, info, export):
        driver.clients.add(export.attachment_id)
        return lambda: driver.clients.discard(export.attachment_id)

    def size_gib(self, driver, volume_id):
        return driver.sizes[volume_id]

    def kill_export(self, driver, export):
        driver.break_export(export.attachment_id)
