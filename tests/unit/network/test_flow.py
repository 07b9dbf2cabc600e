"""The usual way: from a network to a server that is reached outside."""

from common import db
from network import bootstrap
from network.app import SCHEMA


def test_migrations_make_what_the_models_say(database, options):
    assert db.check(SCHEMA, options.network.database) == []


def test_bootstrap_may_be_repeated(api, options):
    bootstrap.bootstrap(options)

    public = api.admin("GET", "/networks?name=public")["networks"]
    assert len(public) == 1
    assert public[0]["provider:physical_network"] == "physnet1"
    assert public[0]["provider:network_type"] == "flat"
    assert public[0]["router:external"]


def test_network_to_floating_ip(api):
    network = api.network("n1")
    subnet = api.subnet(network)
    router = api.router_with_gateway(subnet)
    port = api.port(network)
    made = api("POST", "/floatingips", {"floatingip": {
        "floating_network_id": api.public()["id"],
        "port_id": port["id"]}})["floatingip"]

    assert subnet["gateway_ip"] == "10.0.0.1"
    assert subnet["allocation_pools"] == [
        {"start": "10.0.0.2", "end": "10.0.0.254"}]
    assert made["router_id"] == router["id"]
    assert made["fixed_ip_address"] == port["fixed_ips"][0]["ip_address"]
    assert made["floating_ip_address"].startswith("198.18.0.")
    shown = api("GET", f"/networks/{network['id']}")["network"]
    assert shown["subnets"] == [subnet["id"]]
    assert shown["mtu"] == 1442


def test_everything_goes_again(api):
    network = api.network("n1")
    subnet = api.subnet(network)
    router = api.router_with_gateway(subnet)
    port = api.port(network)
    fip = api("POST", "/floatingips", {"floatingip": {
        "floating_network_id": api.public()["id"],
        "port_id": port["id"]}})["floatingip"]

    assert api.error("DELETE", f"/networks/{network['id']}",
                     status=409) == "NetworkInUse"
    assert api.error("DELETE", f"/subnets/{subnet['id']}",
                     status=409) == "SubnetInUse"
    assert api.error("DELETE", f"/routers/{router['id']}",
                     status=409) == "RouterInUse"
    assert api.error(
        "PUT", f"/routers/{router['id']}/remove_router_interface",
        {"subnet_id": subnet["id"]},
        status=409) == "RouterInterfaceInUseByFloatingIP"
    api("DELETE", f"/ports/{port['id']}")
    shown = api("GET", f"/floatingips/{fip['id']}")["floatingip"]
    assert shown["port_id"] is None and shown["router_id"] is None
    api("DELETE", f"/floatingips/{fip['id']}")
    api("PUT", f"/routers/{router['id']}/remove_router_interface",
        {"subnet_id": subnet["id"]})
    api("DELETE", f"/routers/{router['id']}")
    api("DELETE", f"/networks/{network['id']}")
    assert api.admin("GET", "/ports")["ports"] == []
