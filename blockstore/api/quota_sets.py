"""Quotas and limits."""

from typing import Any

from blockstore import exceptions
from blockstore.db import quotas as queries
from blockstore.parts import Parts
from blockstore.policies import quota_sets as policies
from blockstore.quotas import Quota
from blockstore.schemas import quota_sets as schemas
from common import schema, wsgi

#: What there is none of yet: nobody may have any.
_NONE = ("backups", "backup_gigabytes", "groups")


class QuotaSets:
    """Handlers of /os-quota-sets and /limits."""

    def __init__(self, parts: Parts) -> None:
        self._db = parts.db
        self._quotas = parts.quotas

    def routes(self) -> list[wsgi.Route]:
        one = "/os-quota-sets/{target_id}"
        return [
            ("GET", one, self.show),
            ("GET", one + "/defaults", self.defaults),
            ("PUT", one, self.update),
            ("DELETE", one, self.delete),
            ("GET", "/limits", self.limits),
        ]

    @wsgi.handler(query=schemas.SHOW)
    def show(self, req: wsgi.Request, target_id: str) -> dict:
        _authorize(req, target_id)
        return self._shown(target_id, usage=schema.is_true(
            req.params_checked.get("usage")))

    @wsgi.handler()
    def defaults(self, req: wsgi.Request, target_id: str) -> dict:
        _authorize(req, target_id)
        quotas = {name: Quota(limit, 0) for name, limit
                  in self._quotas.defaults().items()}
        return _view(target_id, quotas, usage=False)

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, target_id: str) -> dict:
        req.authorize(policies.UPDATE, {"project_id": target_id})
        wanted = dict(req.json["quota_set"])
        wanted.pop("tenant_id", None)
        with self._db.writer() as session:
            queries.set_limits(session, target_id, wanted)
        shown = self._shown(target_id, usage=False)
        del shown["quota_set"]["id"]
        return shown

    @wsgi.handler()
    def delete(self, req: wsgi.Request, target_id: str) -> None:
        req.authorize(policies.DELETE, {"project_id": target_id})
        with self._db.writer() as session:
            queries.forget_limits(session, target_id)

    @wsgi.handler()
    def limits(self, req: wsgi.Request) -> dict:
        """Return what the project may have and has."""
        req.authorize(policies.LIMITS)
        project_id = req.ctx.project_id or ""
        if req.api_version >= (3, 39) and "project_id" in req.GET:
            project_id = req.GET["project_id"]
            _authorize(req, project_id)
        with self._db.reader() as session:
            quotas = self._quotas.of(session, project_id)
        return {"limits": {"rate": [], "absolute": {
            "maxTotalVolumes": quotas["volumes"].limit,
            "totalVolumesUsed": quotas["volumes"].used,
            "maxTotalVolumeGigabytes": quotas["gigabytes"].limit,
            "totalGigabytesUsed": quotas["gigabytes"].used,
            "maxTotalSnapshots": quotas["snapshots"].limit,
            "totalSnapshotsUsed": quotas["snapshots"].used,
            "maxTotalBackups": 0, "totalBackupsUsed": 0,
            "maxTotalBackupGigabytes": 0, "totalBackupGigabytesUsed": 0,
        }}}

    def _shown(self, project_id: str, *, usage: bool) -> dict:
        with self._db.reader() as session:
            quotas = self._quotas.of(session, project_id)
        return _view(project_id, quotas, usage=usage)


def _view(project_id: str, quotas: dict[str, Quota], *,
          usage: bool) -> dict:
    """Return a quota set; with usage each limit has what is used."""
    quotas = quotas | {name: Quota(0, 0) for name in _NONE}
    for name in ("volumes", "gigabytes", "snapshots"):
        quotas[f"{name}_default"] = Quota(-1, quotas[name].used)
    shown: dict[str, Any] = {"id": project_id}
    for name, quota in quotas.items():
        shown[name] = {
            "limit": quota.limit, "in_use": quota.used, "reserved": 0,
            "allocated": 0} if usage else quota.limit
    return {"quota_set": shown}


def _authorize(req: wsgi.Request, project_id: str) -> None:
    if len(project_id) > 64:
        raise exceptions.InvalidInput(
            field="project_id", reason="is too long")
    req.authorize(policies.SHOW, {"project_id": project_id})
