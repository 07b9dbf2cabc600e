"""An identity service on a real socket, and the client that users have."""

import pytest

from common import daemon
from identity import app
from tests import openstack as client
from tests.functional.cloud import ADMIN_PASSWORD, free_ports


@pytest.fixture(scope="module")
def keystone(tmp_path_factory):
    """Return the root URL of an identity service that is alone."""
    state = tmp_path_factory.mktemp("identity")
    port = free_ports(1)[0]
    path = state / "pileus.conf"
    path.write_text(
        f"[DEFAULT]\nstate_dir = {state}\nhost = node1\n"
        f"[auth]\nurl = http://127.0.0.1:{port}\n"
        f"[bus]\nexchange = identity-{port}\n"
        f"[bootstrap]\nadmin_password = {ADMIN_PASSWORD}\n"
        f"[identity]\nport = {port}\n")
    patch = pytest.MonkeyPatch()
    patch.setattr(daemon, "services", lambda: [app.SERVICE])
    conf = daemon.load_conf([str(path)])
    daemon.prepare(conf)
    process = daemon.Process(conf, ["identity-api"])
    process.start()
    assert not process.wait_ready(10)
    yield conf.auth.url
    process.stop()
    patch.undo()


@pytest.fixture(scope="module")
def openstack(shell, keystone):
    return client.OpenStack(shell, client.environment(
        auth_url=f"{keystone}/v3", username="admin",
        password=ADMIN_PASSWORD, project_name="admin"))
