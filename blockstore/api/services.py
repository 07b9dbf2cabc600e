"""The parts of the service: schedulers, agents, pools, zones."""

import datetime
from typing import Any

from blockstore import exceptions
from blockstore.api.views import pool_name, when
from blockstore.db import backends
from blockstore.db.models import Backend
from blockstore.parts import Parts
from blockstore.policies import services as policies
from blockstore.pools import Pool
from blockstore.schemas import services as schemas
from common import schema, wsgi

_VENDOR = "Pileus"


class Services:
    """Handlers of what operators look at."""

    def __init__(self, parts: Parts) -> None:
        self._db = parts.db
        self._zone = parts.conf.zone

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/os-services", self.index),
            ("PUT", "/os-services/enable", self.enable),
            ("PUT", "/os-services/disable", self.disable),
            ("PUT", "/os-services/disable-log-reason",
             self.disable_with_reason),
            ("GET", "/scheduler-stats/get_pools", self.pools),
            ("GET", "/os-availability-zone", self.zones),
            ("GET", "/extensions", self.extensions),
        ]

    @wsgi.handler(query=schemas.LIST)
    def index(self, req: wsgi.Request) -> dict:
        req.authorize(policies.GET_ALL)
        asked = req.params_checked
        with self._db.reader() as session:
            schedulers = backends.schedulers(session)
            pools = backends.pools(session)
        rows = [_service("cinder-scheduler", row.name, row.zone, alive,
                         row.reported_at) for row, alive in schedulers]
        rows += [_backend(row, pool.alive) for row, pool in pools]
        return {"services": [
            _of_version(req, row) for row in rows
            if all(row[name] == value for name, value in asked.items())]}

    @wsgi.handler(body=schemas.DISABLE)
    def enable(self, req: wsgi.Request) -> dict:
        return self._set(req, disabled=False)

    @wsgi.handler(body=schemas.DISABLE)
    def disable(self, req: wsgi.Request) -> dict:
        return self._set(req, disabled=True)

    @wsgi.handler(body=schemas.DISABLE_WITH_REASON)
    def disable_with_reason(self, req: wsgi.Request) -> dict:
        return self._set(req, disabled=True)

    @wsgi.handler(query=schemas.POOLS)
    def pools(self, req: wsgi.Request) -> dict:
        """Return the room of each backend."""
        req.authorize(policies.POOLS)
        detail = schema.is_true(req.params_checked.get("detail"))
        with self._db.reader() as session:
            found = backends.pools(session)
        return {"pools": [_pool(row, pool, detail) for row, pool in found]}

    @wsgi.handler()
    def zones(self, req: wsgi.Request) -> dict:
        req.authorize(policies.ZONES)
        with self._db.reader() as session:
            found = backends.pools(session)
        names = {self._zone} | {pool.zone for _, pool in found}
        return {"availabilityZoneInfo": [
            {"zoneName": name, "zoneState": {"available": True}}
            for name in sorted(names)]}

    @wsgi.handler()
    def extensions(self, req: wsgi.Request) -> dict:
        """Return the parts that once were optional."""
        req.authorize(policies.EXTENSIONS)
        return {"extensions": [
            {"alias": alias, "name": name, "description": text,
             "updated": "2013-04-18T00:00:00+00:00", "links": []}
            for alias, name, text in _EXTENSIONS]}

    def _set(self, req: wsgi.Request, *, disabled: bool) -> dict:
        req.authorize(policies.UPDATE)
        host = req.json["host"]
        reason = req.json.get("disabled_reason")
        with self._db.writer() as session:
            found = backends.set_disabled(
                session, host, disabled, reason)
        if found is None:
            raise exceptions.ServiceNotFound(
                binary="cinder-volume", host=host)
        shown = {"host": host, "service": "cinder-volume",
                 "binary": "cinder-volume", "disabled": disabled,
                 "status": "disabled" if disabled else "enabled"}
        return shown | ({"disabled_reason": reason} if reason else {})


_EXTENSIONS = [
    ("os-volume-actions", "VolumeActions", "Actions on volumes."),
    ("os-admin-actions", "AdminActions", "Actions of administrators."),
    ("os-quota-sets", "Quotas", "Quotas of projects."),
    ("os-services", "Services", "Schedulers and agents."),
    ("os-availability-zone", "AvailabilityZones", "Availability zones."),
    ("os-used-limits", "UsedLimits", "What of the limits is used."),
    ("os-vol-host-attr", "VolumeHostAttribute", "A volume's backend."),
    ("os-vol-tenant-attr", "VolumeTenantAttribute", "A volume's project."),
    ("os-vol-mig-status-attr", "VolumeMigStatusAttribute",
     "The state of a volume's migration."),
    ("scheduler-stats", "Scheduler_stats", "The room of the backends."),
]


def _service(binary: str, host: str, zone: str, alive: bool,
             reported_at: datetime.datetime) -> dict[str, Any]:
    return {"binary": binary, "host": host, "zone": zone,
            "status": "enabled", "state": "up" if alive else "down",
            "updated_at": when(reported_at), "disabled_reason": None,
            "cluster": None}


def _of_version(req: wsgi.Request, row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what later microversions added."""
    added = {"cluster": (3, 7), "backend_state": (3, 49)}
    return {name: value for name, value in row.items()
            if req.api_version >= added.get(name, (3, 0))}


def _backend(row: Backend, alive: bool) -> dict[str, Any]:
    shown = _service(
        "cinder-volume", row.name, row.zone, alive, row.reported_at)
    return shown | {
        "status": "disabled" if row.disabled else "enabled",
        "disabled_reason": row.disabled_reason,
        "backend_state": "up" if alive else "down",
        "replication_status": "disabled", "active_backend_id": None,
        "frozen": False}


def _pool(row: Backend, pool: Pool, detail: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": pool_name(row.name)}
    if detail:
        shown["capabilities"] = {
            "volume_backend_name": row.name.partition("@")[2],
            "vendor_name": _VENDOR, "driver_version": "1.0",
            "storage_protocol": row.protocol,
            "total_capacity_gb": row.total_gib,
            "free_capacity_gb": row.free_gib,
            "allocated_capacity_gb": pool.promised_gib,
            "provisioned_capacity_gb": pool.promised_gib,
            "max_over_subscription_ratio": row.overcommit,
            "reserved_percentage": 0, "QoS_support": False,
            "thin_provisioning_support": True, "multiattach": False,
            "timestamp": when(row.reported_at)}
    return shown
