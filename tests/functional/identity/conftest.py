"""An identity service on a real socket, and the client that users have."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from common import daemon
from identity import app
from tests.functional.cloud import ADMIN_PASSWORD, free_ports


class OpenStack:
    """Runs the ``openstack`` command with one set of credentials."""

    def __init__(self, shell: "subprocess.Popen[str]", url: str,
                 **credentials: str) -> None:
        self._shell = shell
        self._url = url
        self._environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent",
            "OS_AUTH_URL": f"{url}/v3", "OS_IDENTITY_API_VERSION": "3",
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
        } | {f"OS_{name.upper()}": value
             for name, value in credentials.items()}

    def as_user(self, **credentials: str) -> "OpenStack":
        """Return the command of somebody else."""
        return OpenStack(self._shell, self._url, **credentials)

    def __call__(self, *words: str) -> Any:
        """Run a command that prints a table; return its rows."""
        return json.loads(self.text(*words, "-f", "json"))

    def text(self, *words: str) -> str:
        """Run a command; return what it prints."""
        code, out, err = self.run(*words)
        assert code == 0, (words, err)
        return out

    def refused(self, *words: str) -> str:
        """Run a command that must fail; return what it complains of."""
        code, out, err = self.run(*words)
        assert code != 0, (words, out)
        return err

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command; return its exit code and what it printed."""
        self._shell.stdin.write(json.dumps({
            "words": words, "environment": self._environment}) + "\n")
        self._shell.stdin.flush()
        code, out, err = json.loads(self._shell.stdout.readline())
        return code, out, err


@pytest.fixture(scope="session")
def shell():
    """Return a process that runs ``openstack`` commands."""
    script = pathlib.Path(__file__).parent / "openstack_server.py"
    made = subprocess.Popen(
        [sys.executable, str(script)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield made
    made.stdin.close()
    made.wait(10)


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
    daemon.upgrade(conf)
    daemon.bootstrap(conf)
    process = daemon.Process(conf, ["identity-api"])
    process.start()
    assert not process.wait_ready(10)
    yield conf.auth.url
    process.stop()
    patch.undo()


@pytest.fixture(scope="module")
def openstack(shell, keystone):
    return OpenStack(shell, keystone, username="admin",
                     password=ADMIN_PASSWORD, project_name="admin")
