"""A router becomes a distributed logical router.

Its way out is a port that lives on one of the gateway chassis, where
addresses are translated; another takes over when that one dies.
"""

import hashlib
from collections.abc import Sequence

from network.db.models import Port, Router
from network.ovn.rows import Ref, Row

#: How many chassis stand ready for one gateway.
_STANDBY = 5


def router_ref(router_id: str) -> Ref:
    """Name the logical router of a router."""
    return Ref("Logical_Router", router_id)


def rows(router: Router, interfaces: Sequence[Port],
         chassis: Sequence[str]) -> list[Row]:
    """Return the router, its ports, routes and source translations.

    :param chassis: names of those that lead to the outside
    """
    made = [Row("Logical_Router", router.id, {
        "name": f"pileus-{router.id}", "enabled": [router.admin_state_up],
        "options": {"always_learn_from_arp_request": "false",
                    "dynamic_neigh_routers": "true"},
        "external_ids": {"name": router.name}})]
    made += [_port(router, port) for port in interfaces if port.fixed_ips]
    made += _static_routes(router)
    if router.gw_port and router.gw_port.fixed_ips:
        made += _way_out(router, router.gw_port, chassis)
        if router.enable_snat:
            made += _translations(router, router.gw_port, interfaces)
    return made


def _port(router: Router, port: Port) -> Row:
    networks = [f"{a.ip_address}/{a.subnet.cidr.partition('/')[2]}"
                for a in port.fixed_ips]
    columns = {
        "name": f"lrp-{port.id}", "mac": port.mac_address,
        "networks": networks, "enabled": [port.admin_state_up],
        "ipv6_ra_configs": _advertisements(port)}
    return Row("Logical_Router_Port", port.id, columns,
               parent=(router_ref(router.id), "ports"))


def _advertisements(port: Port) -> dict[str, str]:
    for address in port.fixed_ips:
        mode = address.subnet.ipv6_address_mode
        if mode and address.subnet.ipv6_ra_mode:
            return {"address_mode": mode.replace("-", "_"),
                    "send_periodic": "true"}
    return {}


def _way_out(router: Router, port: Port,
             chassis: Sequence[str]) -> list[Row]:
    row = _port(router, port)
    row.columns["ipv6_ra_configs"] = {}
    made = [row]
    for priority, name in enumerate(reversed(_choose(router, chassis)), 1):
        made.append(Row("Gateway_Chassis", f"{port.id}-{name}", {
            "name": f"lrp-{port.id}_{name}", "chassis_name": name,
            "priority": priority}, parent=(row.ref, "gateway_chassis")))
    for address in port.fixed_ips:
        hop = address.subnet.gateway_ip
        if hop:
            everything = "::/0" if ":" in hop else "0.0.0.0/0"
            made.append(_route(router, everything, hop, f"lrp-{port.id}"))
    return made


def _choose(router: Router, chassis: Sequence[str]) -> list[str]:
    """Return chassis, best first, spread evenly over the routers."""
    def weight(name: str) -> str:
        return hashlib.sha256(f"{router.id}{name}".encode()).hexdigest()
    return sorted(chassis, key=weight)[:_STANDBY]


def _static_routes(router: Router) -> list[Row]:
    return [_route(router, route["destination"], route["nexthop"])
            for route in router.routes]


def _route(router: Router, destination: str, hop: str,
           out: str | None = None) -> Row:
    return Row("Logical_Router_Static_Route",
               f"{router.id}-{destination}-{hop}-{'out' if out else ''}", {
                   "ip_prefix": destination, "nexthop": hop,
                   "output_port": [out] if out else []},
               parent=(router_ref(router.id), "static_routes"))


def _translations(router: Router, gateway: Port,
                  interfaces: Sequence[Port]) -> list[Row]:
    outer = next((a.ip_address for a in gateway.fixed_ips
                  if a.subnet.ip_version == 4), None)
    if outer is None:
        return []
    blocks = {a.subnet.cidr for port in interfaces for a in port.fixed_ips
              if a.subnet.ip_version == 4}
    return [Row("NAT", f"snat-{router.id}-{block}", {
        "type": "snat", "external_ip": outer, "logical_ip": block},
        parent=(router_ref(router.id), "nat")) for block in sorted(blocks)]
