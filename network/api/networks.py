"""Handlers of /v2.0/networks."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db, wsgi
from network import exceptions, quotas
from network.api import common, lists
from network.db import changes
from network.db import networks as rows
from network.db.models import Network
from network.schemas import networks as schemas

#: What Geneve and the outer headers take of each packet.
_GENEVE_BYTES = 58
_PROVIDER = ("provider:network_type", "provider:physical_network",
             "provider:segmentation_id")
#: Attributes that have a rule of their own.
_GUARDED = ("shared", "router:external", "is_default",
            "port_security_enabled", *_PROVIDER)
_COLUMNS = {"router:external": "external",
            "provider:network_type": "network_type",
            "provider:physical_network": "physical_network",
            "provider:segmentation_id": "segmentation_id"}

LISTING = lists.Listing(
    "networks", Network,
    filters=common.filters(Network) | {
        "admin_state_up": Network.admin_state_up,
        "shared": Network.shared, "router:external": Network.external,
        "is_default": Network.is_default, "mtu": Network.mtu,
        "status": lambda values: sa.literal("ACTIVE").in_(values),
        "port_security_enabled": Network.port_security_enabled,
        "provider:network_type": Network.network_type,
        "provider:physical_network": Network.physical_network,
        "provider:segmentation_id": Network.segmentation_id,
    },
    sort_keys=common.sort_keys(
        Network, admin_state_up=Network.admin_state_up,
        shared=Network.shared, mtu=Network.mtu,
        status=sa.literal("ACTIVE")),
    hidden=frozenset(_PROVIDER))


def target(network: Network) -> dict[str, Any]:
    """Return what policy may look at."""
    return {"project_id": network.project_id, "shared": network.shared,
            "external": network.external,
            "network_project_id": network.project_id}


def visible(req: wsgi.Request, session: orm.Session,
            network_id: str) -> Network:
    """Return the network, or raise NetworkNotFound if it is hidden."""
    network = rows.get(session, network_id)
    req.authorize("get_network", target(network),
                  hide=exceptions.NetworkNotFound(id=network_id))
    return network


def view(network: Network, provider: bool) -> dict[str, Any]:
    """Return the network as clients see it."""
    shown = common.shown(network) | {
        "admin_state_up": network.admin_state_up, "status": "ACTIVE",
        "subnets": [subnet.id for subnet in network.subnets],
        "shared": network.shared, "router:external": network.external,
        "is_default": network.is_default, "mtu": network.mtu,
        "port_security_enabled": network.port_security_enabled,
        "availability_zones": ["nova"], "availability_zone_hints": [],
        "ipv4_address_scope": None, "ipv6_address_scope": None,
        "l2_adjacency": True,
    }
    if provider:
        shown |= {name: getattr(network, _COLUMNS[name]) or None
                  for name in _PROVIDER}
    return shown


class Networks:
    """Create, list, show, change and delete networks."""

    def __init__(self, database: db.Database, changed: Callable[[], None],
                 underlay_mtu: int) -> None:
        self._db = database
        self._changed = changed
        self._underlay_mtu = underlay_mtu

    def routes(self) -> list[wsgi.Route]:
        return [
            ("POST", "/networks", self.create),
            ("GET", "/networks", self.index),
            ("GET", "/networks/{network_id}", self.show),
            ("PUT", "/networks/{network_id}", self.update),
            ("DELETE", "/networks/{network_id}", self.delete),
        ]

    def _view(self, req: wsgi.Request, network: Network) -> dict[str, Any]:
        return view(network, req.allowed("get_network:provider",
                                         target(network)))

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Make one network, or several at once."""
        items, bulk = common.items_of(req.json, "network", "networks")
        planned = [self._plan(req, item) for item in items]
        with self._db.writer() as session:
            made = common.each_in_turn(
                planned, lambda values: _create(session, values))
            shown = [self._view(req, network) for network in made]
        self._changed()
        return {"networks": shown} if bulk else {"network": shown[0]}

    def _plan(self, req: wsgi.Request,
              item: dict[str, Any]) -> dict[str, Any]:
        """Return the columns of a network to be made."""
        project = common.project_for(req, item, "create_network")
        common.authorize_attributes(
            req, "create_network", _GUARDED, item, {"project_id": project})
        item = schemas.plain(item)
        item.pop("availability_zone_hints", None)
        values = {_COLUMNS.get(name, name): v for name, v in item.items()}
        values["project_id"] = project
        values["segmentation_id"] = values.get("segmentation_id") or 0
        values.setdefault("network_type", "geneve")
        _check_provider(values)
        largest = self._underlay_mtu
        if values["network_type"] == "geneve":
            largest -= _GENEVE_BYTES
        values.setdefault("mtu", largest)
        if values["mtu"] > largest:
            raise exceptions.InvalidInput(
                reason=f"mtu: {values['mtu']} is more than {largest}")
        return values

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the networks of the project, and those it may use."""
        req.authorize("get_network")
        condition = common.own_or(
            req, "get_network:all", Network, Network.shared.is_(True),
            Network.external.is_(True))
        with self._db.reader() as session:
            return LISTING.answer(
                req, session, sa.select(Network).where(condition),
                lambda network: self._view(req, network),
                sees_hidden=req.allowed("get_network:provider"))

    @wsgi.handler()
    def show(self, req: wsgi.Request, network_id: str) -> dict[str, Any]:
        """Show a network."""
        with self._db.reader() as session:
            network = visible(req, session, network_id)
            shown = self._view(req, network)
        return {"network": lists.fields(req, shown)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, network_id: str) -> dict[str, Any]:
        """Change a network."""
        item = dict(req.json["network"])
        with self._db.writer() as session:
            network = visible(req, session, network_id)
            req.authorize("update_network", target(network))
            common.authorize_attributes(
                req, "update_network", _GUARDED, item, target(network))
            common.check_revision(req, network)
            self._change(session, network, schemas.plain(item))
            session.flush()
            shown = self._view(req, network)
        self._changed()
        return {"network": shown}

    def _change(self, session: orm.Session, network: Network,
                item: dict[str, Any]) -> None:
        if network.shared and item.get("shared") is False and (
                rows.other_projects(session, network)):
            raise exceptions.InvalidSharedSetting(id=network.id)
        if network.external and item.get("router:external") is False and (
                rows.has_gateways(session, network.id)):
            raise exceptions.ExternalNetworkInUse(id=network.id)
        largest = self._underlay_mtu
        if network.network_type == "geneve":
            largest -= _GENEVE_BYTES
        if item.get("mtu", 0) > largest:
            raise exceptions.InvalidInput(
                reason=f"mtu: {item['mtu']} is more than {largest}")
        for name, value in item.items():
            setattr(network, _COLUMNS.get(name, name), value)
        changes.touch(network)
        changes.add(session, "network", network.id)
        if "mtu" in item:
            changes.add(session, "subnet", *[s.id for s in network.subnets])

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, network_id: str) -> None:
        """Delete a network that nothing of a user is on."""
        with self._db.writer() as session:
            network = visible(req, session, network_id)
            req.authorize("delete_network", target(network))
            common.check_revision(req, network)
            rows.delete(session, network_id)
        self._changed()


def _create(session: orm.Session, values: dict[str, Any]) -> Network:
    quotas.check(session, values["project_id"], "network")
    return rows.create(session, subnets=[], **values)


def _check_provider(values: dict[str, Any]) -> None:
    """Raise InvalidInput for provider attributes that cannot be."""
    kind = values["network_type"]
    physical = values.get("physical_network")
    number = values["segmentation_id"]
    if kind == "geneve" and (physical or number):
        raise exceptions.InvalidInput(
            reason="provider:physical_network and provider:segmentation_id "
                   "cannot be given for geneve networks")
    if kind != "geneve" and not physical:
        raise exceptions.InvalidInput(
            reason=f"provider:physical_network is required for {kind} "
                   "networks")
    if kind == "flat" and number:
        raise exceptions.InvalidInput(
            reason="provider:segmentation_id cannot be given for flat "
                   "networks")
    if kind == "vlan" and not 1 <= number <= 4094:
        raise exceptions.InvalidInput(
            reason="provider:segmentation_id of a vlan network is 1 to "
                   "4094")
