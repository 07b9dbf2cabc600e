"""What a tenant does with a cloud, as plain REST calls, for real guests."""

import pathlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

from tests.functional.cloud import Client


def eventually(condition: Callable[[], Any], timeout: float = 60,
               what: str = "the condition") -> Any:
    """Return the first true value of ``condition``."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"no {what} in {timeout} s"
        time.sleep(0.3)


class Tenant:
    """Makes things with the token of ``client``, and deletes them."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def ask(self, service: str, method: str, path: str, body: Any = None,
            ok: tuple[int, ...] = (200, 201, 202, 204)) -> Any:
        """Send a request; return the JSON of its answer.

        Daemons may be restarting: 503 and refused connections are asked
        again for a while, as clients do.
        """
        deadline = time.monotonic() + 200
        while True:
            try:
                got = self.client(service, method, path, json=body)
            except OSError:
                got = None
            if got is not None and got.status_code not in (503, 504):
                break
            assert time.monotonic() < deadline, (path, got and got.text)
            time.sleep(0.5)
        assert got.status_code in ok, (path, got.status_code, got.text)
        return got.json() if got.content else None

    def upload(self, name: str, file: pathlib.Path) -> str:
        """Make an image of a qcow2 file; return its id."""
        made = self.ask("imagestore", "POST", "/v2/images", {
            "name": name, "disk_format": "qcow2",
            "container_format": "bare", "visibility": "public"})
        with file.open("rb") as data:
            got = self.client(
                "imagestore", "PUT", f"/v2/images/{made['id']}/file",
                data=data,
                headers={"Content-Type": "application/octet-stream"})
        assert got.status_code == 204, got.text
        return made["id"]

    def network(self, name: str, cidr: str) -> str:
        """Make a network that is routed to the outside; return its id."""
        network = self._made("networks", "network", name=name)
        subnet = self._made("subnets", "subnet", network_id=network,
                            cidr=cidr, ip_version=4)
        router = self._made(
            "routers", "router", name=name,
            external_gateway_info={"network_id": self.public()})
        self.ask("network", "PUT",
                 f"/v2.0/routers/{router}/add_router_interface",
                 {"subnet_id": subnet})
        return network

    def remove_network(self, network: str) -> None:
        """Delete what ``network`` made."""
        subnets = self.ask("network", "GET", f"/v2.0/subnets?network_id="
                           f"{network}")["subnets"]
        ports = self.ask("network", "GET", "/v2.0/ports?network_id="
                         f"{network}&device_owner=network:router_interface")
        for port in ports["ports"]:
            router = port["device_id"]
            self.ask("network", "PUT",
                     f"/v2.0/routers/{router}/remove_router_interface",
                     {"subnet_id": subnets[0]["id"]})
            self.ask("network", "DELETE", f"/v2.0/routers/{router}")
        self.ask("network", "DELETE", f"/v2.0/networks/{network}")

    def _made(self, plural: str, kind: str, /, **values: Any) -> str:
        return self.ask("network", "POST", f"/v2.0/{plural}",
                        {kind: values})[kind]["id"]

    def public(self) -> str:
        """Return the id of the external network."""
        found = self.ask("network", "GET",
                         "/v2.0/networks?router:external=true")
        return found["networks"][0]["id"]

    def open(self, **rule: Any) -> None:
        """Let traffic in through the default security group."""
        groups = self.ask("network", "GET",
                          "/v2.0/security-groups?name=default"
                          f"&project_id={self.project()}")
        self.ask("network", "POST", "/v2.0/security-group-rules", {
            "security_group_rule": {
                "security_group_id": groups["security_groups"][0]["id"],
                "direction": "ingress", "ethertype": "IPv4"} | rule})

    def project(self) -> str:
        """Return the id of the project that the token is for."""
        got = self.client("identity", "GET", "/v3/auth/tokens", headers={
            "X-Subject-Token": self.client.token})
        return got.json()["token"]["project"]["id"]

    def keypair(self, name: str, public_key: str) -> None:
        """Import a key."""
        self.ask("compute", "POST", "/v2.1/os-keypairs", {
            "keypair": {"name": name, "public_key": public_key}})

    def boot(self, name: str, image: str, network: str,
             **values: Any) -> str:
        """Ask for a server of the smallest flavor; return its id."""
        made = self.ask("compute", "POST", "/v2.1/servers", {"server": {
            "name": name, "imageRef": image, "flavorRef": "1",
            "networks": [{"uuid": network}]} | values})
        return made["server"]["id"]

    def server(self, server_id: str) -> dict[str, Any] | None:
        """Return a server; None if there is none."""
        got = self.ask("compute", "GET", f"/v2.1/servers/{server_id}",
                       ok=(200, 404))
        return got.get("server")

    def settled(self, server_id: str, timeout: float = 90
                ) -> dict[str, Any]:
        """Return the server once no work on it is in progress."""
        def ended() -> Any:
            found = self.server(server_id)
            assert found, "the server is gone"
            return (found["status"] != "BUILD" and not found[
                "OS-EXT-STS:task_state"] and found)
        found: dict[str, Any] = eventually(
            ended, timeout, "end of the work on the server")
        return found

    def delete(self, server_id: str, timeout: float = 90) -> None:
        """Delete a server, and wait until it is gone."""
        self.ask("compute", "DELETE", f"/v2.1/servers/{server_id}",
                 ok=(204, 404))
        eventually(lambda: self.server(server_id) is None, timeout,
                   "end of the server")

    def floating(self, server_id: str) -> str:
        """Give a server a floating IP; return its address."""
        ports = self.ask("network", "GET",
                         f"/v2.0/ports?device_id={server_id}")["ports"]
        made = self.ask("network", "POST", "/v2.0/floatingips", {
            "floatingip": {"floating_network_id": self.public(),
                           "port_id": ports[0]["id"]}})
        return made["floatingip"]["floating_ip_address"]

    def volume(self, name: str) -> str:
        """Make a volume of 1 GiB; return its id when it is available."""
        made = self.ask("blockstore", "POST", "/v3/volumes", {
            "volume": {"size": 1, "name": name}})["volume"]["id"]
        self.volume_is(made, "available")
        return made

    def volume_is(self, volume_id: str, status: str,
                  timeout: float = 60) -> None:
        """Wait until a volume has ``status``."""
        eventually(lambda: self.ask(
            "blockstore", "GET", f"/v3/volumes/{volume_id}")["volume"][
                "status"] == status, timeout, f"volume {status}")


def ssh(key: pathlib.Path, address: str, script: str,
        timeout: float = 120) -> str:
    """Run a script in a guest, as soon as it lets us in."""
    argv = ["ssh", "-i", str(key), "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
            "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=2",
            f"cirros@{address}", script]
    deadline = time.monotonic() + timeout
    while True:
        done = subprocess.run(argv, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 255:
            assert done.returncode == 0, done.stderr
            return done.stdout
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.3)
