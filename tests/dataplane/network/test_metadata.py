"""Metadata: from a guest, through the node's namespace, to compute."""

import hashlib
import hmac
import json
import sys

import pytest
import webob.dec

from common import concurrency, rpc
from common.context import service_context
from common.server import Server
from network.api.metadata import Source
from network.interfaces import MetadataNode
from network.metadata.agent import MetadataAgent, Served
from tests.dataplane.network.conftest import PROBE, wait_for

SECRET = "the-shared-secret"


class Compute:
    """Stands for compute's metadata service: says what it was asked."""

    def __init__(self, conf):
        self.server = Server(self.answer, "127.0.0.1", 0, conf=conf)
        self.server.start()

    @webob.dec.wsgify
    def answer(self, req):
        return webob.Response(json_body={
            "path": req.path_qs, "headers": dict(req.headers)})


@pytest.fixture(scope="module")
def agent(cloud, helper):
    compute = Compute(cloud.conf)
    cloud.conf.set_override(
        "metadata_url", f"http://127.0.0.1:{compute.server.port}",
        group="network")
    cloud.conf.set_override("shared_secret", SECRET, group="metadata")
    bus = rpc.Bus("memory://", exchange="metadata-test")
    bus.serve(Source(cloud.db), "node1")
    made = MetadataAgent(cloud.conf, bus)
    made.start()
    bus.serve(Served(made), "node1")
    thread = concurrency.spawn(made.run_forever)
    made.tell = lambda: bus.client(MetadataNode).changed(service_context())
    yield made
    made.stop()
    thread.wait()
    made.close()
    bus.stop()
    compute.server.stop(1)


def fetch(guest, path="/openstack", headers=()):
    said = guest.run(sys.executable, PROBE, "http", path, "5", *headers)
    return json.loads(said)


def test_a_guest_is_known_by_its_address(cloud, agent):
    network = cloud.api.network("meta")
    cloud.api.subnet(network, "10.7.0.0/24")
    port = cloud.port(network, server="11111111-aaaa-4bbb-8ccc-000000000001")
    agent.tell()
    guest = cloud.guest(port)
    cloud.wait_active(port)
    guest.configure()
    hop = dict(guest.probe("dhcp", "eth0", 10)["routes"])
    guest.run("ip", "route", "add", "169.254.169.254", "via",
              hop["169.254.169.254/32"])
    wait_for(lambda: network["id"] in agent._servers)

    status, text = fetch(guest, "/openstack/latest?x=1", (
        "X-Instance-ID: other", "x_tenant_id: other", "X-Tenant-ID: other",
        "X-Forwarded-For: 10.9.9.9", "X-Instance-ID-Signature: 00"))

    assert status == 200
    said = json.loads(text)
    assert said["path"] == "/openstack/latest?x=1"
    headers = {k.lower(): v for k, v in said["headers"].items()}
    server_id = port["device_id"]
    assert headers["x-instance-id"] == server_id
    assert headers["x-tenant-id"] == "p1"
    assert headers["x-forwarded-for"] == guest.address
    assert headers["x-instance-id-signature"] == hmac.new(
        SECRET.encode(), server_id.encode(), hashlib.sha256).hexdigest()

    # An address that is no server's gets nothing, even by its neighbour.
    cloud.api("POST", "/security-group-rules", {"security_group_rule": {
        "security_group_id": port["security_groups"][0],
        "direction": "ingress"}})
    cloud.unplug(guest)
    cloud.api("DELETE", f"/ports/{port['id']}")
    cloud.changed()
    agent.tell()
    wait_for(lambda: network["id"] not in cloud.enter(
        "ip", "netns", "list"))
    assert network["id"] not in cloud.enter(
        "ovs-vsctl", "--columns=external_ids", "list", "Interface")


def test_too_many_requests_are_refused(cloud, agent):
    cloud.conf.set_override("metadata_rate", 3, group="network")
    network = cloud.api.network("meta2")
    cloud.api.subnet(network, "10.8.0.0/24")
    port = cloud.port(network, server="11111111-aaaa-4bbb-8ccc-000000000002")
    agent.tell()
    guest = cloud.guest(port)
    cloud.wait_active(port)
    guest.configure()
    hop = dict(guest.probe("dhcp", "eth0", 10)["routes"])
    guest.run("ip", "route", "add", "169.254.169.254", "via",
              hop["169.254.169.254/32"])
    wait_for(lambda: network["id"] in agent._servers)
    statuses = json.loads(guest.run(
        sys.executable, PROBE, "burst", "/", "10"))
    assert 200 in statuses and 429 in statuses
    cloud.unplug(guest)
    cloud.api("DELETE", f"/ports/{port['id']}")
    agent.tell()
    wait_for(lambda: network["id"] not in agent._servers)
