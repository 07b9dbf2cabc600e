"""openstacksdk, on which the openstack command stands, over real HTTP."""

import openstack
import pytest


@pytest.fixture(scope="module")
def sdk(cloud):
    env = cloud.environment()
    made = openstack.connect(
        auth_url=env["OS_AUTH_URL"], username="admin",
        password=env["OS_PASSWORD"], project_name="admin",
        user_domain_id="default", project_domain_id="default",
        region_name=env["OS_REGION_NAME"], identity_api_version="3",
        load_envvars=False, load_yaml_config=False)
    yield made.network
    made.close()


@pytest.fixture(scope="module")
def made(sdk):
    network = sdk.create_network(name="cn1")
    subnet = sdk.create_subnet(name="cs1", network_id=network.id,
                               cidr="10.1.0.0/24", ip_version=4)
    router = sdk.create_router(name="cr1")
    return network, subnet, router


def test_the_main_job(sdk, made):
    network, subnet, router = made
    assert network.status == "ACTIVE"
    assert subnet.gateway_ip == "10.1.0.1"
    public = sdk.find_network("public", ignore_missing=False)
    assert public.is_router_external
    sdk.update_router(router, external_gateway_info={
        "network_id": public.id})
    sdk.add_interface_to_router(router, subnet=subnet.id)
    router = sdk.get_router(router.id)
    assert router.external_gateway_info["enable_snat"] is True
    group = sdk.find_security_group("default", ignore_missing=False)
    sdk.create_security_group_rule(
        security_group_id=group.id, direction="ingress", protocol="tcp",
        port_range_min=22, port_range_max=22)
    rules = list(sdk.security_group_rules(security_group_id=group.id))
    assert len(rules) == 5
    port = sdk.create_port(network_id=network.id, name="cp1")
    fip = sdk.create_ip(floating_network_id=public.id)
    fip = sdk.update_ip(fip, port_id=port.id)
    assert fip.fixed_ip_address == port.fixed_ips[0]["ip_address"]


def test_lists_and_changes(sdk, made):
    network, subnet, router = made
    assert {"public", "cn1"} <= {n.name for n in sdk.networks()}
    assert [n.name for n in sdk.networks(is_router_external=True)] == [
        "public"]
    assert sdk.update_network(network, name="cn2").name == "cn2"
    assert sdk.update_subnet(subnet, dns_nameservers=[
        "9.9.9.9"]).dns_nameservers == ["9.9.9.9"]
    assert [s.id for s in sdk.subnets(network_id=network.id)] == [subnet.id]
    port = sdk.find_port("cp1", ignore_missing=False)
    assert sdk.update_port(port, name="cp2").name == "cp2"
    owners = {p.device_owner for p in sdk.ports(network_id=network.id)}
    assert owners == {"", "network:distributed", "network:router_interface"}
    assert not sdk.update_router(router, is_admin_state_up=False
                                 ).is_admin_state_up
    assert sdk.find_extension("router")
    assert list(sdk.availability_zones())
    assert sdk.get_quota(network.project_id).networks == 100
    assert len(list(sdk.networks(limit=1))) >= 2


def test_all_is_deleted(sdk, made):
    network, subnet, router = made
    for fip in sdk.ips():
        sdk.delete_ip(fip)
    sdk.delete_port(sdk.find_port("cp2"))
    sdk.update_router(router, external_gateway_info={})
    sdk.remove_interface_from_router(router, subnet=subnet.id)
    sdk.delete_router(router)
    sdk.delete_subnet(subnet)
    sdk.delete_network(network)
    assert [n.name for n in sdk.networks()] == ["public"]
    assert list(sdk.ports()) == []
