"""The service on PostgreSQL and MariaDB."""

import pytest

from objectstore import app
from tests.cluster import databases
from tests.unit.objectstore.conftest import Service


@pytest.fixture
def service(server, tmp_path):
    made = Service(tmp_path, url=databases.fresh(server, app.SCHEMA))
    made.call("PUT", "/c", status=201)
    yield made
    made.db.dispose()
