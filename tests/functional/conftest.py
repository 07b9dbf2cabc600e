"""One cloud for all functional tests of a run."""

import pathlib
import shutil
import tempfile

import pytest

from tests.functional.cloud import Cloud
from tests.openstack import OpenStack


@pytest.fixture(scope="session")
def cloud():
    state = pathlib.Path(tempfile.mkdtemp(prefix="pileus-functional-"))
    made = Cloud(state)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(state)


@pytest.fixture(scope="session")
def admin(cloud):
    return cloud.login()


@pytest.fixture
def openstack(cloud, shell, tmp_path):
    """The client of the administrator, in a folder of the test's own."""
    return OpenStack(shell, cloud.environment(), tmp_path)
