"""A cloud in this process, for tests over real HTTP.

Real daemons, databases, bus and sockets; the hypervisor and the network
controller are left out (driver ``fake``), they have tests of their own in
``tests/dataplane``.
"""

import dataclasses
import pathlib
import socket
from typing import Any

import requests

from common import daemon

ADMIN_PASSWORD = "functional-admin"
GROUPS = ("identity", "imagestore", "network", "compute", "placement",
          "blockstore", "objectstore")
NOT_HERE = ("network-controller", "network-metadata")


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listened on a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def write_conf(state: pathlib.Path) -> pathlib.Path:
    """Write the options of a small cloud below ``state``."""
    ports = dict(zip((*GROUPS, "metadata_api"), free_ports(len(GROUPS) + 1)))
    text = [f"[DEFAULT]\nstate_dir = {state}\nhost = node1\n",
            f"[auth]\nurl = http://127.0.0.1:{ports['identity']}\n",
            f"[bus]\nexchange = functional-{ports['identity']}\n",
            f"[bootstrap]\nadmin_password = {ADMIN_PASSWORD}\n",
            "[metadata]\nshared_secret = functional-metadata\n"
            f"port = {ports['metadata_api']}\n",
            f"[node]\nrun_dir = {state}/run\n"]
    for group in GROUPS:
        text.append(f"[{group}]\nport = {ports[group]}\n"
                    f"password = functional-{group}\n")
        text += [f"{line}\n" for line in _EXTRA.get(group, ())]
    path = state / "pileus.conf"
    path.write_text("".join(text))
    return path


_EXTRA: dict[str, tuple[str, ...]] = {
    "compute": ("vif_plugging_timeout = 0",
                "[compute_agent]", "driver = fake"),
    "imagestore": ("unified_limits = true",
                   "stores = file:file, objects:objectstore",
                   "[image_store_objects]", "segment_mib = 1"),
}


@dataclasses.dataclass
class Client:
    """Sends requests with one token."""

    cloud: "Cloud"
    token: str | None

    def __call__(self, service: str, method: str, path: str,
                 **kwargs: Any) -> requests.Response:
        """Send a request to ``service`` (an option group's name)."""
        headers = kwargs.pop("headers", {})
        if self.token:
            headers = {"X-Auth-Token": self.token} | headers
        return requests.request(
            method, self.cloud.url(service) + path, headers=headers,
            timeout=30, **kwargs)


class Cloud:
    """Daemons of the cloud below ``state``, running in this process."""

    def __init__(self, state: pathlib.Path) -> None:
        self.state = state
        self.conf = daemon.load_conf([str(write_conf(state))])
        names = [name for name in daemon.daemon_names()
                 if name not in NOT_HERE]
        daemon.prepare(self.conf)
        self._process = daemon.Process(self.conf, names)
        self._process.start()
        reasons = self._process.wait_ready(30)
        assert not reasons, reasons

    @property
    def daemons(self) -> list[daemon.Daemon]:
        """What runs."""
        return self._process.daemons

    def url(self, service: str) -> str:
        """Return the root of a service."""
        return f"http://127.0.0.1:{self.conf[service].port}"

    def stop(self) -> None:
        """End all daemons."""
        self._process.stop()

    def login(self, user: str = "admin", password: str = ADMIN_PASSWORD,
              scope: Any = None) -> Client:
        """Return a client of ``user``, by default on project admin."""
        scope = scope or {"project": {
            "name": "admin", "domain": {"id": "default"}}}
        got = Client(self, None)("identity", "POST", "/v3/auth/tokens", json={
            "auth": {"identity": {"methods": ["password"], "password": {
                "user": {"name": user, "domain": {"id": "default"},
                         "password": password}}}, "scope": scope}})
        assert got.status_code == 201, got.text
        return Client(self, got.headers["X-Subject-Token"])

    def member(self, name: str, role: str = "member") -> Client:
        """Return a client of a fresh user with ``role`` on a project."""
        admin = self.login()
        project = admin("identity", "POST", "/v3/projects", json={
            "project": {"name": name}}).json()["project"]["id"]
        user = admin("identity", "POST", "/v3/users", json={"user": {
            "name": name, "password": f"pw-{name}"}}).json()["user"]["id"]
        roles = admin("identity", "GET", f"/v3/roles?name={role}").json()
        got = admin("identity", "PUT",
                    f"/v3/projects/{project}/users/{user}/roles/"
                    f"{roles['roles'][0]['id']}")
        assert got.status_code == 204, got.text
        return self.login(name, f"pw-{name}",
                          {"project": {"id": project}})

    def environment(self) -> dict[str, str]:
        """Return what the openstack command needs to be admin."""
        return {
            "OS_AUTH_URL": self.conf.auth.url + "/v3",
            "OS_USERNAME": "admin", "OS_PASSWORD": ADMIN_PASSWORD,
            "OS_PROJECT_NAME": "admin", "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_REGION_NAME": self.conf.region,
            "OS_IDENTITY_API_VERSION": "3"}
