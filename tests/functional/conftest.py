"""One cloud for all functional tests of a run."""

import pathlib
import shutil
import tempfile

import pytest

from tests.functional.cloud import Cloud


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
