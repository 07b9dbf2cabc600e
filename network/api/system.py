"""Handlers of what belongs to no resource: versions, extensions, limits."""

from typing import Any

from common import db, schema, wsgi
from network import exceptions, quotas

_UPDATED = "2026-11-01T00:00:00-00:00"

#: Each alias listed works in full.
EXTENSIONS = {
    "allowed-address-pairs": "Allowed Address Pairs",
    "binding": "Port Binding",
    "ext-gw-mode": "Neutron L3 Configurable external gateway mode",
    "external-net": "Neutron external network",
    "extraroute": "Neutron Extra Route",
    "fip-port-details": "Floating IP Port Details Extension",
    "filter-validation": "Filter parameters validation",
    "ip-substring-filtering": "IP address substring filtering",
    "net-mtu": "Network MTU",
    "net-mtu-writable": "Network MTU (writable)",
    "pagination": "Pagination support",
    "port-security": "Port Security",
    "port-security-groups-filtering": "Port filtering on security groups",
    "project-id": "project_id field enabled",
    "provider": "Provider Network",
    "quotas": "Quota management support",
    "quota_details": "Quota details management support",
    "revision-if-match": "If-Match constraints based on revision_number",
    "router": "Neutron L3 Router",
    "security-group": "security-group",
    "security-groups-normalized-cidr": "Normalized CIDR field for security "
                                       "group rules",
    "sort-key-validation": "Sort key validation",
    "sorting": "Sorting support",
    "standard-attr-description": "standard-attr-description",
    "standard-attr-revisions": "Resource revision numbers",
    "standard-attr-timestamp": "Resource timestamps",
    "stateful-security-group": "Stateful security group",
    "availability_zone": "Availability Zone",
    "network_availability_zone": "Network Availability Zone",
    "router_availability_zone": "Router Availability Zone",
}

_LIMIT = {"type": "integer", "minimum": -1, "maximum": 2147483647}
QUOTA = schema.wrapped("quota", schema.closed(
    dict.fromkeys(quotas.DEFAULTS, _LIMIT) | {
        "tenant_id": schema.ID, "project_id": schema.ID}))


def _extension(alias: str) -> dict[str, Any]:
    return {"alias": alias, "name": EXTENSIONS[alias], "links": [],
            "description": EXTENSIONS[alias], "updated": _UPDATED}


class Versions:
    """What versions there are; needs no token."""

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/", self.index)]

    @wsgi.handler(public=True)
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the versions."""
        return {"versions": [{
            "id": "v2.0", "status": "CURRENT",
            "links": [{"rel": "self", "href": req.public_url("/v2.0/")}]}]}


class System:
    """Extensions, zones, and limits of projects."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        one = "/quotas/{project_id}"
        return [
            ("GET", "", self.resources),
            ("GET", "/extensions", self.extensions),
            ("GET", "/extensions/{alias}", self.extension),
            ("GET", "/availability_zones", self.zones),
            ("GET", "/quotas", self.quotas),
            ("GET", one, self.quota),
            ("GET", f"{one}/default", self.default_quota),
            ("GET", f"{one}/details.json", self.quota_details),
            ("GET", f"{one}/details", self.quota_details),
            ("PUT", one, self.set_quota),
            ("DELETE", one, self.reset_quota),
        ]

    @wsgi.handler(public=True)
    def resources(self, req: wsgi.Request) -> dict[str, Any]:
        """List the collections."""
        names = ("networks", "subnets", "ports", "routers", "floatingips",
                 "security-groups", "security-group-rules", "quotas")
        return {"resources": [{
            "name": name.rstrip("s"), "collection": name,
            "links": [{"rel": "self",
                       "href": req.public_url(f"/v2.0/{name}")}],
        } for name in names]}

    @wsgi.handler()
    def extensions(self, req: wsgi.Request) -> dict[str, Any]:
        """List the extensions."""
        req.authorize("get_extension")
        return {"extensions": [_extension(a) for a in sorted(EXTENSIONS)]}

    @wsgi.handler()
    def extension(self, req: wsgi.Request, alias: str) -> dict[str, Any]:
        """Show an extension."""
        req.authorize("get_extension")
        if alias not in EXTENSIONS:
            raise exceptions.ExtensionNotFound(id=alias[:64])
        return {"extension": _extension(alias)}

    @wsgi.handler()
    def zones(self, req: wsgi.Request) -> dict[str, Any]:
        """List the availability zones."""
        req.authorize("get_availability_zone")
        return {"availability_zones": [
            {"name": "nova", "resource": kind, "state": "available"}
            for kind in ("network", "router")]}

    @wsgi.handler()
    def quotas(self, req: wsgi.Request) -> dict[str, Any]:
        """List projects whose limits differ from the default."""
        req.authorize("get_quotas")
        with self._db.reader() as session:
            projects = quotas.projects(session)
            return {"quotas": [
                quotas.limits(session, each) | {
                    "tenant_id": each, "project_id": each}
                for each in projects]}

    @wsgi.handler()
    def quota(self, req: wsgi.Request, project_id: str) -> dict[str, Any]:
        """Show a project's limits."""
        req.authorize("get_quota", {"project_id": project_id})
        with self._db.reader() as session:
            return {"quota": quotas.limits(session, project_id)}

    @wsgi.handler()
    def default_quota(self, req: wsgi.Request,
                      project_id: str) -> dict[str, Any]:
        """Show the limits of projects that have none of their own."""
        req.authorize("get_quota", {"project_id": project_id})
        return {"quota": quotas.DEFAULTS}

    @wsgi.handler()
    def quota_details(self, req: wsgi.Request,
                      project_id: str) -> dict[str, Any]:
        """Show a project's limits and how much it has."""
        req.authorize("get_quota", {"project_id": project_id})
        with self._db.reader() as session:
            limits = quotas.limits(session, project_id)
            return {"quota": {name: {
                "limit": limit, "reserved": 0,
                "used": quotas.used(session, project_id, name)}
                for name, limit in limits.items()}}

    @wsgi.handler(body=QUOTA)
    def set_quota(self, req: wsgi.Request,
                  project_id: str) -> dict[str, Any]:
        """Give a project limits of its own."""
        req.authorize("update_quota", {"project_id": project_id})
        with self._db.writer() as session:
            for name, limit in req.json["quota"].items():
                if name in quotas.DEFAULTS:
                    quotas.set_limit(session, project_id, name, limit)
            session.flush()
            return {"quota": quotas.limits(session, project_id)}

    @wsgi.handler(status=204)
    def reset_quota(self, req: wsgi.Request, project_id: str) -> None:
        """Give a project the default limits."""
        req.authorize("delete_quota", {"project_id": project_id})
        with self._db.writer() as session:
            quotas.reset(session, project_id)
