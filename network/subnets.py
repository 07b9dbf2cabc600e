"""Subnets: what is planned when one is made or changed."""

import ipaddress
from typing import Any

from sqlalchemy import orm

from network import exceptions, ipam, ports
from network.db import allocations, changes, networks
from network.db import subnets as rows
from network.db.models import Subnet

#: Stands for a member that the request does not have.
UNSET: Any = object()


def create(session: orm.Session, network_id: str, *, cidr: str,
           ip_version: int, gateway_ip: Any = UNSET,
           allocation_pools: list[dict[str, str]] | None = None,
           **values: Any) -> Subnet:
    """Add a subnet to the network, which stays locked.

    :param gateway_ip: None for none; the first address by default
    """
    network = networks.lock(session, network_id)
    net = ipam.network_of(cidr, ip_version)
    if ipam.overlaps(net, network.subnets):
        raise exceptions.OverlappingSubnets(
            cidr=str(net), network_id=network_id)
    check_modes(ip_version, net.prefixlen, values)
    gateway = _gateway(net, gateway_ip)
    if allocation_pools is None:
        pools = ipam.default_pools(net, gateway)
    else:
        pools = ipam.check_pools(net, gateway, allocation_pools)
    subnet = rows.create(
        session, network_id=network_id, cidr=str(net),
        ip_version=ip_version, gateway_ip=gateway, allocation_pools=pools,
        **values)
    session.expire(network, ["subnets"])
    ports.ensure_metadata_port(session, network, subnet)
    return subnet


def _gateway(net: ipam.Net, wanted: Any) -> str | None:
    if wanted is UNSET:
        return ipam.default_gateway(net)
    if wanted is None:
        return None
    return _checked_gateway(net, wanted)


def _checked_gateway(net: ipam.Net, text: str) -> str:
    address = ipaddress.ip_address(text)
    if address.version != net.version:
        raise exceptions.InvalidInput(
            reason=f"gateway_ip '{text}' does not match the ip_version "
                   f"'{net.version}'")
    if address in net:
        ipam.address_of(text, net)
    elif not (net.version == 6 and address.is_link_local):
        raise exceptions.InvalidInput(
            reason=f"gateway_ip '{text}' is not on subnet {net}")
    return str(address)


def check_modes(ip_version: int, prefixlen: int,
                values: dict[str, Any]) -> None:
    """Raise InvalidInput for address modes that cannot be."""
    ra, mode = values.get("ipv6_ra_mode"), values.get("ipv6_address_mode")
    if not ra and not mode:
        return
    if ip_version != 6:
        raise exceptions.InvalidInput(
            reason="ipv6_ra_mode and ipv6_address_mode are for IPv6 only")
    if values.get("enable_dhcp") is False:
        raise exceptions.InvalidInput(
            reason="ipv6_ra_mode or ipv6_address_mode cannot be set when "
                   "enable_dhcp is set to False")
    if ra and mode and ra != mode:
        raise exceptions.InvalidInput(
            reason=f"ipv6_ra_mode set to '{ra}' with ipv6_address_mode set "
                   f"to '{mode}' is not valid. If both attributes are set, "
                   "they must be the same value")
    if mode in ipam.STATELESS and prefixlen != 64:
        raise exceptions.InvalidInput(
            reason=f"Invalid CIDR prefix /{prefixlen} for IPv6 address "
                   f"mode {mode}: it must be /64")


def update(session: orm.Session, subnet: Subnet,
           values: dict[str, Any]) -> None:
    """Change a subnet in place."""
    network = networks.lock(session, subnet.network_id)
    net = ipaddress.ip_network(subnet.cidr)
    gateway = subnet.gateway_ip
    if "gateway_ip" in values:
        gateway = _gateway(net, values["gateway_ip"])
        values["gateway_ip"] = gateway
    if values.get("allocation_pools") is not None:
        values["allocation_pools"] = ipam.check_pools(
            net, gateway, values["allocation_pools"])
    elif gateway != subnet.gateway_ip and gateway:
        ipam.check_gateway(gateway, subnet.allocation_pools)
    if gateway != subnet.gateway_ip:
        _check_gateway_free(session, subnet)
    for name, value in values.items():
        setattr(subnet, name, value)
    changes.touch(subnet)
    session.flush()
    changes.add(session, "subnet", subnet.id)
    changes.ports_of_subnet(session, subnet.id)
    changes.routers_on(session, network.id)
    if subnet.enable_dhcp:
        ports.ensure_metadata_port(session, network, subnet)


def _check_gateway_free(session: orm.Session, subnet: Subnet) -> None:
    """Refuse to take the gateway address from a router that has it."""
    if subnet.gateway_ip is None:
        return
    holder = allocations.holder(session, subnet.id, subnet.gateway_ip)
    if holder:
        raise exceptions.GatewayIpInUse(
            ip=subnet.gateway_ip, port_id=holder)
