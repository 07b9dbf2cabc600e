"""The service on PostgreSQL and MariaDB."""

import pytest

from tests.cluster.common.servers import MariaDB, Postgres
from tests.cluster.imagestore import databases
from tests.unit.objectstore.conftest import Service


@pytest.fixture(scope="session", params=[Postgres, MariaDB],
                ids=["postgresql", "mariadb"])
def server(request):
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def service(server, tmp_path):
    made = Service(tmp_path, url=databases.fresh(server, "objectstore"))
    made.call("PUT", "/c", status=201)
    yield made
    made.db.dispose()
