"""The network's flow, and its claims, on PostgreSQL and MariaDB."""

import pytest

from common import concurrency, conf, db
from network import bootstrap
from network.app import SCHEMA
from network.conf import register_opts
from tests.cluster import databases
from tests.unit.network.conftest import API


@pytest.fixture
def api(server, tmp_path):
    options = conf.load(register=[register_opts], state_dir=str(tmp_path))
    options.set_override("database", databases.fresh(server, SCHEMA),
                         group="network")
    bootstrap.bootstrap(options)
    bootstrap.bootstrap(options)
    made = db.Database(options.network.database)
    yield API(options, made)
    made.dispose()


def test_migrations_make_what_the_models_say(api):
    assert db.check(SCHEMA, api.conf.network.database) == []


def test_the_flow(api):
    network = api.network("n1")
    subnet = api.subnet(network)
    router = api.router_with_gateway(subnet)
    port = api.port(network)
    fip = api("POST", "/floatingips", {"floatingip": {
        "floating_network_id": api.public()["id"],
        "port_id": port["id"]}})["floatingip"]
    path = f"/ports/{port['id']}"
    api("PUT", path, {"port": {"fixed_ips": [
        {"ip_address": "10.0.0.99"}]}})
    assert api("GET", f"/floatingips/{fip['id']}")["floatingip"][
        "port_id"] is None
    taken = {"port": {"network_id": network["id"], "fixed_ips": [
        {"ip_address": "10.0.0.99"}]}}
    assert api.error("POST", "/ports", taken, status=409) == "IpAddressInUse"
    api("DELETE", f"/floatingips/{fip['id']}")
    api("DELETE", path)
    api("PUT", f"/routers/{router['id']}/remove_router_interface",
        {"subnet_id": subnet["id"]})
    api("DELETE", f"/routers/{router['id']}")
    api("DELETE", f"/networks/{network['id']}")


def test_two_never_get_one_address(api):
    """Many want the few addresses at once; each goes to one."""
    network = api.network("race")
    api.subnet(network, "10.3.0.0/28", enable_dhcp=False)
    made = concurrency.gather(*[
        lambda: api.router_call("POST", "/ports", {"port": {
            "network_id": network["id"]}}) for _ in range(20)])
    won = [body["port"]["fixed_ips"][0]["ip_address"]
           for status, body in made if status == 201]
    assert len(won) == len(set(won)) == 13
    assert {status for status, _ in made} == {201, 409}


def test_one_default_group(api):
    from tests.base import make_ctx
    ctx = make_ctx(project="fresh")
    found = concurrency.gather(*[
        lambda: api("GET", "/security-groups", ctx=ctx)
        for _ in range(8)])
    ids = {g["id"] for each in found for g in each["security_groups"]}
    assert len(ids) == 1
