"""Routers: their interfaces and their way out."""

import ipaddress
from typing import Any

from sqlalchemy import orm

from network import exceptions, ports
from network.db import changes, networks
from network.db import ports as port_rows
from network.db import routers as rows
from network.db.models import Port, Router, Subnet


def add_subnet(session: orm.Session, router: Router,
               subnet: Subnet) -> Port:
    """Make a port with the subnet's gateway address; the router is locked.

    :raises BadRequest: if the subnet has no gateway address, or overlaps
        with one that the router is in
    """
    if not subnet.gateway_ip:
        raise exceptions.BadRequest(
            reason=f"Subnet {subnet.id} for router interface must have a "
                   "gateway IP")
    check_overlap(session, router, [subnet])
    network = networks.get(session, subnet.network_id)
    plan = ports.Plan(fixed_ips=[{
        "subnet_id": subnet.id, "ip_address": subnet.gateway_ip}])
    port = ports.create(
        session, network, plan, project_id=router.project_id,
        device_id=router.id, device_owner=rows.INTERFACE,
        port_security_enabled=False)
    changed(session, router)
    return port


def add_port(session: orm.Session, router: Router, port: Port) -> None:
    """Make a port of the user the router's."""
    if port.device_id or port.device_owner:
        raise exceptions.PortInUse(
            id=port.id, network_id=port.network_id,
            device_id=port.device_id or port.device_owner)
    if not port.fixed_ips:
        raise exceptions.BadRequest(
            reason="Router port must have at least one fixed IP")
    check_overlap(session, router, [a.subnet for a in port.fixed_ips])
    port_rows.set_groups(session, port, [])
    port.device_id = router.id
    port.device_owner = rows.INTERFACE
    port.port_security_enabled = False
    changes.touch(port)
    changes.add(session, "port", port.id)
    changed(session, router)


def check_overlap(session: orm.Session, router: Router,
                  joined: list[Subnet]) -> None:
    """Raise BadRequest if the router is in a block that meets these."""
    have = rows.interfaces(session, router.id)
    if router.gw_port:
        have.append(router.gw_port)
    for port in have:
        for address in port.fixed_ips:
            for subnet in joined:
                _check_pair(router, address.subnet, subnet)


def _check_pair(router: Router, old: Subnet, new: Subnet) -> None:
    if old.id == new.id:
        raise exceptions.BadRequest(
            reason=f"Router already has a port on subnet {new.id}")
    if old.ip_version == new.ip_version and ipaddress.ip_network(
            old.cidr).overlaps(ipaddress.ip_network(new.cidr)):
        raise exceptions.BadRequest(
            reason=f"Cidr {new.cidr} of subnet {new.id} overlaps with cidr "
                   f"{old.cidr} of subnet {old.id}")


def remove_interface(session: orm.Session, router: Router,
                     port: Port) -> None:
    """Remove the port, unless a floating IP is reached through it."""
    blocks = {a.subnet_id: ipaddress.ip_network(a.subnet.cidr)
              for a in port.fixed_ips}
    for each in rows.floating_ips(session, router.id):
        address = ipaddress.ip_address(each.fixed_ip_address or "0.0.0.0")
        for subnet_id, block in blocks.items():
            if address in block:
                raise exceptions.RouterInterfaceInUseByFloatingIP(
                    id=router.id, subnet_id=subnet_id)
    port_rows.delete(session, port)
    changed(session, router)


def set_gateway(session: orm.Session, router: Router,
                info: dict[str, Any] | None) -> None:
    """Lead out through a network, or nowhere; the router is locked.

    :param info: ``external_gateway_info`` of the request
    """
    info = info or {}
    network_id = info.get("network_id")
    router.enable_snat = info.get("enable_snat", True)
    old = router.gw_port
    if old is not None and old.network_id == network_id and (
            _keeps_addresses(old, info)):
        changed(session, router)
        return
    if old is not None:
        _remove_gateway(session, router, old, network_id)
    if network_id:
        _add_gateway(session, router, network_id, info)
    changed(session, router)


def _keeps_addresses(port: Port, info: dict[str, Any]) -> bool:
    wanted = info.get("external_fixed_ips")
    if not wanted:
        return True
    have = [{"subnet_id": a.subnet_id, "ip_address": a.ip_address}
            for a in port.fixed_ips]
    return len(wanted) == len(have) and all(
        any(each.items() <= h.items() for h in have) for each in wanted)


def _remove_gateway(session: orm.Session, router: Router, old: Port,
                    network_id: str | None) -> None:
    if old.network_id != network_id and rows.floating_ips(
            session, router.id):
        raise exceptions.RouterExternalGatewayInUseByFloatingIp(
            id=router.id, network_id=old.network_id)
    router.gw_port = None
    session.flush()
    port_rows.delete(session, old)


def _add_gateway(session: orm.Session, router: Router, network_id: str,
                 info: dict[str, Any]) -> None:
    network = networks.get(session, network_id)
    if not network.external:
        raise exceptions.BadRequest(
            reason=f"Network {network_id} is not an external network")
    if not network.subnets:
        raise exceptions.BadRequest(
            reason=f"Network {network_id} has no subnets")
    plan = ports.Plan(fixed_ips=info.get("external_fixed_ips") or None)
    port = ports.create(
        session, network, plan, project_id="", device_id=router.id,
        device_owner=rows.GATEWAY, port_security_enabled=False)
    check_overlap(session, router, [a.subnet for a in port.fixed_ips])
    router.gw_port = port
    session.flush()


def delete(session: orm.Session, router: Router) -> None:
    """Remove the router and its gateway.

    :raises RouterInUse: while it has interfaces
    """
    if rows.interfaces(session, router.id):
        raise exceptions.RouterInUse(id=router.id)
    if router.gw_port:
        _remove_gateway(session, router, router.gw_port, None)
    rows.delete(session, router)


def check_routes(session: orm.Session, router: Router) -> None:
    """Raise BadRequest for a route whose next hop is out of reach."""
    have = rows.interfaces(session, router.id)
    if router.gw_port:
        have.append(router.gw_port)
    blocks = [ipaddress.ip_network(a.subnet.cidr)
              for port in have for a in port.fixed_ips]
    own = {a.ip_address for port in have for a in port.fixed_ips}
    for route in router.routes:
        hop = ipaddress.ip_address(route["nexthop"])
        if not any(hop in block for block in blocks):
            raise exceptions.BadRequest(
                reason=f"Invalid format for routes: the nexthop {hop} is "
                       "not connected with router")
        if str(hop) in own:
            raise exceptions.BadRequest(
                reason=f"Invalid format for routes: the nexthop {hop} is "
                       "used by router")


def changed(session: orm.Session, router: Router) -> None:
    """Note that OVN must be told of the router."""
    changes.touch(router)
    session.flush()
    changes.add(session, "router", router.id)
