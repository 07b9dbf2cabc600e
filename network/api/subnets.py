"""Handlers of /v2.0/subnets."""

import ipaddress
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, wsgi
from network import exceptions, quotas, subnets
from network.api import common, lists
from network.api import networks as networks_api
from network.db import changes
from network.db import subnets as rows
from network.db.models import Network, Subnet
from network.schemas import base
from network.schemas import subnets as schemas

LISTING = lists.Listing(
    "subnets", Subnet,
    filters=common.filters(Subnet) | {
        "network_id": Subnet.network_id, "ip_version": Subnet.ip_version,
        "cidr": Subnet.cidr, "gateway_ip": Subnet.gateway_ip,
        "enable_dhcp": Subnet.enable_dhcp,
        "ipv6_ra_mode": Subnet.ipv6_ra_mode,
        "ipv6_address_mode": Subnet.ipv6_address_mode,
        "shared": lambda values: Network.shared.in_(
            [value.lower() in ("true", "1") for value in values]),
    },
    sort_keys=common.sort_keys(
        Subnet, network_id=Subnet.network_id, cidr=Subnet.cidr,
        ip_version=Subnet.ip_version, enable_dhcp=Subnet.enable_dhcp))


def view(subnet: Subnet) -> dict[str, Any]:
    """Return the subnet as clients see it."""
    return common.shown(subnet) | {
        "network_id": subnet.network_id, "ip_version": subnet.ip_version,
        "cidr": subnet.cidr, "gateway_ip": subnet.gateway_ip,
        "enable_dhcp": subnet.enable_dhcp,
        "ipv6_ra_mode": subnet.ipv6_ra_mode,
        "ipv6_address_mode": subnet.ipv6_address_mode,
        "allocation_pools": subnet.allocation_pools,
        "dns_nameservers": subnet.dns_nameservers,
        "host_routes": subnet.host_routes,
        "subnetpool_id": None, "service_types": [],
    }


def _target(subnet: Subnet, network: Network) -> dict[str, Any]:
    return {"project_id": subnet.project_id, "shared": network.shared,
            "network_project_id": network.project_id}


def visible(req: wsgi.Request, session: orm.Session,
            subnet_id: str) -> Subnet:
    """Return the subnet, or raise SubnetNotFound if it is hidden."""
    subnet = rows.get(session, subnet_id)
    req.authorize("get_subnet", _target(subnet, subnet.network),
                  hide=exceptions.SubnetNotFound(id=subnet_id))
    return subnet


class Subnets:
    """Create, list, show, change and delete subnets."""

    def __init__(self, database: db.Database,
                 changed: Callable[[], None]) -> None:
        self._db = database
        self._changed = changed

    def routes(self) -> list[wsgi.Route]:
        return [
            ("POST", "/subnets", self.create),
            ("GET", "/subnets", self.index),
            ("GET", "/subnets/{subnet_id}", self.show),
            ("PUT", "/subnets/{subnet_id}", self.update),
            ("DELETE", "/subnets/{subnet_id}", self.delete),
        ]

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Make one subnet, or several at once."""
        items, bulk = common.items_of(req.json, "subnet", "subnets")
        with self._db.writer() as session:
            made = common.each_in_turn(
                items, lambda item: self._create(req, session, item))
            shown = [view(subnet) for subnet in made]
        self._changed()
        return {"subnets": shown} if bulk else {"subnet": shown[0]}

    def _create(self, req: wsgi.Request, session: orm.Session,
                item: dict[str, Any]) -> Subnet:
        network = networks_api.visible(req, session, item["network_id"])
        wanted = {item.pop(name, None) for name in
                  ("project_id", "tenant_id")} - {None}
        if wanted - {network.project_id}:
            req.authorize("get_subnet:all")
        req.authorize("create_subnet", networks_api.target(network))
        quotas.check(session, network.project_id, "subnet")
        item = _plain(item)
        item["ip_version"] = int(item["ip_version"])
        return subnets.create(
            session, project_id=network.project_id, **item)

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the subnets of the project, and those of shared networks."""
        req.authorize("get_subnet")
        condition = common.own_or(
            req, "get_subnet:all", Subnet, Network.shared.is_(True))
        query = sa.select(Subnet).join(
            Network, Network.id == Subnet.network_id).where(condition)
        with self._db.reader() as session:
            return LISTING.answer(req, session, query, view)

    @wsgi.handler()
    def show(self, req: wsgi.Request, subnet_id: str) -> dict[str, Any]:
        """Show a subnet."""
        with self._db.reader() as session:
            shown = view(visible(req, session, subnet_id))
        return {"subnet": lists.fields(req, shown)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, subnet_id: str) -> dict[str, Any]:
        """Change a subnet."""
        item = _plain(dict(req.json["subnet"]))
        with self._db.writer() as session:
            subnet = visible(req, session, subnet_id)
            req.authorize("update_subnet", _target(subnet, subnet.network))
            common.check_revision(req, subnet)
            subnets.update(session, subnet, item)
            shown = view(subnet)
        self._changed()
        return {"subnet": shown}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, subnet_id: str) -> None:
        """Delete a subnet in which no user's port has an address."""
        with self._db.writer() as session:
            subnet = visible(req, session, subnet_id)
            req.authorize("delete_subnet", _target(subnet, subnet.network))
            common.check_revision(req, subnet)
            network_id = subnet.network_id
            rows.delete(session, subnet)
            changes.add(session, "network", network_id)
        self._changed()


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """Return the members in normal form; None where that means none."""
    item = base.plain(item, "enable_dhcp")
    for name in ("dns_nameservers", "host_routes"):
        if name in item:
            item[name] = item[name] or []
    if "allocation_pools" in item and item["allocation_pools"] is None:
        del item["allocation_pools"]
    for address in item.get("dns_nameservers", []):
        _check(address, ipaddress.ip_address)
    if item.get("gateway_ip"):
        _check(item["gateway_ip"], ipaddress.ip_address)
    for route in item.get("host_routes", []):
        _check(route["destination"], ipaddress.ip_network)
        _check(route["nexthop"], ipaddress.ip_address)
    return item


def _check(text: str, parse: Callable[[str], Any]) -> None:
    try:
        parse(text)
    except ValueError:
        raise exceptions.InvalidInput(
            reason=f"'{text}' is not a valid IP address or block, without "
                   "host bits") from None
