"""Handlers of /v2.0/floatingips."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, wsgi
from network import exceptions, floatingips, quotas
from network.api import common, lists
from network.api import networks as networks_api
from network.api import ports as ports_api
from network.db import changes
from network.db import floatingips as rows
from network.db.models import FloatingIP, Port
from network.schemas import base
from network.schemas import floatingips as schemas

LISTING = lists.Listing(
    "floatingips", FloatingIP,
    filters=common.filters(FloatingIP) | {
        "status": FloatingIP.status, "router_id": FloatingIP.router_id,
        "port_id": FloatingIP.fixed_port_id,
        "fixed_ip_address": FloatingIP.fixed_ip_address,
        "floating_ip_address": FloatingIP.floating_ip_address,
        "floating_network_id": FloatingIP.floating_network_id,
    },
    sort_keys=common.sort_keys(
        FloatingIP, status=FloatingIP.status,
        floating_ip_address=FloatingIP.floating_ip_address,
        floating_network_id=FloatingIP.floating_network_id))


def view(floatingip: FloatingIP) -> dict[str, Any]:
    """Return the floating IP as clients see it."""
    shown = common.shown(floatingip) | {
        "status": floatingip.status, "router_id": floatingip.router_id,
        "floating_network_id": floatingip.floating_network_id,
        "floating_ip_address": floatingip.floating_ip_address,
        "fixed_ip_address": floatingip.fixed_ip_address,
        "port_id": floatingip.fixed_port_id,
        "port_details": None,
    }
    del shown["name"]
    port = floatingip.fixed_port
    if port:
        shown["port_details"] = {
            "name": port.name, "network_id": port.network_id,
            "mac_address": port.mac_address, "status": port.status,
            "admin_state_up": port.admin_state_up,
            "device_id": port.device_id, "device_owner": port.device_owner}
    return shown


def _target(floatingip: FloatingIP) -> dict[str, Any]:
    return {"project_id": floatingip.project_id}


class FloatingIPs:
    """Create, list, show, change and delete floating IPs."""

    def __init__(self, database: db.Database,
                 changed: Callable[[], None]) -> None:
        self._db = database
        self._changed = changed

    def routes(self) -> list[wsgi.Route]:
        one = "/floatingips/{floatingip_id}"
        return [
            ("POST", "/floatingips", self.create),
            ("GET", "/floatingips", self.index),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Lend an address of an external network."""
        item = dict(req.json["floatingip"])
        project = common.project_for(req, item, "create_floatingip")
        common.authorize_attributes(
            req, "create_floatingip", ["floating_ip_address"], item,
            {"project_id": project})
        with self._db.writer() as session:
            network = networks_api.visible(
                req, session, item["floating_network_id"])
            quotas.check(session, project, "floatingip")
            made = floatingips.create(
                session, network.id, project_id=project,
                address=item.get("floating_ip_address"),
                subnet_id=item.get("subnet_id"),
                description=base.plain(item).get("description", ""))
            self._point(req, session, made, item)
            shown = view(made)
        self._changed()
        return {"floatingip": shown}

    def _point(self, req: wsgi.Request, session: orm.Session,
               floatingip: FloatingIP, item: dict[str, Any]) -> None:
        """Let it lead where the request says, if it does."""
        if item.get("port_id"):
            port = self._port(req, session, item["port_id"])
            floatingips.associate(
                session, floatingip, port, item.get("fixed_ip_address"))
        elif item.get("fixed_ip_address"):
            raise exceptions.BadRequest(
                reason="fixed_ip_address cannot be specified without a "
                       "port_id")
        elif "port_id" in item and floatingip.fixed_port_id:
            floatingips.disassociate(session, floatingip)

    def _port(self, req: wsgi.Request, session: orm.Session,
              port_id: str) -> Port:
        """Return a port that the sender may let others reach."""
        port = ports_api.visible(req, session, port_id)
        req.authorize("update_floatingip", {"project_id": port.project_id},
                      hide=exceptions.PortNotFound(id=port_id))
        return port

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the floating IPs of the project."""
        req.authorize("get_floatingip")
        condition = common.own_or(req, "get_floatingip:all", FloatingIP)
        with self._db.reader() as session:
            return LISTING.answer(
                req, session, sa.select(FloatingIP).where(condition), view)

    def _visible(self, req: wsgi.Request, session: orm.Session,
                 floatingip_id: str) -> FloatingIP:
        found = rows.get(session, floatingip_id)
        req.authorize(
            "get_floatingip", _target(found),
            hide=exceptions.FloatingIPNotFound(id=floatingip_id))
        return found

    @wsgi.handler()
    def show(self, req: wsgi.Request,
             floatingip_id: str) -> dict[str, Any]:
        """Show a floating IP."""
        with self._db.reader() as session:
            shown = view(self._visible(req, session, floatingip_id))
        return {"floatingip": lists.fields(req, shown)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request,
               floatingip_id: str) -> dict[str, Any]:
        """Let a floating IP lead to a port, or nowhere."""
        item = req.json["floatingip"]
        with self._db.writer() as session:
            found = self._visible(req, session, floatingip_id)
            req.authorize("update_floatingip", _target(found))
            common.check_revision(req, found)
            if "description" in item:
                found.description = item["description"] or ""
            self._point(req, session, found, item)
            changes.touch(found)
            session.flush()
            shown = view(found)
        self._changed()
        return {"floatingip": shown}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, floatingip_id: str) -> None:
        """Give a floating IP back."""
        with self._db.writer() as session:
            found = self._visible(req, session, floatingip_id)
            req.authorize("delete_floatingip", _target(found))
            common.check_revision(req, found)
            floatingips.delete(session, found)
        self._changed()
