"""Stand-ins for the services that compute asks over REST."""

import re
import uuid

from keystoneauth1 import exceptions as ksa

NET = "11111111-1111-4111-8111-111111111111"
SUBNET = "22222222-2222-4222-8222-222222222222"
IMAGE = "33333333-3333-4333-8333-333333333333"


class Answer:
    def __init__(self, value=None):
        self._value = value

    def json(self):
        return self._value


class Rest:
    """Calls the method of the route that matches."""

    #: Method, pattern of the path, name of the function.
    table = ()

    def __init__(self):
        self.calls = []

    def _call(self, verb, path, **kwargs):
        self.calls.append((verb, path))
        for method, pattern, name in self.table:
            found = re.fullmatch(pattern, path)
            if method == verb and found:
                return Answer(getattr(self, name)(*found.groups(), **kwargs))
        raise AssertionError(f"{verb} {path}")

    def get(self, path, params=None, headers=None):
        return self._call("GET", path, params=params or {})

    def post(self, path, json=None, headers=None):
        return self._call("POST", path, json=json)

    def put(self, path, json=None, headers=None, data=None, **kwargs):
        return self._call("PUT", path, json=json if data is None else data)

    def get_endpoint(self, interface):
        return f"http://{interface}.test/{type(self).__name__.lower()}"

    def delete(self, path, headers=None):
        return self._call("DELETE", path)


def _matches(row, params):
    return all(row.get(name) in (value if isinstance(value, list)
                                 else [value])
               for name, value in params.items())


class Network(Rest):
    table = (
        ("GET", "/v2.0/(networks|subnets|ports|security-groups|"
         "floatingips)", "list"),
        ("GET", "/v2.0/ports/(.*)", "show"),
        ("POST", "/v2.0/ports", "create"),
        ("PUT", "/v2.0/ports/(.*)", "update"),
        ("DELETE", "/v2.0/ports/(.*)", "remove"),
    )

    def __init__(self):
        super().__init__()
        self.next_ip = 10
        self.failing = False
        self.rows = {
            "networks": [{
                "id": NET, "name": "net1", "mtu": 1442, "shared": False,
                "subnets": [SUBNET], "tenant_id": "p1",
                "router:external": False, "admin_state_up": True}],
            "subnets": [{"id": SUBNET, "cidr": "10.0.0.0/24",
                         "ip_version": 4, "gateway_ip": "10.0.0.1"}],
            "security_groups": [
                {"id": "sg-default", "name": "default", "tenant_id": "p1"},
                {"id": "sg-web", "name": "web", "tenant_id": "p1"}],
            "floatingips": [], "ports": []}

    @property
    def ports(self):
        return self.rows["ports"]

    def list(self, kind, params):
        kind = kind.replace("-", "_")
        return {kind: [row for row in self.rows[kind]
                       if _matches(row, params)]}

    def _find(self, port_id):
        for port in self.ports:
            if port["id"] == port_id:
                return port
        raise ksa.NotFound("no such port")

    def show(self, port_id, params):
        return {"port": self._find(port_id)}

    def create(self, json):
        if self.failing:
            raise ksa.Conflict("No more IP addresses available (HTTP 409)")
        self.next_ip += 1
        values = json["port"]
        port = {"id": str(uuid.uuid4()), "status": "DOWN",
                "mac_address": f"fa:16:3e:00:00:{self.next_ip:02x}",
                "security_groups": ["sg-default"], "device_id": "",
                "device_owner": "", "project_id": "p1", **values}
        addresses = values.get("fixed_ips") or [
            {"ip_address": f"10.0.0.{self.next_ip}"}]
        port["fixed_ips"] = [
            {"subnet_id": SUBNET, "ip_address": ip["ip_address"]}
            for ip in addresses]
        self.ports.append(port)
        return {"port": port}

    def update(self, port_id, json):
        port = self._find(port_id)
        port.update(json["port"])
        return {"port": port}

    def remove(self, port_id):
        self.ports.remove(self._find(port_id))


class Images(Rest):
    refusing = None

    table = (("GET", "/v2/images/(.*)", "show"),
             ("POST", "/v2/images", "create"),
             ("PUT", "/v2/images/(.*)/file", "upload"),
             ("DELETE", "/v2/images/(.*)", "remove"))

    def __init__(self):
        super().__init__()
        self.data = {}
        self.rows = {IMAGE: {
            "id": IMAGE, "name": "tiny", "status": "active",
            "disk_format": "qcow2", "container_format": "bare",
            "size": 1000, "min_disk": 0, "min_ram": 0, "tags": [],
            "os_distro": "debian"}}

    def show(self, image_id, params):
        if image_id not in self.rows:
            raise ksa.NotFound("no such image")
        return self.rows[image_id]

    def create(self, json):
        if self.refusing:
            raise self.refusing
        self.rows[json["id"]] = json | {"status": "queued"}

    def upload(self, image_id, json):
        if self.show(image_id, {})["status"] != "queued":
            raise ksa.Conflict("wrong status (HTTP 409)")
        self.data[image_id] = json if isinstance(json, bytes) else (
            b"".join(json))
        self.rows[image_id]["status"] = "active"

    def remove(self, image_id):
        self.show(image_id, {})
        del self.rows[image_id]


class BlockStore(Rest):
    table = (
        ("GET", "/volumes/(.*)", "show"),
        ("DELETE", "/volumes/(.*)", "remove_volume"),
        ("POST", "/snapshots", "snapshot"),
        ("DELETE", "/snapshots/(.*)", "remove_snapshot"),
        ("GET", "/attachments", "list"),
        ("POST", "/attachments", "create"),
        ("PUT", "/attachments/(.*)", "connect"),
        ("POST", "/attachments/(.*)/action", "complete"),
        ("DELETE", "/attachments/(.*)", "remove"),
    )

    def __init__(self):
        super().__init__()
        self.volumes = {}
        self.snapshots = {}
        self.attachments = {}

    def add(self):
        volume_id = str(uuid.uuid4())
        self.volumes[volume_id] = {"id": volume_id, "status": "available",
                                   "bootable": "true", "multiattach": False}
        return volume_id

    def show(self, volume_id, params):
        if volume_id not in self.volumes:
            raise ksa.NotFound("no such volume")
        return {"volume": self.volumes[volume_id]}

    def list(self, params):
        return {"attachments": [
            row for row in self.attachments.values()
            if row["volume_id"] == params["volume_id"]
            and row["instance"] == params["instance_id"]]}

    def create(self, json):
        asked = json["attachment"]
        volume = self.volumes[asked["volume_uuid"]]
        if volume["status"] != "available":
            raise ksa.BadRequest("status must be available (HTTP 400)")
        volume["status"] = "reserved"
        made = {"id": str(uuid.uuid4()), "volume_id": volume["id"],
                "instance": asked["instance_uuid"]}
        self.attachments[made["id"]] = made
        return {"attachment": made}

    def connect(self, attachment_id, json):
        row = self.attachments[attachment_id]
        self.volumes[row["volume_id"]]["status"] = "attaching"
        return {"attachment": row | {"connection_info": {
            "driver_volume_type": "nbd",
            "data": {"serial": row["volume_id"]}}}}

    def complete(self, attachment_id, json):
        row = self.attachments[attachment_id]
        self.volumes[row["volume_id"]]["status"] = "in-use"

    def remove(self, attachment_id):
        row = self.attachments.pop(attachment_id, None)
        if row is None:
            raise ksa.NotFound("no such attachment")
        self.volumes[row["volume_id"]]["status"] = "available"

    def snapshot(self, json):
        asked = json["snapshot"]
        assert asked["force"] is True
        made = asked | {"id": str(uuid.uuid4()), "size": 1}
        self.snapshots[made["id"]] = made
        return {"snapshot": made}

    def remove_snapshot(self, snapshot_id):
        del self.snapshots[snapshot_id]

    def remove_volume(self, volume_id):
        del self.volumes[volume_id]


class Clients:
    def __init__(self):
        self.network = Network()
        self.image = Images()
        self.volume = BlockStore()

    def as_user(self, req, name):
        return getattr(self, name)
