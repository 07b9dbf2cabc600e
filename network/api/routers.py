"""Handlers of /v2.0/routers."""

import ipaddress
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, schema, wsgi
from network import exceptions, quotas, routers
from network.api import common, lists
from network.api import networks as networks_api
from network.api import ports as ports_api
from network.api import subnets as subnets_api
from network.db import routers as rows
from network.db.models import Port, Router
from network.schemas import base
from network.schemas import routers as schemas

_GATEWAY = "external_gateway_info"

LISTING = lists.Listing(
    "routers", Router,
    filters=common.filters(Router) | {
        "admin_state_up": Router.admin_state_up,
        "status": lambda values: sa.literal("ACTIVE").in_(values),
    },
    sort_keys=common.sort_keys(
        Router, admin_state_up=Router.admin_state_up,
        status=sa.literal("ACTIVE")))


def view(router: Router, admin: bool) -> dict[str, Any]:
    """Return the router as clients see it."""
    shown = common.shown(router) | {
        "admin_state_up": router.admin_state_up, "status": "ACTIVE",
        "routes": router.routes, _GATEWAY: None, "flavor_id": None,
        "availability_zones": ["nova"], "availability_zone_hints": [],
    }
    port = router.gw_port
    if port:
        shown[_GATEWAY] = {
            "network_id": port.network_id,
            "enable_snat": router.enable_snat,
            "external_fixed_ips": [
                {"subnet_id": a.subnet_id, "ip_address": a.ip_address}
                for a in port.fixed_ips]}
    if admin:
        shown |= {"distributed": False, "ha": False}
    return shown


def _target(router: Router) -> dict[str, Any]:
    return {"project_id": router.project_id}


class Routers:
    """Create, list, show, change, join and delete routers."""

    def __init__(self, database: db.Database,
                 changed: Callable[[], None]) -> None:
        self._db = database
        self._changed = changed

    def routes(self) -> list[wsgi.Route]:
        one = "/routers/{router_id}"
        return [
            ("POST", "/routers", self.create),
            ("GET", "/routers", self.index),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("DELETE", one, self.delete),
            ("PUT", f"{one}/add_router_interface", self.add_interface),
            ("PUT", f"{one}/remove_router_interface",
             self.remove_interface),
        ]

    def _view(self, req: wsgi.Request, router: Router) -> dict[str, Any]:
        return view(router, req.allowed("get_router:all"))

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Make a router, and its way out if one is asked for."""
        item = dict(req.json["router"])
        project = common.project_for(req, item, "create_router")
        info = _gateway(req, "create_router", item, {"project_id": project})
        item.pop("availability_zone_hints", None)
        values = base.plain(item, "admin_state_up")
        with self._db.writer() as session:
            quotas.check(session, project, "router")
            router = rows.create(session, project_id=project, **values)
            if info:
                networks_api.visible(req, session, info["network_id"])
                routers.set_gateway(session, router, info)
            shown = self._view(req, router)
        self._changed()
        return {"router": shown}

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the routers of the project."""
        req.authorize("get_router")
        condition = common.own_or(req, "get_router:all", Router)
        with self._db.reader() as session:
            return LISTING.answer(
                req, session, sa.select(Router).where(condition),
                lambda router: self._view(req, router))

    def _visible(self, req: wsgi.Request, session: orm.Session,
                 router_id: str) -> Router:
        router = rows.get(session, router_id)
        req.authorize("get_router", _target(router),
                      hide=exceptions.RouterNotFound(id=router_id))
        return router

    @wsgi.handler()
    def show(self, req: wsgi.Request, router_id: str) -> dict[str, Any]:
        """Show a router."""
        with self._db.reader() as session:
            shown = self._view(req, self._visible(req, session, router_id))
        return {"router": lists.fields(req, shown)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, router_id: str) -> dict[str, Any]:
        """Change a router, its routes or its way out."""
        item = dict(req.json["router"])
        with self._db.writer() as session:
            router = self._visible(req, session, router_id)
            req.authorize("update_router", _target(router))
            common.check_revision(req, router)
            router = rows.lock(session, router_id)
            if _GATEWAY in item:
                self._set_gateway(req, session, router, item)
            self._change(session, router, base.plain(
                item, "admin_state_up"))
            shown = self._view(req, router)
        self._changed()
        return {"router": shown}

    def _set_gateway(self, req: wsgi.Request, session: orm.Session,
                     router: Router, item: dict[str, Any]) -> None:
        info = _gateway(req, "update_router", item, _target(router))
        if info:
            networks_api.visible(req, session, info["network_id"])
        routers.set_gateway(session, router, info)

    def _change(self, session: orm.Session, router: Router,
                item: dict[str, Any]) -> None:
        if "routes" in item:
            item["routes"] = [_route(each) for each in item["routes"] or []]
        for name, value in item.items():
            setattr(router, name, value)
        if "routes" in item:
            routers.check_routes(session, router)
        routers.changed(session, router)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, router_id: str) -> None:
        """Delete a router that is in no subnet."""
        with self._db.writer() as session:
            router = self._visible(req, session, router_id)
            req.authorize("delete_router", _target(router))
            common.check_revision(req, router)
            routers.delete(session, rows.lock(session, router_id))
        self._changed()

    @wsgi.handler(body=schemas.INTERFACE)
    def add_interface(self, req: wsgi.Request,
                      router_id: str) -> dict[str, Any]:
        """Put the router into a subnet, by the subnet or a port."""
        subnet_id, port_id = _one_of(req.json)
        with self._db.writer() as session:
            router = self._visible(req, session, router_id)
            req.authorize("add_router_interface", _target(router))
            router = rows.lock(session, router_id)
            if port_id:
                port = ports_api.visible(req, session, port_id)
                req.authorize("update_port",
                              {"project_id": port.project_id})
                routers.add_port(session, router, port)
            else:
                subnet = subnets_api.visible(req, session, subnet_id)
                # Its gateway's address is not for whoever may use it.
                req.authorize("create_port:fixed_ips:ip_address", {
                    "project_id": router.project_id,
                    "network_project_id": subnet.network.project_id})
                port = routers.add_subnet(session, router, subnet)
            shown = _interface(router, port)
        self._changed()
        return shown

    @wsgi.handler(body=schemas.INTERFACE)
    def remove_interface(self, req: wsgi.Request,
                         router_id: str) -> dict[str, Any]:
        """Take the router out of a subnet."""
        body = req.json
        with self._db.writer() as session:
            router = self._visible(req, session, router_id)
            req.authorize("remove_router_interface", _target(router))
            router = rows.lock(session, router_id)
            port = _find_interface(session, router, body)
            shown = _interface(router, port)
            routers.remove_interface(session, router, port)
        self._changed()
        return shown


def _one_of(body: dict[str, Any]) -> tuple[str, str | None]:
    if len(body) != 1:
        raise exceptions.BadRequest(
            reason="Cannot specify both subnet-id and port-id")
    return body.get("subnet_id", ""), body.get("port_id")


def _find_interface(session: orm.Session, router: Router,
                    body: dict[str, Any]) -> Port:
    found = rows.interfaces(session, router.id)
    port_id, subnet_id = body.get("port_id"), body.get("subnet_id")
    for port in found:
        subnets = [a.subnet_id for a in port.fixed_ips]
        if port_id in (None, port.id) and (
                subnet_id is None or subnet_id in subnets):
            return port
    if port_id and subnet_id and any(p.id == port_id for p in found):
        raise exceptions.SubnetMismatchForPort(
            port_id=port_id, subnet_id=subnet_id)
    if port_id:
        raise exceptions.RouterInterfaceNotFound(
            id=router.id, port_id=port_id)
    raise exceptions.RouterInterfaceNotFoundForSubnet(
        id=router.id, subnet_id=subnet_id)


def _interface(router: Router, port: Port) -> dict[str, Any]:
    subnets = [a.subnet_id for a in port.fixed_ips]
    return {"id": router.id, "port_id": port.id,
            "tenant_id": router.project_id, "project_id": router.project_id,
            "network_id": port.network_id,
            "subnet_id": subnets[0] if subnets else None,
            "subnet_ids": subnets}


def _gateway(req: wsgi.Request, action: str, item: dict[str, Any],
             target: dict[str, Any]) -> dict[str, Any] | None:
    """Return the gateway asked for, whose members the sender may set."""
    info = item.pop(_GATEWAY, None)
    if not info:
        return None
    info = dict(info)
    if "enable_snat" in info:
        info["enable_snat"] = schema.is_true(info["enable_snat"])
    for name in ("enable_snat", "external_fixed_ips"):
        if name in info:
            req.authorize(f"{action}:{_GATEWAY}:{name}", target)
    return info


def _route(route: dict[str, str]) -> dict[str, str]:
    try:
        return {
            "destination": str(ipaddress.ip_network(route["destination"])),
            "nexthop": str(ipaddress.ip_address(route["nexthop"]))}
    except ValueError:
        raise exceptions.InvalidInput(
            reason=f"routes: '{route['destination']}' via "
                   f"'{route['nexthop']}' is not a block and an address"
        ) from None
