"""The block store on PostgreSQL and MariaDB, a fresh database per test."""

import itertools

import pytest
import sqlalchemy as sa

from blockstore import app
from common import db
from tests.cluster.common.servers import MariaDB, Postgres, Rabbit
from tests.unit.blockstore.cloud import Cloud

_NUMBERS = itertools.count()
_DRIVERS = {Postgres: "postgresql+psycopg", MariaDB: "mysql+pymysql"}


@pytest.fixture(scope="session")
def rabbit():
    made = Rabbit()
    yield made
    made.close()


@pytest.fixture(scope="session", params=[Postgres, MariaDB],
                ids=["postgresql", "mariadb"])
def server(request):
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def url(server):
    """Return the URL of a database with the newest schema."""
    root = sa.make_url(server.url).set(drivername=_DRIVERS[type(server)])
    name = f"blockstore{next(_NUMBERS)}"
    engine = sa.create_engine(root, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    made = root.set(database=name).render_as_string(hide_password=False)
    db.upgrade(app.SCHEMA, made)
    assert db.check(app.SCHEMA, made) == []
    return made


@pytest.fixture
def cloud(url, rabbit, tmp_path):
    # The names of queues are the same whatever the exchange.
    made = Cloud(tmp_path, url=url, bus_url=rabbit.url, exchange="x").start()
    yield made
    made.stop()
