"""One server of each kind for all tests of this folder."""

import signal

import pytest

from tests.cluster.common import servers


def _interrupt(number, frame):
    raise KeyboardInterrupt


def _running(kind):
    # Whoever ends the tests leaves no server behind.
    signal.signal(signal.SIGTERM, _interrupt)
    server = kind()
    yield server
    server.close()


@pytest.fixture(scope="session")
def rabbit():
    yield from _running(servers.Rabbit)


@pytest.fixture(scope="session")
def postgres():
    yield from _running(servers.Postgres)


@pytest.fixture(scope="session")
def mariadb():
    yield from _running(servers.MariaDB)
