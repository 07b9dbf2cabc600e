"""The life of a server, through the API."""

import functools
import hmac
import uuid

import pytest

from common import concurrency, db, policy, wsgi
from common.context import service_context
from compute import exceptions
from compute.api.native import interfaces
from compute.db.cell import models
from compute.drivers.fake import FakeDriver
from compute.metadata import app as metadata
from compute.metadata.servers import Askers
from compute.placement import claims
from tests import base
from tests.unit.compute import outside
from tests.unit.compute.conftest import ADMIN, OTHER, READER, SERVICE


def test_create_to_active(cloud):
    world = cloud.world
    server_id = world.boot(metadata={"a": "b"}, config_drive=True)

    server = world.wait_status(server_id, "ACTIVE")

    assert server["OS-EXT-STS:power_state"] == 1
    assert server["OS-EXT-SRV-ATTR:host"] == "h1"
    address = server["addresses"]["net1"][0]
    assert address["addr"] == "10.0.0.11"
    assert address["OS-EXT-IPS:type"] == "fixed"
    assert server["security_groups"] == [{"name": "default"}]
    assert server["metadata"] == {"a": "b"}
    port = world.network.ports[0]
    assert port["device_id"] == server_id
    assert port["device_owner"] == "compute:nova"
    assert port["binding:host_id"] == "h1"
    assert cloud.driver.guest(server_id).power_state == "running"


def test_create_claims_room(cloud):
    world = cloud.world
    server_id = world.active()

    provider = world.placed("/resource_providers")["resource_providers"][0]
    path = f"/resource_providers/{provider['uuid']}"

    assert world.placed(path + "/usages")["usages"] == {
        "VCPU": 1, "MEMORY_MB": 256, "DISK_GB": 1}
    assert list(world.placed(path + "/allocations")["allocations"]) == [
        server_id]


def test_delete_leaves_nothing(cloud):
    world = cloud.world
    server_id = world.active()

    world.call("DELETE", f"/v2.1/servers/{server_id}", status=204)
    world.wait_gone(server_id)

    assert world.network.ports == []
    assert cloud.driver.guests() == {}
    assert world.placed(f"/allocations/{server_id}")["allocations"] == {}
    used = world.call("GET", "/v2.1/limits").json["limits"]["absolute"]
    assert used["totalInstancesUsed"] == 0


def test_no_host_says_why(world):
    server_id = world.boot()

    server = world.wait_status(server_id, "ERROR")

    assert server["fault"]["message"] == (
        "No valid host was found. There are no compute hosts.")
    assert world.network.ports == []


def test_refusals_are_counted_by_reason(cloud):
    world = cloud.world
    world.add_host("h2", type(cloud.driver)("h2", memory_mib=100))
    services = world.call("GET", "/v2.1/os-services", ctx=ADMIN,
                          version="2.53").json["services"]
    first = next(row for row in services if row["host"] == "h1")
    world.call("PUT", f"/v2.1/os-services/{first['id']}",
               {"status": "disabled"}, ctx=ADMIN, version="2.53",
               status=200)

    server = world.wait_status(world.boot(), "ERROR")

    assert server["fault"]["message"] == (
        "No valid host was found. 2 hosts refused: 1 disabled, "
        "1 too little RAM")


def test_failed_port_undoes_all(cloud):
    world = cloud.world
    world.network.failing = True

    server = world.wait_status(world.boot(), "ERROR")

    assert "No more IP addresses" in server["fault"]["message"]
    assert cloud.driver.guests() == {}
    assert world.placed(f"/allocations/{server['id']}")["allocations"] == {}


def test_ports_that_are_never_wired(cloud):
    world = cloud.world
    world.auto_plug = False
    world.conf.set_override("vif_plugging_timeout", 1, group="compute")

    server = world.wait_status(world.boot(), "ERROR")

    assert "did not wire" in server["fault"]["message"]
    assert cloud.driver.guests() == {}
    assert world.network.ports == []


def test_delete_while_building(cloud):
    world = cloud.world
    world.auto_plug = False
    server_id = world.boot()
    world.wait(lambda: cloud.driver.guests())

    world.call("DELETE", f"/v2.1/servers/{server_id}", status=204)
    world.wait_gone(server_id)

    assert cloud.driver.guests() == {}
    assert world.network.ports == []
    assert world.placed(f"/allocations/{server_id}")["allocations"] == {}


def test_stop_start_reboot(cloud):
    world = cloud.world
    server_id = world.active()
    path = f"/v2.1/servers/{server_id}/action"

    world.call("POST", path, {"os-stop": None}, status=202)
    stopped = world.wait_status(server_id, "SHUTOFF")
    assert stopped["OS-EXT-STS:power_state"] == 4
    world.call("POST", path, {"os-stop": None}, status=409)
    world.call("POST", path, {"os-start": None}, status=202)
    world.wait_status(server_id, "ACTIVE")
    for kind in ("SOFT", "HARD"):
        world.call("POST", path, {"reboot": {"type": kind}}, status=202)
        world.wait_status(server_id, "ACTIVE")
    listed = world.call(
        "GET", f"/v2.1/servers/{server_id}/os-instance-actions").json
    assert [row["action"] for row in listed["instanceActions"]] == [
        "reboot", "reboot", "start", "stop", "create"]


def test_guest_that_goes_off_is_stopped(cloud):
    world = cloud.world
    server_id = world.active()

    cloud.driver.power_off_inside(server_id)

    world.wait_status(server_id, "SHUTOFF")


def test_console_output(cloud):
    world = cloud.world
    server_id = world.active()

    answer = world.call("POST", f"/v2.1/servers/{server_id}/action",
                        {"os-getConsoleOutput": {"length": 1}}, status=200)

    assert answer.json["output"] == "login:\n"


def test_volume_is_attached_and_detached(cloud):
    world = cloud.world
    server_id = world.active()
    volume_id = world.blockstore.add()
    path = f"/v2.1/servers/{server_id}/os-volume_attachments"

    made = world.call("POST", path, {"volumeAttachment": {
        "volumeId": volume_id}}, status=200).json["volumeAttachment"]
    assert made == {"id": volume_id, "volumeId": volume_id,
                    "serverId": server_id, "device": "/dev/vdb"}
    world.wait(lambda: world.blockstore.volumes[volume_id][
        "status"] == "in-use")
    world.wait(lambda: world.call(
        "GET", path, version="2.89").json["volumeAttachments"])
    world.call("POST", path, {"volumeAttachment": {
        "volumeId": volume_id}}, status=400)

    world.wait(lambda: world.call(
        "DELETE", f"{path}/{volume_id}").status_int == 202)
    world.wait(lambda: world.blockstore.volumes[volume_id][
        "status"] == "available")
    world.wait(lambda: world.call("GET", path).json[
        "volumeAttachments"] == [])


def test_delete_detaches_volumes(cloud):
    world = cloud.world
    server_id = world.active()
    volume_id = world.blockstore.add()
    path = f"/v2.1/servers/{server_id}"
    world.call("POST", path + "/os-volume_attachments", {
        "volumeAttachment": {"volumeId": volume_id}}, status=200)

    world.call("DELETE", path, status=204)
    world.wait_gone(server_id)

    assert world.blockstore.volumes[volume_id]["status"] == "available"
    assert world.blockstore.attachments == {}


def test_given_port_outlives_the_server(cloud):
    world = cloud.world
    port = world.network.create({"port": {"network_id": outside.NET}})[
        "port"]
    server_id = world.active(networks=[{"port": port["id"]}])
    world.boot(networks=[{"port": port["id"]}], status=409)

    world.call("DELETE", f"/v2.1/servers/{server_id}", status=204)
    world.wait_gone(server_id)

    assert [row["id"] for row in world.network.ports] == [port["id"]]
    assert port["device_id"] == ""


def test_address_on_a_network_of_others_is_not_theirs_to_choose(cloud):
    world = cloud.world
    world.network.rows["networks"][0] |= {"tenant_id": "p2", "shared": True}

    world.boot(networks=[{"uuid": outside.NET, "fixed_ip": "10.0.0.77"}],
               status=403)

    assert world.network.ports == []


def test_port_of_another_project_is_refused(cloud):
    """Who owns a network sees, but may not take, others' ports on it."""
    world = cloud.world
    port = world.network.create({"port": {
        "network_id": outside.NET, "project_id": "p2"}})["port"]
    server_id = world.active()

    world.boot(networks=[{"port": port["id"]}], status=400)
    world.call("POST", f"/v2.1/servers/{server_id}/os-interface", {
        "interfaceAttachment": {"port_id": port["id"]}}, status=400)

    assert port["device_id"] == ""


def test_image_reference_is_no_path(cloud):
    for reference in ("http://images/", "..", "x?y=z", ""):
        answer = cloud.world.boot(imageRef=reference, status=400)
        assert "imageRef" in answer.json["badRequest"]["message"]


def test_volumes_of_a_locked_server_stay(cloud):
    world = cloud.world
    server_id, volume_id = world.active(), world.blockstore.add()
    path = f"/v2.1/servers/{server_id}"
    with world.cell_db.writer() as session:
        session.get(models.Server, server_id).locked_by = "admin"

    world.call("POST", path + "/os-volume_attachments", {
        "volumeAttachment": {"volumeId": volume_id}}, status=409)

    assert world.blockstore.volumes[volume_id]["status"] == "available"


def test_too_many_volumes_are_refused(cloud):
    world = cloud.world
    server_id = world.active()
    with world.cell_db.writer() as session:
        for letter in "bcdefghijklmnopqrstuvwxyz":
            session.add(models.Volume(
                id=db.new_id(), server_id=server_id, volume_id=db.new_id(),
                device=f"/dev/vd{letter}", status="attached"))

    world.call("POST", f"/v2.1/servers/{server_id}/os-volume_attachments", {
        "volumeAttachment": {"volumeId": world.blockstore.add()}},
        status=403)


def test_quota_refuses(cloud):
    world = cloud.world
    world.call("PUT", "/v2.1/os-quota-sets/p1", {
        "quota_set": {"instances": 1}}, ctx=ADMIN, status=200)
    world.boot()

    answer = world.boot(status=403)

    assert answer.json["forbidden"]["message"] == (
        "Quota exceeded for instances: Requested 1, but already used 1 of "
        "1 instances")


def test_several_at_once(cloud):
    world = cloud.world
    world.call("POST", "/v2.1/servers", {"server": {
        "name": "many", "imageRef": outside.IMAGE, "flavorRef": "1",
        "networks": [{"uuid": outside.NET}], "min_count": 3}}, status=202)

    found = world.call("GET", "/v2.1/servers").json["servers"]

    assert sorted(row["name"] for row in found) == [
        "many-1", "many-2", "many-3"]
    for row in found:
        world.wait_status(row["id"], "ACTIVE")


def test_list_takes_a_constant_number_of_queries(cloud):
    world = cloud.world
    counts = []
    for _ in range(3):
        world.active()
        concurrency_free = (world.api_db, world.cell_db)
        with db.count_queries(*concurrency_free) as queries:
            world.call("GET", "/v2.1/servers/detail", version="2.100",
                       ctx=ADMIN, status=200)
            world.call("GET", "/v2.1/servers/detail?all_tenants=1",
                       version="2.100", ctx=ADMIN, status=200)
        counts.append(len([statement for statement in queries.statements
                           if "FROM servers" in statement
                           or "FROM nics" in statement
                           or "FROM server_" in statement]))

    assert counts[1] == counts[2] <= 9


def test_foreign_servers_are_not_there(cloud):
    world = cloud.world
    server_id = world.active()
    path = f"/v2.1/servers/{server_id}"

    for method, url, body in [
            ("GET", path, None), ("DELETE", path, None),
            ("PUT", path, {"server": {"name": "x"}}),
            ("POST", path + "/action", {"os-stop": None}),
            ("GET", path + "/os-volume_attachments", None),
            ("GET", path + "/os-instance-actions", None),
            ("GET", path + "/ips", None)]:
        world.call(method, url, body, ctx=OTHER, status=404)
    assert world.call("GET", "/v2.1/servers",
                      ctx=OTHER).json == {"servers": []}


def test_readers_may_look_only(cloud):
    world = cloud.world
    server_id = world.active()
    path = f"/v2.1/servers/{server_id}"

    world.call("GET", path, ctx=READER, status=200)
    world.call("DELETE", path, ctx=READER, status=403)
    world.call("POST", path + "/action", {"os-stop": None}, ctx=READER,
               status=403)
    world.boot(ctx=READER, status=403)


def test_bad_requests_name_the_field(cloud):
    world = cloud.world
    for values, text in [
            ({"flavorRef": "99"}, "Flavor 99"),
            ({"imageRef": "44444444-4444-4444-8444-444444444444"}, "Image"),
            ({"networks": [{"uuid": "44444444-4444-4444-8444-444444444444"
                            }]}, "Network"),
            ({"key_name": "none"}, "key_name"),
            ({"user_data": "???"}, "user_data"),
            ({"availability_zone": "moon"}, "availability zone"),
            ({"security_groups": [{"name": "nope"}]}, "nope"),
            ({"surprise": 1}, "surprise"),
            ({"block_device_mapping_v2": [{"source_type": "volume"}]},
             "block_device_mapping_v2"),
            ({"name": ""}, "name")]:
        answer = world.boot(status=400, **values)
        assert text in answer.json["badRequest"]["message"], answer.text
    assert world.call("GET", "/v2.1/servers").json == {"servers": []}


def test_view_grows_with_the_version(cloud):
    world = cloud.world
    server_id = world.active()
    old = world.show(server_id, "2.1")
    new = world.show(server_id, "2.100")

    assert set(old["flavor"]) == {"id", "links"}
    assert new["flavor"]["original_name"] == "m1.tiny"
    assert set(new) - set(old) == {
        "locked", "description", "tags", "trusted_image_certificates",
        "locked_reason", "server_groups", "pinned_availability_zone",
        "scheduler_hints", "OS-EXT-SRV-ATTR:hostname"}


def test_project_in_the_path(cloud):
    world = cloud.world
    server_id = world.active()

    shown = world.call("GET", f"/v2.1/p1/servers/{server_id}", status=200)
    world.call("GET", f"/v2.1/p2/servers/{server_id}", status=400)

    assert shown.json["server"]["links"][0]["href"].endswith(
        f"/v2.1/p1/servers/{server_id}")


def test_floating_ip_is_followed_when_the_network_tells(cloud):
    world = cloud.world
    server_id = world.active()
    port = world.network.ports[0]
    rows = world.network.rows["floatingips"]
    rows.append({
        "port_id": port["id"], "floating_ip_address": "198.18.1.5",
        "fixed_ip_address": port["fixed_ips"][0]["ip_address"]})
    event = {"events": [{"name": "network-changed",
                         "server_uuid": server_id, "tag": port["id"]}]}

    world.call("POST", "/v2.1/os-server-external-events", event,
               ctx=SERVICE, status=200)

    world.wait(lambda: len(
        world.show(server_id)["addresses"]["net1"]) == 2)
    assert world.show(server_id)["addresses"]["net1"][1][
        "OS-EXT-IPS:type"] == "floating"
    assert public_ipv4(world, server_id) == b"198.18.1.5"

    rows.clear()
    world.call("POST", "/v2.1/os-server-external-events", event,
               ctx=SERVICE, status=200)

    world.wait(lambda: len(
        world.show(server_id)["addresses"]["net1"]) == 1)
    assert public_ipv4(world, server_id) == b""


def public_ipv4(world, server_id):
    """Ask the metadata service, which knows nothing from before."""
    askers = Askers(world.conf, world.cell_db, "secret")
    router = wsgi.Router(metadata.api(askers),
                         policy.enforcer(world.conf, []), world.conf)
    signature = hmac.new(b"secret", server_id.encode(), "sha256")
    return base.call(router, "GET", "/latest/meta-data/public-ipv4",
                     headers={"X-Instance-ID": server_id,
                              "X-Tenant-ID": "p1",
                              "X-Instance-ID-Signature":
                              signature.hexdigest()}).body


def test_late_word_of_a_guest_that_went_off_is_dropped(cloud):
    world = cloud.world
    server_id = world.active()
    with world.cell_db.reader() as session:
        before = session.get(models.Server, server_id).generation
    tell = functools.partial(
        world.conductor.lifecycle, service_context(), host="h1",
        server_id=server_id, event="stopped", generation=before)
    tell()
    world.wait_status(server_id, "SHUTOFF")
    world.call("POST", f"/v2.1/servers/{server_id}/action",
               {"os-start": None}, status=202)
    world.wait_status(server_id, "ACTIVE")

    tell()

    world.wait_status(server_id, "ACTIVE")
    assert cloud.driver.guest(server_id).power_state == "running"


def test_sweeper_takes_back_orphaned_quota(cloud):
    import datetime

    from compute.db.api import mappings
    from compute.db.api.models import ServerMapping
    world = cloud.world
    with world.api_db.writer() as session:
        mappings.add(session, ServerMapping(
            server_id="lost", cell="cell1", project_id="p1", user_id="u1",
            vcpus=1, ram_mib=1, created_at=db.utcnow()
            - datetime.timedelta(hours=1)))

    assert world.sweeper.run_once() == 1
    assert world.sweeper.run_once() == 0


@pytest.mark.parametrize("moved", ["elsewhere", "away"])
def test_sweeper_moves_a_claim_to_where_the_server_is(cloud, moved):
    world = cloud.world
    server_id = world.active()
    held = world.placed(f"/allocations/{server_id}")["allocations"]
    assert world.sweeper.run_once() == 0

    claims.release(world.api_db, server_id)
    if moved == "elsewhere":
        world.add_host("h2")
        assert claims.claim(world.api_db, claims.Claim(
            server_id, "p1", "u1", str(uuid.uuid5(
                uuid.NAMESPACE_DNS, "h2")), (("VCPU", 1),)))

    assert world.sweeper.run_once() == 1
    found = world.placed(f"/allocations/{server_id}")["allocations"]
    assert {key: row["resources"] for key, row in found.items()} == {
        key: row["resources"] for key, row in held.items()}
    assert world.sweeper.run_once() == 0


def test_sweeper_releases_what_a_failed_server_holds(world):
    server = world.wait_status(world.boot(), "ERROR")
    world.add_host("h1")
    provider = str(uuid.uuid5(uuid.NAMESPACE_DNS, "h1"))
    assert claims.claim(world.api_db, claims.Claim(
        server["id"], "p1", "u1", provider, (("VCPU", 1),)))

    assert world.sweeper.run_once() == 1

    assert world.placed(f"/allocations/{server['id']}")["allocations"] == {}


def test_another_host_is_tried(cloud):
    world = cloud.world
    failing = _Failing("h0", vcpus=640, memory_mib=10 ** 6)
    world.add_host("h0", failing)

    server = world.wait_status(world.boot(), "ACTIVE")

    assert server["OS-EXT-SRV-ATTR:host"] == "h1"
    assert failing.asked == 1
    assert len(world.network.ports) == 1
    assert list(world.placed(
        f"/allocations/{server['id']}")["allocations"].values())[0][
            "resources"] == {"VCPU": 1, "MEMORY_MB": 256, "DISK_GB": 1}


def test_all_hosts_fail(world):
    world.add_host("h0", _Failing("h0"))

    server = world.wait_status(world.boot(), "ERROR")

    assert server["fault"]["message"] == (
        "No valid host was found. 1 host refused: 1 tried before. Before: "
        "The hypervisor could not start the server: it burns")
    assert world.network.ports == []
    assert world.placed(f"/allocations/{server['id']}")["allocations"] == {}


class _Failing(FakeDriver):
    """A host on which nothing starts."""

    asked = 0

    def start(self, spec, *, paused=False):
        self.asked += 1
        raise exceptions.GuestNotStarted(reason="it burns")


def test_port_is_attached_and_detached(cloud, monkeypatch):
    world = cloud.world
    server_id = world.active()
    path = f"/v2.1/servers/{server_id}/os-interface"

    made = world.call("POST", path, {"interfaceAttachment": {
        "net_id": outside.NET}}, status=200).json["interfaceAttachment"]
    assert made["fixed_ips"][0]["ip_address"] == "10.0.0.12"
    world.wait(lambda: made["port_id"] in cloud.driver._ports[server_id])
    assert len(world.call("GET", path).json["interfaceAttachments"]) == 2

    lets_go, detach = concurrency.Event(), cloud.driver.detach_nic
    monkeypatch.setattr(cloud.driver, "detach_nic", lambda *names: (
        lets_go.wait(5), detach(*names)))
    world.call("DELETE", f"{path}/{made['port_id']}", status=202)
    again = world.call("DELETE", f"{path}/{made['port_id']}", status=409)
    assert "detaching" in again.json["conflictingRequest"]["message"]
    lets_go.send()
    world.wait(lambda: len(world.network.ports) == 1)
    world.wait(lambda: len(world.call("GET", path).json[
        "interfaceAttachments"]) == 1)
    assert made["port_id"] not in cloud.driver._ports[server_id]
    world.call("DELETE", f"{path}/{made['port_id']}", status=404)


@pytest.mark.parametrize("lost", [False, True])
def test_end_of_an_attachment_is_told(cloud, monkeypatch, lost):
    """It is looked for, too, since hints may be lost."""
    world = cloud.world
    server_id = world.active()
    monkeypatch.setattr(interfaces, "_LOOK_S", 0.1 if lost else 60)
    if lost:
        monkeypatch.setattr(world.env, "tell_ended", lambda task_id: None)

    with concurrency.Timeout(15):
        world.call("POST", f"/v2.1/servers/{server_id}/os-interface",
                   {"interfaceAttachment": {"net_id": outside.NET}},
                   status=200)


def test_network_that_refuses_a_port_is_quoted(cloud):
    world = cloud.world
    server_id = world.active()
    world.network.failing = True

    answer = world.call(
        "POST", f"/v2.1/servers/{server_id}/os-interface",
        {"interfaceAttachment": {"net_id": outside.NET}}, status=400)

    assert "No more IP addresses" in answer.json["badRequest"]["message"]


def test_of_two_servers_one_gets_the_port(cloud):
    """Both asked while the port was free."""
    world = cloud.world
    first = world.active()
    port = world.network.create(json={"port": {
        "network_id": outside.NET}})["port"]
    asked = {"interfaceAttachment": {"port_id": port["id"]}}
    world.call("POST", f"/v2.1/servers/{first}/os-interface", asked,
               status=200)
    port["device_id"] = ""

    second = world.wait_status(
        world.boot(networks=[{"port": port["id"]}]), "ERROR")

    assert "in use" in second["fault"]["message"]
    world.call("POST", f"/v2.1/servers/{first}/os-interface", asked,
               status=409)
    assert port["device_id"] == ""
    addresses = world.show(first)["addresses"]
    assert len(addresses["net1"]) == 2
