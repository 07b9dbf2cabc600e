"""A cloud for each test."""

import pytest

from tests.unit.blockstore.cloud import Cloud


@pytest.fixture
def cloud(tmp_path):
    made = Cloud(tmp_path).start()
    yield made
    made.stop()
