"""A port becomes a logical switch port, filtered before it is up.

Every port with port security is in the group that drops what nothing
allows, from the transaction on that makes it.
"""

from network.db.models import Port
from network.ovn import networks, security_groups, subnets
from network.ovn.rows import Ref, Row


def rows(port: Port) -> list[Row]:
    """Return the switch port; ports of floating IPs have none."""
    if port.device_owner == "network:floatingip":
        return []
    if port.device_owner in ("network:router_interface",
                             "network:router_gateway"):
        columns = _of_router(port)
    elif port.device_owner == "network:distributed":
        columns = {"type": "localport", "addresses": [_addresses(port)]}
    else:
        columns = _of_guest(port)
    parent = (networks.switch(port.network_id), "ports")
    return [Row("Logical_Switch_Port", port.id, columns | {
        "name": port.id, "enabled": [port.admin_state_up],
        "external_ids": {"name": port.name, "device_id": port.device_id},
    }, parent=parent, joins=_groups(port))]


def _addresses(port: Port) -> str:
    return " ".join([port.mac_address,
                     *[a.ip_address for a in port.fixed_ips]])


def _of_router(port: Port) -> dict:
    return {"type": "router", "addresses": ["router"],
            "options": {"router-port": f"lrp-{port.id}",
                        **_arp_for_nat(port)}}


def _arp_for_nat(port: Port) -> dict[str, str]:
    """Let the gateway tell the wire where floating IPs have moved."""
    if port.device_owner != "network:router_gateway":
        return {}
    return {"nat-addresses": "router", "exclude-lb-vips-from-garp": "true"}


def _of_guest(port: Port) -> dict:
    columns: dict = {"type": "", "addresses": [_addresses(port)],
                     "port_security": []}
    if port.port_security_enabled:
        columns["port_security"] = [_senders(port), *_pairs(port)]
    else:
        columns["addresses"] = [_addresses(port), "unknown"]
    if port.binding_host_id:
        columns["options"] = {"requested-chassis": port.binding_host_id}
    else:
        columns["options"] = {}
    return columns | _dhcp(port)


def _senders(port: Port) -> str:
    """Return what the port may send from.

    OVN takes a link address alone for any address: without one it is
    that of who has none yet.
    """
    return _addresses(port) if port.fixed_ips else (
        f"{port.mac_address} 0.0.0.0")


def _pairs(port: Port) -> list[str]:
    return [f"{pair.get('mac_address') or port.mac_address} "
            f"{pair['ip_address']}" for pair in port.allowed_address_pairs]


def _dhcp(port: Port) -> dict:
    found: dict = {"dhcpv4_options": [], "dhcpv6_options": []}
    for address in port.fixed_ips:
        if address.subnet.enable_dhcp:
            column = f"dhcpv{address.subnet.ip_version}_options"
            found[column] = [subnets.options(address.subnet_id)]
    return found


def _groups(port: Port) -> list[Ref]:
    if not port.port_security_enabled or (
            port.device_owner.startswith("network:")):
        return []
    return [security_groups.DROP,
            *[security_groups.group(g.security_group_id)
              for g in port.groups]]
