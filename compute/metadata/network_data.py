"""``network_data.json``: the network as cloud-init can set it up."""

import ipaddress
from typing import Any

from compute import spec as specs


def build(spec: specs.ServerSpec) -> dict[str, Any]:
    """Return links, networks and services of a server's cards."""
    links = [_link(nic) for nic in spec.nics]
    networks: list[dict[str, Any]] = []
    for nic in spec.nics:
        for fixed in nic.fixed_ips:
            subnet = next((s for s in nic.subnets
                           if s["id"] == fixed["subnet_id"]), None)
            if subnet:
                networks.append(_network(
                    f"network{len(networks)}", nic, fixed, subnet))
    servers = {server: None for nic in spec.nics for subnet in nic.subnets
               for server in subnet.get("dns_nameservers") or []}
    return {"links": links, "networks": networks,
            "services": [_dns(server) for server in servers]}


def _link(nic: specs.Nic) -> dict[str, Any]:
    return {"id": "tap" + nic.port_id[:11], "vif_id": nic.port_id,
            "type": nic.vif_type, "mtu": nic.mtu,
            "ethernet_mac_address": nic.mac}


def _network(name: str, nic: specs.Nic, fixed: dict[str, str],
             subnet: dict[str, Any]) -> dict[str, Any]:
    """Return one address of a card: by DHCP where that is on, else fixed."""
    version = subnet.get("ip_version", 4)
    network: dict[str, Any] = {
        "id": name, "link": "tap" + nic.port_id[:11],
        "network_id": nic.network_id, "type": _kind(subnet, version)}
    if network["type"] == "ipv4_dhcp":
        return network
    cidr = ipaddress.ip_network(subnet["cidr"])
    network |= {"ip_address": fixed["ip_address"],
                "netmask": str(cidr.netmask),
                "routes": _routes(subnet, version),
                "services": [_dns(server) for server in
                             subnet.get("dns_nameservers") or []]}
    return network


def _kind(subnet: dict[str, Any], version: int) -> str:
    if version == 4:
        return "ipv4_dhcp" if subnet.get("enable_dhcp") else "ipv4"
    mode = subnet.get("ipv6_address_mode")
    return f"ipv6_{mode}" if mode else "ipv6"


def _routes(subnet: dict[str, Any], version: int) -> list[dict[str, str]]:
    routes = []
    if subnet.get("gateway_ip"):
        everywhere = ipaddress.ip_network("0.0.0.0/0" if version == 4
                                          else "::/0")
        routes.append(_route(everywhere, subnet["gateway_ip"]))
    for route in subnet.get("host_routes") or []:
        routes.append(_route(ipaddress.ip_network(route["destination"]),
                             route["nexthop"]))
    return routes


def _route(network: ipaddress.IPv4Network | ipaddress.IPv6Network,
           gateway: str) -> dict[str, str]:
    return {"network": str(network.network_address),
            "netmask": str(network.netmask), "gateway": gateway}


def _dns(address: str) -> dict[str, str]:
    return {"type": "dns", "address": address}
