"""Limits and quotas of projects."""

import dataclasses
from typing import Any

from oslo_config import cfg

from common import db, wsgi
from common.exceptions import BadRequest
from compute import quotas
from compute.api.native.common import minor
from compute.db.api import mappings
from compute.policies import cloud as policies
from compute.schemas import cloud as schemas

View = dict[str, Any]

_NETWORK = ("fixed_ips", "floating_ips", "security_groups",
            "security_group_rules")
_FILES = ("injected_files", "injected_file_content_bytes",
          "injected_file_path_bytes")


class Quotas:
    """Handlers of /limits and /os-quota-sets."""

    def __init__(self, conf: cfg.ConfigOpts, api: db.Database) -> None:
        self._conf = conf
        self._db = api

    def routes(self) -> list[wsgi.Route]:
        one = "/os-quota-sets/{tenant_id}"
        return [
            ("GET", "/limits", self.limits),
            ("GET", one, self.show), ("PUT", one, self.update),
            ("DELETE", one, self.delete),
            ("GET", one + "/detail", self.detail),
            ("GET", one + "/defaults", self.defaults),
        ]

    def _read(self, project_id: str) -> tuple[dict[str, int],
                                              dict[str, int]]:
        with self._db.reader() as session:
            limits = quotas.limits(session, self._conf, project_id)
            used = dataclasses.asdict(mappings.usage(session, project_id))
        return limits, used

    @wsgi.handler()
    def limits(self, req: wsgi.Request) -> View:
        req.authorize(policies.LIMITS)
        project = req.GET.get("tenant_id") or str(req.ctx.project_id)
        if project != req.ctx.project_id:
            req.authorize(policies.LIMITS_OTHER)
        limits, used = self._read(project)
        return {"limits": {
            "rate": [], "absolute": _absolute(limits, used, minor(req))}}

    @wsgi.handler()
    def show(self, req: wsgi.Request, tenant_id: str) -> View:
        req.authorize(policies.QUOTAS_SHOW, {"project_id": tenant_id})
        limits, _ = self._read(tenant_id)
        return {"quota_set": _shown(limits, minor(req)) | {"id": tenant_id}}

    @wsgi.handler()
    def detail(self, req: wsgi.Request, tenant_id: str) -> View:
        req.authorize(policies.QUOTAS_SHOW, {"project_id": tenant_id})
        limits, used = self._read(tenant_id)
        shown = {name: {"limit": limit, "in_use": used.get(name, 0),
                        "reserved": 0}
                 for name, limit in _shown(limits, minor(req)).items()}
        return {"quota_set": shown | {"id": tenant_id}}

    @wsgi.handler()
    def defaults(self, req: wsgi.Request, tenant_id: str) -> View:
        req.authorize(policies.QUOTAS_DEFAULTS)
        return {"quota_set": _shown(
            quotas.defaults(self._conf), minor(req)) | {"id": tenant_id}}

    @wsgi.handler(body=schemas.QUOTA_UPDATE)
    def update(self, req: wsgi.Request, tenant_id: str) -> View:
        req.authorize(policies.QUOTAS_UPDATE)
        wanted = {name: int(value)
                  for name, value in req.json["quota_set"].items()
                  if name in schemas.QUOTA_NAMES}
        with self._db.writer() as session:
            used = dataclasses.asdict(mappings.usage(session, tenant_id))
            for name, value in wanted.items():
                if 0 <= value < used.get(name, 0) and not (
                        req.json["quota_set"].get("force")):
                    raise BadRequest(
                        reason=f"Quota limit {value} for {name} must be "
                               "greater than or equal to already used and "
                               f"reserved {used[name]}.")
            mappings.set_limits(session, tenant_id, wanted)
        limits, _ = self._read(tenant_id)
        return {"quota_set": _shown(limits, minor(req))}

    @wsgi.handler(status=202)
    def delete(self, req: wsgi.Request, tenant_id: str) -> None:
        req.authorize(policies.QUOTAS_DELETE)
        with self._db.writer() as session:
            mappings.clear_limits(session, tenant_id)


def _shown(limits: dict[str, int], version: int) -> View:
    names = list(schemas.QUOTA_NAMES)
    if version < 36:
        names += _NETWORK
    if version < 57:
        names += _FILES
    return {name: limits[name] for name in names}


def _absolute(limits: dict[str, int], used: dict[str, int],
              version: int) -> View:
    view: View = {
        "maxServerMeta": limits["metadata_items"],
        "maxTotalInstances": limits["instances"],
        "maxTotalCores": limits["cores"],
        "maxTotalRAMSize": limits["ram"],
        "maxTotalKeypairs": limits["key_pairs"],
        "maxServerGroups": limits["server_groups"],
        "maxServerGroupMembers": limits["server_group_members"],
        "totalInstancesUsed": used["instances"],
        "totalCoresUsed": used["cores"], "totalRAMUsed": used["ram"],
        "totalServerGroupsUsed": 0}
    if version < 36:
        view |= {"maxTotalFloatingIps": limits["floating_ips"],
                 "maxSecurityGroups": limits["security_groups"],
                 "maxSecurityGroupRules": limits["security_group_rules"],
                 "totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0}
    if version < 39:
        view["maxImageMeta"] = limits["metadata_items"]
    if version < 57:
        view |= {"maxPersonality": limits["injected_files"],
                 "maxPersonalitySize":
                     limits["injected_file_content_bytes"]}
    return view
