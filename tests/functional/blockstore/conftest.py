"""Identity and block store on real sockets, and the client users have."""

import pathlib
import shutil
import tempfile

import pytest

from common import daemon
from tests import openstack as client
from tests.functional.blockstore import small
from tests.functional.cloud import ADMIN_PASSWORD


@pytest.fixture(scope="module")
def volumes():
    state = pathlib.Path(tempfile.mkdtemp(prefix="vol", dir="/tmp"))
    patch = pytest.MonkeyPatch()
    patch.setattr(daemon, "services", daemon.services)
    small.prepare(state, driver="fake")
    conf, process = small.start(state)
    yield conf
    process.stop()
    patch.undo()
    shutil.rmtree(state)


@pytest.fixture(scope="module")
def openstack(volumes, shell):
    made = client.OpenStack(shell, client.environment(
        auth_url=f"{volumes.auth.url}/v3", username="admin",
        password=ADMIN_PASSWORD, project_name="admin"))
    made("project", "create", "p-vol")
    made("user", "create", "--password", "pw", "u-vol")
    made.text("role", "add", "--project", "p-vol", "--user", "u-vol",
              "member")
    return made


@pytest.fixture(scope="module")
def mine(openstack):
    """The command of a member of a project."""
    return openstack.as_user(username="u-vol", password="pw",
                             project_name="p-vol")
