"""Identity on PostgreSQL and on MariaDB, a fresh database per test."""

import itertools

import pytest
import sqlalchemy as sa

from common import daemon
from identity import app
from tests.cluster.common.servers import MariaDB, Postgres
from tests.unit.identity.conftest import Identity
from tests.unit.identity.conftest import admin as admin
from tests.unit.identity.conftest import anybody as anybody
from tests.unit.identity.conftest import domain as domain
from tests.unit.identity.conftest import project as project

_NUMBERS = itertools.count()
_DRIVERS = {Postgres: "postgresql+psycopg", MariaDB: "mysql+pymysql"}


@pytest.fixture(scope="session", params=[Postgres, MariaDB],
                ids=["postgresql", "mariadb"])
def server(request):
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def url(server):
    """Return the URL of an empty database."""
    root = sa.make_url(server.url).set(
        drivername=_DRIVERS[type(server)])
    name = f"identity{next(_NUMBERS)}"
    engine = sa.create_engine(root, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return root.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def identity(url, tmp_path, monkeypatch):
    monkeypatch.setattr(daemon, "services", lambda: [app.SERVICE])
    made = Identity(tmp_path, url)
    yield made
    made.close()


@pytest.fixture
def make(url, tmp_path, monkeypatch):
    """Return what makes a process of one service with such rules."""
    monkeypatch.setattr(daemon, "services", lambda: [app.SERVICE])
    made = []

    def make(**rules):
        made.append(Identity(tmp_path, url, **rules))
        return made[-1]
    yield make
    for identity in made:
        identity.close()
