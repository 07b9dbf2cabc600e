"""Handlers of /v2.0/ports."""

import ipaddress
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, wsgi
from network import exceptions, ports, quotas
from network.api import common, lists
from network.api import networks as networks_api
from network.db import changes, networks, security_groups
from network.db import ports as rows
from network.db.models import Allocation, Network, Port, PortGroup
from network.schemas import base
from network.schemas import ports as schemas

#: Attributes that have a rule of their own.
_GUARDED = ("port_security_enabled", "allowed_address_pairs",
            "mac_address", "binding:host_id", "binding:profile",
            "binding:vnic_type")
_COLUMNS = {"binding:host_id": "binding_host_id",
            "binding:vnic_type": "binding_vnic_type",
            "binding:profile": "binding_profile"}
_HOST = "binding:host_id"


def _by_address(values: list[str]) -> Any:
    """Return the condition of ``fixed_ips=ip_address=A``, repeated."""
    wanted: dict[str, list[str]] = {}
    for value in values:
        name, _, text = value.partition("=")
        wanted.setdefault(name, []).append(text)
    columns = {"ip_address": Allocation.ip_address,
               "subnet_id": Allocation.subnet_id,
               "subnet": Allocation.subnet_id}
    if wanted.keys() == {"ip_address_substr"}:
        return _by_part(wanted["ip_address_substr"])
    unknown = wanted.keys() - columns.keys()
    if unknown:
        raise exceptions.InvalidInput(
            reason="fixed_ips: a filter is ip_address=..., "
                   "ip_address_substr=... or subnet_id=...")
    return sa.exists().where(
        Allocation.port_id == Port.id,
        *[columns[name].in_(texts) for name, texts in wanted.items()])


def _by_part(parts: list[str]) -> Any:
    return sa.exists().where(
        Allocation.port_id == Port.id,
        sa.or_(*[Allocation.ip_address.contains(part, autoescape=True)
                 for part in parts]))


def _by_group(values: list[str]) -> Any:
    return sa.exists().where(PortGroup.port_id == Port.id,
                             PortGroup.security_group_id.in_(values))


LISTING = lists.Listing(
    "ports", Port,
    filters=common.filters(Port) | {
        "network_id": Port.network_id, "mac_address": Port.mac_address,
        "admin_state_up": Port.admin_state_up, "status": Port.status,
        "device_id": Port.device_id, "device_owner": Port.device_owner,
        "port_security_enabled": Port.port_security_enabled,
        "binding:host_id": Port.binding_host_id,
        "binding:vnic_type": Port.binding_vnic_type,
        "fixed_ips": _by_address, "ip_address_substr": _by_part,
        "security_groups": _by_group,
    },
    sort_keys=common.sort_keys(
        Port, network_id=Port.network_id, status=Port.status,
        mac_address=Port.mac_address, device_id=Port.device_id,
        device_owner=Port.device_owner,
        admin_state_up=Port.admin_state_up),
    hidden=frozenset({_HOST}))


def view(port: Port, binding: bool) -> dict[str, Any]:
    """Return the port as clients see it.

    :param binding: whether the reader may see where it is
    """
    shown = common.shown(port) | {
        "network_id": port.network_id, "mac_address": port.mac_address,
        "admin_state_up": port.admin_state_up, "status": port.status,
        "device_id": port.device_id, "device_owner": port.device_owner,
        "fixed_ips": [{"subnet_id": a.subnet_id, "ip_address": a.ip_address}
                      for a in port.fixed_ips],
        "security_groups": [g.security_group_id for g in port.groups],
        "port_security_enabled": port.port_security_enabled,
        "allowed_address_pairs": port.allowed_address_pairs,
        "binding:vnic_type": port.binding_vnic_type,
        "extra_dhcp_opts": [],
    }
    if binding:
        bound = bool(port.binding_host_id)
        shown |= {
            "binding:host_id": port.binding_host_id,
            "binding:profile": port.binding_profile,
            "binding:vif_type": "ovs" if bound else "unbound",
            "binding:vif_details": {
                "port_filter": True, "connectivity": "l2",
                "bridge_name": "br-int", "datapath_type": "netdev",
            } if bound else {},
        }
    return shown


def target(port: Port, network: Network) -> dict[str, Any]:
    """Return what policy may look at."""
    return {"project_id": port.project_id,
            "network_project_id": network.project_id}


def visible(req: wsgi.Request, session: orm.Session, port_id: str) -> Port:
    """Return the port, or raise PortNotFound if it is hidden."""
    port = rows.get(session, port_id)
    network = networks.get(session, port.network_id)
    req.authorize("get_port", target(port, network),
                  hide=exceptions.PortNotFound(id=port_id))
    return port


class Ports:
    """Create, list, show, change and delete ports."""

    def __init__(self, database: db.Database,
                 changed: Callable[[], None]) -> None:
        self._db = database
        self._changed = changed

    def routes(self) -> list[wsgi.Route]:
        return [
            ("POST", "/ports", self.create),
            ("GET", "/ports", self.index),
            ("GET", "/ports/{port_id}", self.show),
            ("PUT", "/ports/{port_id}", self.update),
            ("DELETE", "/ports/{port_id}", self.delete),
        ]

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Make one port, or several at once."""
        items, bulk = common.items_of(req.json, "port", "ports")
        with self._db.writer() as session:
            made = common.each_in_turn(
                items, lambda item: self._create(req, session, item))
            sees = req.allowed("get_port:binding")
            shown = [view(port, sees) for port in made]
        self._changed()
        return {"ports": shown} if bulk else {"port": shown[0]}

    def _create(self, req: wsgi.Request, session: orm.Session,
                item: dict[str, Any]) -> Port:
        network = networks_api.visible(req, session, item.pop("network_id"))
        project = common.project_for(req, item, "create_port")
        aim = {"project_id": project,
               "network_project_id": network.project_id}
        _authorize(req, "create_port", item, aim)
        if network.project_id != project and not network.shared:
            # To be seen is not to be used: routers lead to external ones.
            req.authorize("create_port:foreign", aim, hide=None if (
                network.external) else exceptions.NetworkNotFound(
                    id=network.id))
        plan, values = _planned(req, session, item, project)
        values.setdefault("port_security_enabled",
                          network.port_security_enabled)
        quotas.check(session, project, "port")
        return ports.create(session, network, plan, project_id=project,
                            **values)

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the ports of the project, and those on its networks."""
        req.authorize("get_port")
        mine = sa.select(Network.id).where(
            Network.project_id == req.ctx.project_id)
        condition = common.own_or(
            req, "get_port:all", Port, Port.network_id.in_(mine))
        sees = req.allowed("get_port:binding")
        with self._db.reader() as session:
            return LISTING.answer(
                req, session, sa.select(Port).where(condition),
                lambda port: view(port, sees), sees_hidden=sees)

    @wsgi.handler()
    def show(self, req: wsgi.Request, port_id: str) -> dict[str, Any]:
        """Show a port."""
        with self._db.reader() as session:
            shown = view(visible(req, session, port_id),
                         req.allowed("get_port:binding"))
        return {"port": lists.fields(req, shown)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, port_id: str) -> dict[str, Any]:
        """Change a port."""
        item = dict(req.json["port"])
        with self._db.writer() as session:
            port = visible(req, session, port_id)
            network = networks.get(session, port.network_id)
            aim = target(port, network)
            req.authorize("update_port", aim)
            _authorize(req, "update_port", item, aim, frozenset(
                held.ip_address for held in port.fixed_ips))
            _refuse_rededication(port, item)
            common.check_revision(req, port)
            plan, values = _planned(req, session, item, port.project_id)
            ports.update(session, network, port, plan, values)
            if not _by_service(req) and (
                    plan.fixed_ips is not None or plan.groups is not None):
                changes.notify(session, "network-changed", port)
            shown = view(port, req.allowed("get_port:binding"))
        self._changed()
        return {"port": shown}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, port_id: str) -> None:
        """Delete a port that is not a router's."""
        with self._db.writer() as session:
            port = visible(req, session, port_id)
            network = networks.get(session, port.network_id)
            req.authorize("delete_port", target(port, network))
            common.check_revision(req, port)
            ports.check_deletable(port)
            if not _by_service(req):
                changes.notify(session, "network-vif-deleted", port)
            ports.delete(session, port)
        self._changed()


def _by_service(req: wsgi.Request) -> bool:
    """Say whether compute itself asks, who need not be told then."""
    return "service" in req.ctx.roles


def _authorize(req: wsgi.Request, action: str, item: dict[str, Any],
               aim: dict[str, Any],
               held: frozenset[str] = frozenset()) -> None:
    """Check the rules of attributes, of which some depend on the value.

    :param held: addresses of the port, which everybody may name again
    """
    common.authorize_attributes(req, action, _GUARDED, item, aim)
    if (item.get("device_owner") or "").startswith("network:"):
        req.authorize(f"{action}:device_owner", aim)
    for each in item.get("fixed_ips") or []:
        if "ip_address" in each and each["ip_address"] not in held:
            req.authorize(f"{action}:fixed_ips:ip_address", aim)


def _refuse_rededication(port: Port, item: dict[str, Any]) -> None:
    """Keep a port that serves the network from becoming another's."""
    held = {"device_owner": port.device_owner, "device_id": port.device_id}
    if port.device_owner.startswith("network:") and any(
            item[name] != value for name, value in held.items()
            if name in item):
        raise exceptions.ServicePortInUse(
            id=port.id, reason=f"has device owner {port.device_owner}")


def _planned(req: wsgi.Request, session: orm.Session, item: dict[str, Any],
             project: str) -> tuple[ports.Plan, dict[str, Any]]:
    """Return the plan and the columns that the request asks for."""
    item = base.plain(item, "admin_state_up", "port_security_enabled")
    mac = item.pop("mac_address", None)
    fixed_ips = item.pop("fixed_ips", None)
    groups = _groups(req, session, item, project)
    pairs = item.pop("allowed_address_pairs", None)
    values = {_COLUMNS.get(name, name): value
              for name, value in item.items()}
    for name in ("device_id", "device_owner", "binding_host_id"):
        if name in values:
            values[name] = values[name] or ""
    if "binding_profile" in values:
        values["binding_profile"] = values["binding_profile"] or {}
    if pairs is not None:
        values["allowed_address_pairs"] = [_pair(pair) for pair in pairs]
    return ports.Plan(
        fixed_ips=fixed_ips, groups=groups,
        mac=mac and mac.lower().replace("-", ":")), values


def _groups(req: wsgi.Request, session: orm.Session, item: dict[str, Any],
            project: str) -> list[str] | None:
    """Return the groups named, all of which the sender can see."""
    if "security_groups" not in item:
        return None
    wanted = item.pop("security_groups") or []
    owners = security_groups.known(session, wanted)
    for group_id in wanted:
        if owners.get(group_id) != project and not (
                group_id in owners and req.allowed("create_port:foreign")):
            raise exceptions.SecurityGroupNotFound(id=group_id)
    return list(dict.fromkeys(wanted))


def _pair(pair: dict[str, str]) -> dict[str, str]:
    """Return an address pair in normal form; never all addresses."""
    try:
        block = ipaddress.ip_network(pair["ip_address"], strict=False)
    except ValueError:
        raise exceptions.InvalidInput(
            reason=f"'{pair['ip_address']}' is not a valid IP subnet"
        ) from None
    if block.prefixlen == 0:
        raise exceptions.InvalidInput(
            reason="allowed_address_pairs: all addresses at once; disable "
                   "port_security_enabled instead")
    text = (str(block.network_address)
            if block.num_addresses == 1 else str(block))
    made = {"ip_address": text}
    if pair.get("mac_address"):
        made["mac_address"] = pair["mac_address"].lower().replace("-", ":")
    return made
