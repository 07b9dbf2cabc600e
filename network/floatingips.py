"""Floating IPs: which router reaches a port from which network."""

import ipaddress
from typing import Any

from sqlalchemy import orm

from network import exceptions, ports
from network.db import floatingips as rows
from network.db import networks, routers
from network.db import ports as port_rows
from network.db.models import Allocation, FloatingIP, Port


def create(session: orm.Session, network_id: str, *, project_id: str,
           address: str | None = None, subnet_id: str | None = None,
           **values: Any) -> FloatingIP:
    """Lend an address of an external network; it leads nowhere yet."""
    network = networks.get(session, network_id)
    if not network.external:
        raise exceptions.BadRequest(
            reason=f"Network {network_id} is not a valid external network")
    wanted = {"ip_address": address, "subnet_id": subnet_id}
    fixed = {k: v for k, v in wanted.items() if v}
    if not fixed:
        fixed = _first_ipv4(network)
    port = ports.create(
        session, network, ports.Plan(fixed_ips=[fixed]), project_id="",
        device_owner="network:floatingip", port_security_enabled=False)
    made = rows.create(
        session, project_id=project_id, floating_network_id=network_id,
        floating_ip_address=port.fixed_ips[0].ip_address,
        floating_port_id=port.id, **values)
    port.device_id = made.id
    return made


def _first_ipv4(network: Any) -> dict[str, str]:
    for subnet in network.subnets:
        if subnet.ip_version == 4:
            return {"subnet_id": subnet.id}
    raise exceptions.BadRequest(
        reason=f"Network {network.id} does not contain any IPv4 subnet")


def associate(session: orm.Session, floatingip: FloatingIP, port: Port,
              fixed_ip: str | None = None) -> None:
    """Let the floating IP lead to an address of the port.

    :raises ExternalGatewayForFloatingIPNotFound: if no router joins both
    """
    if port.device_owner.startswith("network:"):
        raise exceptions.BadRequest(
            reason=f"Port {port.id} is not a valid port for a floating IP")
    address = _choose(port, fixed_ip)
    joined = routers.on_subnets(session, [address.subnet_id])
    router = rows.router_between(
        session, [each.device_id for each in joined],
        floatingip.floating_network_id)
    if router is None:
        raise exceptions.ExternalGatewayForFloatingIPNotFound(
            network_id=floatingip.floating_network_id,
            subnet_id=address.subnet_id, port_id=port.id)
    rows.point(session, floatingip, port_id=port.id,
               fixed_ip=address.ip_address, router_id=router.id)


def _choose(port: Port, fixed_ip: str | None) -> Allocation:
    usable = [a for a in port.fixed_ips if a.subnet.ip_version == 4]
    if fixed_ip:
        usable = [a for a in usable
                  if a.ip_address == str(ipaddress.ip_address(fixed_ip))]
        if not usable:
            raise exceptions.BadRequest(
                reason=f"Port {port.id} does not have fixed ip {fixed_ip}")
    if not usable:
        raise exceptions.BadRequest(
            reason=f"Cannot add floating IP to port {port.id} that has no "
                   "fixed IPv4 addresses")
    if len(usable) > 1 and not fixed_ip:
        raise exceptions.BadRequest(
            reason=f"Port {port.id} has multiple fixed IPv4 addresses. Must "
                   "provide a specific IPv4 address when assigning a "
                   "floating IP")
    return usable[0]


def disassociate(session: orm.Session, floatingip: FloatingIP) -> None:
    """Let it lead nowhere."""
    rows.point(session, floatingip, port_id=None, fixed_ip=None,
               router_id=None)


def delete(session: orm.Session, floatingip: FloatingIP) -> None:
    """Give the address back."""
    disassociate(session, floatingip)
    port = port_rows.get(session, floatingip.floating_port_id)
    session.delete(floatingip)
    session.flush()
    port_rows.delete(session, port)
