"""What the cloud is made of: daemons, hypervisors, zones."""

import json
import uuid
from typing import Any

from oslo_config import cfg

from common import db, schema, wsgi
from common.exceptions import BadRequest, NotFound, ServiceError
from compute.api.native.common import micro, minor
from compute.db.api import placement
from compute.db.cell import hosts as queries
from compute.db.cell import servers
from compute.db.cell.models import Node, Service
from compute.exceptions import HypervisorNotFound
from compute.policies import cloud as policies
from compute.schemas import cloud as schemas

View = dict[str, Any]


def number(key: str) -> int:
    """Return the number that stands for an id before 2.53."""
    return int(uuid.UUID(key).hex[:7], 16)


class Cloud:
    """Handlers of /os-services, /os-hypervisors, /os-availability-zone."""

    def __init__(self, conf: cfg.ConfigOpts, api: db.Database,
                 cell: db.Database) -> None:
        self._conf = conf
        self._api = api
        self._cell = cell

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/os-services", self.services),
            ("PUT", "/os-services/enable", self.enable),
            ("PUT", "/os-services/disable", self.disable),
            ("PUT", "/os-services/disable-log-reason", self.disable),
            ("PUT", "/os-services/{service_id}", self.update_service),
            ("GET", "/os-hypervisors", self.hypervisors),
            ("GET", "/os-hypervisors/detail", self.hypervisors_detail),
            ("GET", "/os-hypervisors/statistics", self.statistics),
            ("GET", "/os-hypervisors/{node_id}", self.hypervisor),
            ("GET", "/os-hypervisors/{node_id}/uptime", self.uptime),
            ("GET", "/os-availability-zone", self.zones),
            ("GET", "/os-availability-zone/detail", self.zones_detail),
        ]

    def _is_up(self, row: Service) -> bool:
        return queries.is_up(row, now=db.utcnow(),
                             down_after_s=self._conf.compute.down_after)

    @wsgi.handler()
    def services(self, req: wsgi.Request) -> View:
        req.authorize(policies.SERVICES)
        with self._cell.reader() as session:
            found = queries.services(
                session, binary=req.GET.get("binary"),
                host=req.GET.get("host"))
        return {"services": [self._service(req, row) for row in found]}

    def _service(self, req: wsgi.Request, row: Service) -> View:
        version = minor(req)
        inside = row.binary != queries.COMPUTE
        view: View = {
            "id": row.id if version >= 53 else number(row.id),
            "binary": row.binary, "host": row.host,
            "zone": "internal" if inside else (
                self._conf.compute.availability_zone),
            "status": "disabled" if row.disabled else "enabled",
            "state": "up" if self._is_up(row) else "down",
            "updated_at": micro(row.seen_at),
            "disabled_reason": row.disabled_reason}
        if version >= 11:
            view["forced_down"] = row.forced_down
        return view

    @wsgi.handler(body=schemas.SERVICE_UPDATE, versions=("2.53", None))
    def update_service(self, req: wsgi.Request, service_id: str) -> View:
        req.authorize(policies.SERVICES_WRITE)
        if req.json.get("disabled_reason") and (
                req.json.get("status") != "disabled"):
            raise BadRequest(
                reason="disabled_reason: goes with status disabled only")
        with self._cell.writer() as session:
            row = queries.service(session, service_id)
            _set(row, req.json)
        return {"service": self._service(req, row)}

    @wsgi.handler(body=schemas.SERVICE_OLD, versions=("2.1", "2.52"))
    def enable(self, req: wsgi.Request) -> View:
        return self._switch(req, disabled=False)

    @wsgi.handler(body=schemas.SERVICE_OLD, versions=("2.1", "2.52"))
    def disable(self, req: wsgi.Request) -> View:
        return self._switch(req, disabled=True)

    def _switch(self, req: wsgi.Request, *, disabled: bool) -> View:
        req.authorize(policies.SERVICES_WRITE)
        with self._cell.writer() as session:
            found = queries.services(
                session, binary=req.json["binary"], host=req.json["host"])
            if not found:
                raise NotFound()
            _set(found[0], {"status": "disabled" if disabled else "enabled",
                            **req.json})
        view: View = {"host": found[0].host, "binary": found[0].binary,
                      "status": "disabled" if disabled else "enabled"}
        if disabled and "disabled_reason" in req.json:
            view["disabled_reason"] = req.json["disabled_reason"]
        return {"service": view}

    @wsgi.handler()
    def hypervisors(self, req: wsgi.Request) -> View:
        found = self._nodes(req)
        return {"hypervisors": [
            self._brief(req, node, agent) | self._servers(req, node)
            for node, agent in found]}

    @wsgi.handler()
    def hypervisors_detail(self, req: wsgi.Request) -> View:
        found = self._nodes(req)
        use = self._use(found)
        return {"hypervisors": [
            self._detail(req, node, agent, use) | self._servers(req, node)
            for node, agent in found]}

    @wsgi.handler()
    def hypervisor(self, req: wsgi.Request, node_id: str) -> View:
        found = [pair for pair in self._nodes(req)
                 if _named(pair[0], node_id, minor(req))]
        if not found:
            raise HypervisorNotFound(node_id=node_id)
        node, agent = found[0]
        return {"hypervisor": self._detail(
            req, node, agent, self._use(found)) | self._servers(req, node)}

    @wsgi.handler(versions=("2.1", "2.87"))
    def uptime(self, req: wsgi.Request, node_id: str) -> View:
        """Say that agents do not tell; clients know how to take it."""
        if not any(_named(node, node_id, minor(req))
                   for node, _ in self._nodes(req)):
            raise HypervisorNotFound(node_id=node_id)
        raise NotTold()

    @wsgi.handler(versions=("2.1", "2.87"))
    def statistics(self, req: wsgi.Request) -> View:
        found = self._nodes(req)
        use = self._use(found)
        total: dict[str, int] = dict.fromkeys(
            (*_COUNTS, "disk_available_least"), 0)
        for node, _ in found:
            for name, value in _counts(node, use).items():
                total[name] += value or 0
        return {"hypervisor_statistics": total | {"count": len(found)}}

    def _nodes(self, req: wsgi.Request) -> list[tuple[Node, Service]]:
        req.authorize(policies.HYPERVISORS)
        wanted = req.GET.get("hypervisor_hostname_pattern", "")
        with self._cell.reader() as session:
            found = queries.nodes_with_services(session)
        found = [pair for pair in found
                 if wanted in pair[0].hypervisor_hostname]
        if wanted and not found:
            raise NotFound()
        return found

    def _use(self, found: list[tuple[Node, Service]]) -> "_Use":
        ids = [node.id for node, _ in found]
        with self._api.reader() as session:
            used = placement.all_usages(session, ids)
        with self._cell.reader() as session:
            return _Use(used, servers.count_by_host(session))

    def _brief(self, req: wsgi.Request, node: Node,
               agent: Service) -> View:
        return {
            "id": node.id if minor(req) >= 53 else number(node.id),
            "hypervisor_hostname": node.hypervisor_hostname,
            "state": "up" if self._is_up(agent) else "down",
            "status": "disabled" if agent.disabled else "enabled"}

    def _detail(self, req: wsgi.Request, node: Node, agent: Service,
                use: "_Use") -> View:
        version = minor(req)
        facts = node.facts
        view = self._brief(req, node, agent) | {
            "host_ip": facts.get("host_ip", ""),
            "hypervisor_type": facts.get("hypervisor_type", "QEMU"),
            "hypervisor_version": facts.get("hypervisor_version", 0),
            "service": {
                "host": agent.host, "disabled_reason":
                agent.disabled_reason,
                "id": agent.id if version >= 53 else number(agent.id)}}
        if version >= 88:
            return view | {"uptime": None}
        info = facts.get("cpu_info", {})
        return view | _counts(node, use) | {
            "cpu_info": info if version >= 28 else json.dumps(info)}

    def _servers(self, req: wsgi.Request, node: Node) -> View:
        """Return the servers of the host, where they are asked for."""
        if minor(req) < 53 or not schema.is_true(
                req.GET.get("with_servers", "")):
            return {}
        with self._cell.reader() as session:
            found = servers.on_host(session, node.host)
        if not found and minor(req) < 75:
            return {}
        return {"servers": [{"uuid": row.id, "name": row.name}
                            for row in found]}

    @wsgi.handler()
    def zones(self, req: wsgi.Request) -> View:
        req.authorize(policies.ZONES)
        return {"availabilityZoneInfo": [{
            "zoneName": self._conf.compute.availability_zone,
            "zoneState": {"available": True}, "hosts": None}]}

    @wsgi.handler()
    def zones_detail(self, req: wsgi.Request) -> View:
        req.authorize(policies.ZONES_DETAIL)
        with self._cell.reader() as session:
            found = queries.services(session)
        zones: dict[str, View] = {}
        for row in found:
            name = (self._conf.compute.availability_zone
                    if row.binary == queries.COMPUTE else "internal")
            zones.setdefault(name, {}).setdefault(row.host, {})[
                row.binary] = {"available": self._is_up(row),
                               "active": not row.disabled,
                               "updated_at": micro(row.seen_at)}
        return {"availabilityZoneInfo": [
            {"zoneName": name, "zoneState": {"available": True},
             "hosts": rows} for name, rows in sorted(zones.items())]}


class NotTold(ServiceError):
    status = 501
    message = "Hosts do not tell how long they have been up."


class _Use:
    """What of the hosts is in use."""

    def __init__(self, claimed: dict[str, placement.Amounts],
                 servers_on: dict[str, int]) -> None:
        self.claimed = claimed
        self.servers_on = servers_on


def _set(row: Service, asked: View) -> None:
    if "status" in asked:
        row.disabled = asked["status"] == "disabled"
        row.disabled_reason = asked.get("disabled_reason")
    if "forced_down" in asked:
        row.forced_down = asked["forced_down"]
    row.updated_at = db.utcnow()


def _named(node: Node, key: str, version: int) -> bool:
    return key == (node.id if version >= 53 else str(number(node.id)))


_COUNTS = ("vcpus", "vcpus_used", "memory_mb", "memory_mb_used", "local_gb",
           "local_gb_used", "free_ram_mb", "free_disk_gb", "running_vms",
           "current_workload")


def _counts(node: Node, use: _Use) -> dict[str, Any]:
    facts = node.facts
    used = use.claimed.get(node.id, {})
    ram = used.get("MEMORY_MB", 0) + facts.get("reserved_memory_mib", 0)
    disk = used.get("DISK_GB", 0) + facts.get("reserved_disk_gib", 0)
    return {
        "vcpus": facts["vcpus"], "vcpus_used": used.get("VCPU", 0),
        "memory_mb": facts["memory_mib"], "memory_mb_used": ram,
        "local_gb": facts["disk_gib"], "local_gb_used": disk,
        "free_ram_mb": facts["memory_mib"] - ram,
        "free_disk_gb": facts["disk_gib"] - disk,
        "disk_available_least": facts["disk_gib"] - disk,
        "running_vms": use.servers_on.get(node.host, 0),
        "current_workload": 0}
