"""A cloud of identity and block store in a process that can be killed."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import requests
from oslo_config import cfg

from tests.functional.blockstore import small
from tests.functional.cloud import ADMIN_PASSWORD


class Volumes:
    """Starts, kills and asks the cloud below ``state``."""

    def __init__(self, state: pathlib.Path) -> None:
        self.state = state
        self.failpoints = state / "failpoints"
        self._process: subprocess.Popen | None = None
        self._tokens: dict[str, str] = {}
        #: What earlier tests left: names of exports and of files.
        self._older: set[str] = set()
        small.prepare(state)

    def begin(self) -> None:
        """Make it be as when it was new, as far as one test can see."""
        self.failpoints.write_text("")
        if self._process is None or self._process.poll() is not None:
            self.start()
        self._older = set()
        folder = self.state / "run" / "exports"
        self._older = {*self.files(), *(
            path.stem for path in folder.glob("*.pid"))}

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        environment = os.environ | {
            "PILEUS_FAILPOINTS_FILE": str(self.failpoints)}
        with open(self.state / "log", "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.functional.blockstore.small",
                 str(self.state)], stdout=subprocess.PIPE, stderr=log,
                env=environment)
        assert self._process.stdout.readline() == b"ready\n", self.log()
        self._tokens.clear()

    def kill(self) -> None:
        """End it as kill -9 does."""
        self._process.kill()
        self.wait_dead()

    def wait_dead(self) -> None:
        """Wait until it is dead; kill it then, if it is not."""
        try:
            self._process.wait(timeout=30)
        finally:
            self._process.kill()
            self._process.communicate()

    def stop(self) -> None:
        """End it, and all that it left behind."""
        from blockstore.drivers.file import exports
        if self._process is not None:
            self.kill()
        exports.stop_all(str(self.state / "run" / "exports"))

    def log(self) -> str:
        """Return the end of what it logged."""
        return (self.state / "log").read_text()[-4000:]

    def __call__(self, method, path, body=None, *, service=False,
                 status=None, timeout=70):
        """Send a request as the administrator, or as a service."""
        user = "blockstore" if service else "admin"
        got = requests.request(
            method, self._url("blockstore") + path, json=body,
            timeout=timeout, headers={
                "X-Auth-Token": self._token(user),
                "OpenStack-API-Version": "volume 3.67"})
        if status is not None:
            assert got.status_code == status, (got.text, self.log())
        return got

    def create(self, size=1) -> str:
        """Create a volume and return its id."""
        made = self("POST", "/v3/volumes", {"volume": {"size": size}},
                    status=202)
        return made.json()["volume"]["id"]

    def status(self, volume_id) -> str | None:
        """Return the volume's status, None if it is gone."""
        got = self("GET", f"/v3/volumes/{volume_id}")
        return got.json().get("volume", {}).get("status")

    def wait_for(self, volume_id, *statuses, timeout=60) -> str | None:
        """Wait for one of the statuses; return it."""
        until = time.monotonic() + timeout
        while True:
            found = self.status(volume_id)
            if found in statuses:
                return found
            assert time.monotonic() < until, (found, self.log())
            time.sleep(0.1)

    def reserve(self, volume_id) -> str:
        """Reserve the volume for a server; return the attachment."""
        made = self("POST", "/v3/attachments", {"attachment": {
            "volume_uuid": volume_id, "instance_uuid": "server"}},
            service=True, status=202)
        return made.json()["attachment"]["id"]

    def connect(self, attachment_id, status=200) -> dict:
        """Connect it for a host; return the connection info."""
        got = self("PUT", f"/v3/attachments/{attachment_id}", {
            "attachment": {"connector": {"host": "node1"}}}, service=True,
            status=status)
        return got.json().get("attachment", {}).get("connection_info")

    def attach(self, volume_id) -> tuple[str, dict]:
        """Give the volume to a server."""
        attachment_id = self.reserve(volume_id)
        info = self.connect(attachment_id)
        self("POST", f"/v3/attachments/{attachment_id}/action",
             {"os-complete": None}, service=True, status=204)
        return attachment_id, info

    def detach(self, attachment_id, status=200) -> None:
        """Take it away again."""
        self("DELETE", f"/v3/attachments/{attachment_id}", service=True,
             status=status)

    def pids(self) -> list[int]:
        """Return the storage daemons that run."""
        folder = self.state / "run" / "exports"
        found = []
        for path in folder.glob("*.pid"):
            if path.stem in self._older:
                continue
            pid = int(path.read_text())
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(path) in words.split(b"\0"):
                found.append(pid)
        return found

    def files(self) -> list[str]:
        """Return the ids of the volumes that have files."""
        found = {path.stem for path in (
            self.state / "volumes").glob("*.qcow2")}
        return sorted(found - self._older)

    def _url(self, group: str) -> str:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[str(self.state / "pileus.conf")])
        conf.register_opt(cfg.PortOpt("port"), group=group)
        return f"http://127.0.0.1:{conf[group].port}"

    def _token(self, user: str) -> str:
        if user not in self._tokens:
            password, project = (
                (ADMIN_PASSWORD, "admin") if user == "admin"
                else ("functional-blockstore", "service"))
            self._tokens[user] = self._login(user, password, project)
        return self._tokens[user]

    def _login(self, user: str, password: str, project: str) -> str:
        domain = {"id": "default"}
        got = requests.post(
            self._url("identity") + "/v3/auth/tokens", timeout=30, json={
                "auth": {"identity": {"methods": ["password"], "password": {
                    "user": {"name": user, "domain": domain,
                             "password": password}}},
                    "scope": {"project": {
                        "name": project, "domain": domain}}}})
        assert got.status_code == 201, got.text
        return got.headers["X-Subject-Token"]


def kill(pid: int) -> None:
    """End a storage daemon as kill -9 does."""
    os.kill(pid, signal.SIGKILL)
