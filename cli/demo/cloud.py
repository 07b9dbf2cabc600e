"""What the demonstration asks of the cloud, over its REST APIs."""

import contextlib
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests
from keystoneauth1 import adapter, exceptions, session
from keystoneauth1.identity import v3

from cli.cloud import client, paths

Resource = dict[str, Any]


class Failed(Exception):
    """The cloud refused something, or did not do it in time."""


class Cloud:
    """Finds, or else makes, resources by their names.

    Each ``ensure_*`` returns the resource and changes nothing that is
    right already.
    """

    def __init__(self, place: paths.Paths) -> None:
        entry = client.read(place)
        self._region = entry["region_name"]
        direct = requests.Session()
        direct.trust_env = False  # no proxy knows a way to this machine
        self._session = session.Session(
            auth=v3.Password(**entry["auth"]), session=direct)

    def service(self, kind: str, prefix: str = "") -> "Service":
        return Service(adapter.Adapter(
            self._session, service_type=kind, interface="public",
            region_name=self._region, connect_retries=2), prefix)

    @property
    def project_id(self) -> str:
        return self._session.get_project_id() or ""

    def ensure_image(self, name: str,
                     build: Callable[[], pathlib.Path]) -> Resource:
        """Upload what ``build`` makes, unless the image is there."""
        images = self.service("image", "/v2")
        image: Resource
        for image in images.get(f"/images?name={name}")["images"]:
            if image["status"] == "active":
                return image
            images.delete(f"/images/{image['id']}")
        file = build()
        image = images.post("/images", {
            "name": name, "disk_format": "qcow2", "visibility": "public",
            "container_format": "bare"})
        with open(file, "rb") as data:
            images.upload(f"/images/{image['id']}/file", data)
        image = images.get(f"/images/{image['id']}")
        return image

    def ensure_network(self, name: str, cidr: str) -> Resource:
        """Return the network, with one subnet."""
        network: Resource = self._ensure("network", name)
        if not network["subnets"]:
            self._networks.post("/subnets", {"subnet": {
                "name": name, "network_id": network["id"], "cidr": cidr,
                "ip_version": 4}})
            network = self._networks.get(
                f"/networks/{network['id']}")["network"]
        return network

    def ensure_router(self, name: str, network: Resource,
                      outside: Resource) -> Resource:
        """Return the router that joins the network to the outside."""
        router = self._ensure("router", name, external_gateway_info={
            "network_id": outside["id"]})
        ports = self._networks.get(
            f"/ports?device_id={router['id']}&network_id={network['id']}")
        if not ports["ports"]:
            self._networks.put(
                f"/routers/{router['id']}/add_router_interface",
                {"subnet_id": network["subnets"][0]})
        return router

    def outside(self) -> Resource:
        """Return the network that floating IPs come from."""
        found = self._networks.get("/networks?router:external=true")
        if not found["networks"]:
            raise Failed("the cloud has no external network")
        network: Resource = found["networks"][0]
        return network

    def ensure_security_group(self, name: str) -> Resource:
        """Return the group that lets in SSH and ping."""
        group = self._ensure("security_group", name,
                             path="/security-groups")
        wanted = ({"protocol": "tcp", "port_range_min": 22,
                   "port_range_max": 22}, {"protocol": "icmp"})
        for rule in wanted:
            if any(all(old[key] == value for key, value in rule.items())
                   for old in group["security_group_rules"]
                   if old["direction"] == "ingress"):
                continue
            self._networks.post(
                "/security-group-rules", {"security_group_rule": {
                    "security_group_id": group["id"], "ethertype": "IPv4",
                    "direction": "ingress", **rule}})
        return group

    def ensure_keypair(self, name: str, public_key: str) -> None:
        servers = self.service("compute")
        with contextlib.suppress(exceptions.NotFound):
            old = servers.get(f"/os-keypairs/{name}")["keypair"]
            if old["public_key"].strip() == public_key:
                return
            servers.delete(f"/os-keypairs/{name}")
        servers.post("/os-keypairs", {"keypair": {
            "name": name, "public_key": public_key}})

    def flavor(self, name: str) -> Resource:
        for flavor in self.service("compute").get("/flavors")["flavors"]:
            if flavor["name"] == name:
                found: Resource = flavor
                return found
        raise Failed(f"the cloud has no flavor {name}")

    def find_server(self, name: str) -> Resource | None:
        """Return the server; one that failed is taken away instead."""
        servers = self.service("compute")
        for server in servers.get(
                f"/servers/detail?name=^{name}$")["servers"]:
            if server["status"] != "ERROR":
                return self._woken(server)
            servers.delete(f"/servers/{server['id']}")
            self._wait_gone(f"/servers/{server['id']}")
        return None

    def create_server(self, **members: Any) -> Resource:
        server: Resource = self.service("compute").post(
            "/servers", {"server": members})["server"]
        return server

    def wait_active(self, server_id: str, timeout: float) -> Resource:
        servers = self.service("compute")
        deadline = time.monotonic() + timeout
        while True:
            server: Resource = servers.get(
                f"/servers/{server_id}")["server"]
            if server["status"] == "ACTIVE":
                return server
            if server["status"] == "ERROR":
                raise Failed("the server failed: " + server.get(
                    "fault", {}).get("message", "for no known reason"))
            if time.monotonic() > deadline:
                raise Failed(f"the server is still {server['status']}"
                             f" after {timeout:.0f} s")
            time.sleep(0.2)

    def ensure_floating_ip(self, server_id: str, outside: Resource) -> str:
        """Return the address at which the server is reached."""
        port = self._port_of(server_id)
        found = self._networks.get(
            f"/floatingips?port_id={port['id']}")["floatingips"]
        if not found:
            found = [self._networks.post("/floatingips", {"floatingip": {
                "floating_network_id": outside["id"],
                "port_id": port["id"]}})["floatingip"]]
        address: str = found[0]["floating_ip_address"]
        return address

    @property
    def _networks(self) -> "Service":
        return self.service("network", "/v2.0")

    def _port_of(self, server_id: str) -> Resource:
        """Wait until the build has made the server's port."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            ports = self._networks.get(f"/ports?device_id={server_id}")
            for port in ports["ports"]:
                found: Resource = port
                return found
            self._refuse_failed(server_id)
            time.sleep(0.1)
        raise Failed("the server has no port after 60 s")

    def _refuse_failed(self, server_id: str) -> None:
        server = self.service("compute").get(
            f"/servers/{server_id}")["server"]
        if server["status"] == "ERROR":
            self.wait_active(server_id, 0)

    def _woken(self, server: Resource) -> Resource:
        if server["status"] == "SHUTOFF":
            self.service("compute").post(
                f"/servers/{server['id']}/action", {"os-start": None})
        return server

    def _wait_gone(self, path: str) -> None:
        deadline = time.monotonic() + 60
        with contextlib.suppress(exceptions.NotFound):
            while time.monotonic() < deadline:
                self.service("compute").get(path)
                time.sleep(0.2)

    def _ensure(self, kind: str, name: str, path: str = "",
                **members: Any) -> Resource:
        path = path or f"/{kind}s"
        found = self._networks.get(
            f"{path}?name={name}&project_id={self.project_id}")
        for resource in found[path.strip("/").replace("-", "_")]:
            had: Resource = resource
            return had
        made: Resource = self._networks.post(
            path, {kind: {"name": name, **members}})[kind]
        return made


class Service:
    """JSON over one service's REST API."""

    def __init__(self, rest: adapter.Adapter, prefix: str) -> None:
        self._rest = rest
        self._prefix = prefix

    def get(self, path: str) -> Any:
        with _explained():
            return self._rest.get(self._prefix + path).json()

    def post(self, path: str, body: Any) -> Any:
        with _explained():
            answer = self._rest.post(self._prefix + path, json=body)
        return answer.json() if answer.content else None

    def put(self, path: str, body: Any) -> Any:
        with _explained():
            return self._rest.put(self._prefix + path, json=body).json()

    def upload(self, path: str, data: Any) -> None:
        with _explained():
            self._rest.put(
                self._prefix + path, data=data,
                headers={"Content-Type": "application/octet-stream"})

    def delete(self, path: str) -> None:
        with _explained(), contextlib.suppress(exceptions.NotFound):
            self._rest.delete(self._prefix + path)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say what was refused; who looks for NotFound still gets it."""
    try:
        yield
    except exceptions.NotFound:
        raise
    except exceptions.ClientException as error:
        raise Failed(str(error)) from error
