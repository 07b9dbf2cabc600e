import pytest

from compute.drivers import fake
from tests.unit.compute_agent import driver_contract, things


class TestFakeDriver(driver_contract.DriverContract):

    @pytest.fixture
    def driver(self):
        return fake.FakeDriver()

    @pytest.fixture
    def spec(self):
        return things.make_spec()

    @pytest.fixture
    def volume(self):
        return things.make_volume()
