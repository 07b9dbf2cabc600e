"""The block store on PostgreSQL and MariaDB, over RabbitMQ."""

import pytest

from blockstore import app
from common import db
from tests.cluster import databases
from tests.unit.blockstore.cloud import Cloud


@pytest.fixture
def cloud(server, rabbit, tmp_path):
    url = databases.fresh(server, app.SCHEMA)
    assert db.check(app.SCHEMA, url) == []
    # The names of queues are the same whatever the exchange.
    made = Cloud(tmp_path, url=url, bus_url=rabbit.url, exchange="x").start()
    yield made
    made.stop()
