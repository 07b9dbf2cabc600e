"""Every test runs as the daemons do: with cooperating libraries."""

from common import concurrency

concurrency.patch()

import pytest  # noqa: E402

from tests.openstack import Shell  # noqa: E402


@pytest.fixture(scope="session")
def shell():
    """A process that runs the command-line client."""
    made = Shell()
    yield made
    made.close()
