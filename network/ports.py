"""Ports: their addresses, their security groups, who may remove them."""

import dataclasses
import ipaddress
from collections.abc import Iterable
from typing import Any

from sqlalchemy import orm

from network import exceptions, ipam
from network.db import allocations, changes, floatingips, security_groups
from network.db import ports as rows
from network.db.models import Network, Port, Subnet

#: Kinds of ports that what they serve removes: routers, floating IPs,
#: networks.
_OURS = ("network:router_interface", "network:router_gateway",
         "network:floatingip", "network:distributed")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a port shall have besides its columns.

    :param fixed_ips: members ``subnet_id`` and ``ip_address``, of which
        either may miss; None for an address of each version
    :param groups: ids of security groups; None for the default one
    """

    fixed_ips: list[dict[str, str]] | None = None
    groups: list[str] | None = None
    mac: str | None = None


def create(session: orm.Session, network: Network, plan: Plan,
           **values: Any) -> Port:
    """Add a port to the network with addresses and groups."""
    port = rows.create(session, plan.mac, network_id=network.id, **values)
    _claim(session, network, port, plan.fixed_ips)
    session.expire(port, ["fixed_ips"])
    _set_groups(session, port, plan.groups)
    session.flush()
    return port


def _claim(session: orm.Session, network: Network, port: Port,
           fixed_ips: list[dict[str, str]] | None) -> None:
    if fixed_ips is None:
        _claim_one_of_each(session, network, port)
        return
    for wanted in fixed_ips:
        _claim_wanted(session, network, port, wanted)


def _claim_wanted(session: orm.Session, network: Network, port: Port,
                  wanted: dict[str, str]) -> None:
    address = wanted.get("ip_address")
    if not wanted.get("subnet_id") and not address:
        _claim_from(session, network, network.subnets, port)
        return
    subnet = _subnet(network, wanted)
    if address:
        try:
            ipam.claim(session, subnet, port.id, address)
        except exceptions.IpAddressAlreadyAllocated as error:
            raise exceptions.IpAddressInUse(
                network_id=network.id, ip=address) from error
    else:
        _claim_from(session, network, [subnet], port)


def _subnet(network: Network, wanted: dict[str, str]) -> Subnet:
    """Return the subnet of the network that a fixed IP names."""
    subnet_id, text = wanted.get("subnet_id"), wanted.get("ip_address")
    if subnet_id:
        for subnet in network.subnets:
            if subnet.id == subnet_id:
                return subnet
        raise exceptions.InvalidInput(
            reason=f"Failed to create port on network {network.id}, because "
                   f"fixed_ips included invalid subnet {subnet_id}")
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        raise exceptions.InvalidInput(
            reason=f"'{text}' is not a valid IP address") from None
    for subnet in network.subnets:
        if address in ipaddress.ip_network(subnet.cidr):
            return subnet
    raise exceptions.InvalidIpForNetwork(ip=text)


def _claim_one_of_each(session: orm.Session, network: Network,
                       port: Port) -> None:
    """Give an IPv4 and an IPv6 address, where there are subnets of each.

    All subnets in which guests choose their addresses count.
    """
    for subnet in network.subnets:
        if _is_stateless(subnet, port):
            _claim_stateless(session, subnet, port)
    managed = [s for s in network.subnets if not _is_stateless(s, port)]
    for version in (4, 6):
        subnets = [s for s in managed if s.ip_version == version]
        if subnets:
            _claim_from(session, network, subnets, port)


def _is_stateless(subnet: Subnet, port: Port) -> bool:
    return (subnet.ipv6_address_mode in ipam.STATELESS
            and not port.device_owner.startswith("network:router_"))


def _claim_stateless(session: orm.Session, subnet: Subnet,
                     port: Port) -> None:
    address = ipam.from_mac(subnet.cidr, port.mac_address)
    ipam.claim(session, subnet, port.id, address)


def _claim_from(session: orm.Session, network: Network,
                subnets: Iterable[Subnet], port: Port) -> None:
    """Give an address of the first subnet that has one."""
    for subnet in subnets:
        if _is_stateless(subnet, port):
            _claim_stateless(session, subnet, port)
            return
        try:
            ipam.claim_any(session, subnet, port.id)
        except exceptions.NoAddress:
            continue
        return
    raise exceptions.IpAddressGenerationFailure(network_id=network.id)


def _set_groups(session: orm.Session, port: Port,
                groups: list[str] | None) -> None:
    """Put the port in its groups; the ports of routers have none."""
    service = port.device_owner.startswith("network:")
    if groups is None:
        if service or not port.port_security_enabled:
            return
        groups = [security_groups.ensure_default(session, port.project_id)]
    if groups and not port.port_security_enabled:
        raise exceptions.PortSecurityAndIPRequiredForSecurityGroups()
    rows.set_groups(session, port, groups)


def update(session: orm.Session, network: Network, port: Port, plan: Plan,
           values: dict[str, Any]) -> None:
    """Change columns, addresses (if given) and groups (if given)."""
    for name, value in values.items():
        setattr(port, name, value)
    if plan.mac and plan.mac != port.mac_address:
        _check_unbound(port)
        rows.set_mac(session, port, plan.mac)
    if plan.fixed_ips is not None:
        _replace_addresses(session, network, port, plan.fixed_ips)
    if plan.groups is not None:
        _set_groups(session, port, plan.groups)
    elif port.groups and not port.port_security_enabled:
        raise exceptions.PortSecurityPortHasSecurityGroup()
    if port.allowed_address_pairs and not port.port_security_enabled:
        raise exceptions.AddressPairAndPortSecurityRequired()
    changes.touch(port)
    session.flush()
    changes.add(session, "port", port.id)


def _check_unbound(port: Port) -> None:
    if port.binding_host_id:
        raise exceptions.PortInUse(
            id=port.id, network_id=port.network_id,
            device_id=port.device_id)


def _replace_addresses(session: orm.Session, network: Network, port: Port,
                       wanted: list[dict[str, str]]) -> None:
    """Keep the addresses that are wanted still, so nobody takes them."""
    have = list(port.fixed_ips)
    fresh = []
    for each in wanted:
        kept = next((h for h in have if _covers(each, h)), None)
        if kept:
            have.remove(kept)
        else:
            fresh.append(each)
    for gone in have:
        allocations.release(session, gone.subnet_id, gone.ip_address)
    session.expire(port, ["fixed_ips"])
    if fresh:
        _claim(session, network, port, fresh)
        session.expire(port, ["fixed_ips"])
    left = frozenset(a.ip_address for a in port.fixed_ips)
    floatingips.leave_port(session, port.id, left)


def _covers(wanted: dict[str, str], held: Any) -> bool:
    """Say whether an address that the port has is the one wanted."""
    text, subnet_id = wanted.get("ip_address"), wanted.get("subnet_id")
    if not text and not subnet_id:
        return False
    return (subnet_id in (None, "", held.subnet_id)
            and (not text or _same(text, held.ip_address)))


def _same(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False


def check_deletable(port: Port) -> None:
    """Raise ServicePortInUse for a port that the network itself made."""
    if port.device_owner in _OURS:
        raise exceptions.ServicePortInUse(
            id=port.id, reason=f"has device owner {port.device_owner}")


def delete(session: orm.Session, port: Port) -> None:
    """Remove the port; floating IPs that led to it lead nowhere."""
    floatingips.leave_port(session, port.id)
    rows.delete(session, port)


def ensure_metadata_port(session: orm.Session, network: Network,
                         subnet: Subnet) -> None:
    """Give the network's metadata port an address on the subnet.

    A subnet too full for it has no metadata, and works otherwise.
    """
    if network.external or not subnet.enable_dhcp:
        return
    port = rows.metadata_port(session, network.id)
    if port is None:
        port = rows.create(
            session, network_id=network.id, project_id=network.project_id,
            device_owner="network:distributed",
            device_id=f"ovnmeta-{network.id}", port_security_enabled=False)
    elif any(a.subnet_id == subnet.id for a in port.fixed_ips):
        return
    try:
        _claim_from(session, network, [subnet], port)
    except exceptions.IpAddressGenerationFailure:
        return
    session.expire(port, ["fixed_ips"])
    changes.touch(port)
    changes.add(session, "port", port.id)
    changes.add(session, "subnet", *[s.id for s in network.subnets],
                subnet.id)
