"""A subnet becomes the DHCP options of its ports."""

import ipaddress
from collections.abc import Sequence

from network.db.models import Subnet
from network.ovn.rows import Ref, Row

_LEASE_S = 43200
_METADATA = "169.254.169.254/32"
#: What the DHCP server calls itself where a subnet has no gateway.
_SERVER_MAC = "fa:16:3e:00:00:01"


def options(subnet_id: str) -> Ref:
    """Name the DHCP options of a subnet."""
    return Ref("DHCP_Options", subnet_id)


def rows(subnet: Subnet, *, metadata_ip: str | None,
         dns_servers: Sequence[str] = ()) -> list[Row]:
    """Return the DHCP options, none without DHCP.

    :param metadata_ip: address on the subnet through which metadata is
        reached, if any
    :param dns_servers: resolvers where the subnet names none
    """
    if not subnet.enable_dhcp:
        return []
    if subnet.ip_version == 6:
        values = _v6(subnet)
    else:
        values = _v4(subnet, metadata_ip, dns_servers)
    return [Row("DHCP_Options", subnet.id, {
        "cidr": subnet.cidr, "options": values,
        "external_ids": {"subnet_id": subnet.id}})]


def _v4(subnet: Subnet, metadata_ip: str | None,
        dns_servers: Sequence[str]) -> dict[str, str]:
    values = {
        "server_id": subnet.gateway_ip or metadata_ip or _first(subnet),
        "server_mac": _SERVER_MAC,
        "lease_time": str(_LEASE_S),
        "mtu": str(subnet.network.mtu),
    }
    if subnet.gateway_ip:
        values["router"] = subnet.gateway_ip
    resolvers = [a for a in subnet.dns_nameservers or dns_servers
                 if ":" not in a]
    if resolvers:
        values["dns_server"] = "{%s}" % ", ".join(resolvers)
    routes = _routes(subnet, metadata_ip)
    if routes:
        values["classless_static_route"] = "{%s}" % ", ".join(routes)
    return values


def _first(subnet: Subnet) -> str:
    return str(ipaddress.ip_network(subnet.cidr)[1])


def _routes(subnet: Subnet, metadata_ip: str | None) -> list[str]:
    """Return routes; a guest that reads these ignores the router option."""
    pairs = [(r["destination"], r["nexthop"]) for r in subnet.host_routes]
    if metadata_ip:
        pairs.insert(0, (_METADATA, metadata_ip))
    if pairs and subnet.gateway_ip:
        pairs.append(("0.0.0.0/0", subnet.gateway_ip))
    return [f"{destination},{hop}" for destination, hop in pairs]


def _v6(subnet: Subnet) -> dict[str, str]:
    values = {"server_id": _SERVER_MAC}
    resolvers = [a for a in subnet.dns_nameservers if ":" in a]
    if resolvers:
        values["dns_server"] = "{%s}" % ", ".join(resolvers)
    if subnet.ipv6_address_mode == "dhcpv6-stateless":
        values["dhcpv6_stateless"] = "true"
    return values
