"""The service on PostgreSQL and MariaDB."""

import pytest

from imagestore import app
from tests.cluster import databases
from tests.unit.imagestore.conftest import Service


@pytest.fixture
def service(server, tmp_path):
    made = Service(tmp_path, url=databases.fresh(server, app.SCHEMA))
    yield made
    made.db.dispose()
