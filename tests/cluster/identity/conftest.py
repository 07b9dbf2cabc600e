"""Identity on PostgreSQL and on MariaDB, a new database per test."""

import pytest

from common import daemon
from identity import app
from tests.cluster import databases
from tests.unit.identity.conftest import Identity
from tests.unit.identity.conftest import admin as admin
from tests.unit.identity.conftest import anybody as anybody
from tests.unit.identity.conftest import domain as domain
from tests.unit.identity.conftest import project as project


@pytest.fixture
def url(server):
    return databases.fresh(server, app.SCHEMA)


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
