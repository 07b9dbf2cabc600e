"""Identity and block store on real sockets, and the client users have."""

import pathlib
import shutil
import tempfile

import pytest

from common import daemon
from tests.functional.blockstore import small
from tests.functional.cloud import ADMIN_PASSWORD
from tests.functional.identity.conftest import OpenStack, shell  # noqa: F401


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
def openstack(volumes, shell):  # noqa: F811
    made = OpenStack(shell, volumes.auth.url, username="admin",
                     password=ADMIN_PASSWORD, project_name="admin")
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
