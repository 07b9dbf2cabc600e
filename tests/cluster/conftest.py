"""One server of each kind and one cloud for all tests; needs root."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

from tests.cluster.common import servers
from tests.cluster.deployment import Deployment
from tests.tenant import Tenant


@pytest.fixture(scope="session", autouse=True)
def _root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


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


@pytest.fixture(scope="session", params=["postgres", "mariadb"])
def server(request):
    """What a test of any database runs on."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def deployment():
    state = pathlib.Path(tempfile.mkdtemp(prefix="pileus-", dir="/tmp"))
    state.chmod(0o755)
    started = []
    try:
        started += [servers.Postgres(), servers.Rabbit()]
        made = Deployment(state, *started)
        yield made
        made.stop()
    finally:
        for server in started:
            server.close()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def tenant(deployment):
    return Tenant(deployment.login())


@pytest.fixture(scope="session")
def key(deployment):
    file = deployment.state / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                    file], check=True)
    return file


@pytest.fixture(scope="session")
def image(deployment, tenant):
    file = deployment.state / "tiny.qcow2"
    subprocess.run([sys.executable, "-m", "cli.main", "image", "build",
                    "tiny", "--output", str(file)], check=True,
                   capture_output=True, timeout=300)
    return tenant.upload("tiny", file)
