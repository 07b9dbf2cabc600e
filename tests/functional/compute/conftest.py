import pytest

from tests.functional.imagestore.client import OpenStack


@pytest.fixture
def openstack(cloud, tmp_path):
    return OpenStack(cloud, tmp_path)
