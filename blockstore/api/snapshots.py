"""The snapshots resource."""

from typing import Any

from sqlalchemy import orm

from blockstore import exceptions
from blockstore.api import views
from blockstore.api.snapshot_access import find
from blockstore.api.volumes import find as find_volume
from blockstore.api.volumes import upgraded
from blockstore.db import snapshots, volumes
from blockstore.db.models import Volume
from blockstore.parts import Parts
from blockstore.policies import snapshots as policies
from blockstore.policies import volumes as volume_policies
from blockstore.schemas import snapshots as schemas
from blockstore.tasks import CreateSnapshot, DeleteSnapshot
from common import db, paging, schema, wsgi

_FILTERS = ("name", "status", "volume_id")


class Snapshots:
    """Handlers of /snapshots."""

    def __init__(self, parts: Parts) -> None:
        self._db = parts.db
        self._tasks = parts.tasks
        self._quotas = parts.quotas

    def routes(self) -> list[wsgi.Route]:
        one = "/snapshots/{snapshot_id}"
        return [
            ("POST", "/snapshots", self.create),
            ("GET", "/snapshots", self.index),
            ("GET", "/snapshots/detail", self.detail),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(body=schemas.CREATE, status=202)
    def create(self, req: wsgi.Request) -> dict:
        """Record the snapshot and the task that will make it."""
        spec = upgraded(req.json["snapshot"])
        with self._db.writer() as session:
            volume = find_volume(req, session, spec["volume_id"])
            req.authorize(
                policies.CREATE, {"project_id": volume.project_id})
            _take_hold(session, volume, _may_be_used(req, spec))
            self._quotas.charge(
                session, volume.project_id, snapshots=1,
                gigabytes=volume.size_gib)
            made = snapshots.add(
                session, id=db.new_id(), volume_id=volume.id,
                name=spec.get("name"), description=spec.get("description"),
                project_id=volume.project_id, user_id=req.ctx.user_id,
                size_gib=volume.size_gib, bootable=volume.bootable,
                image_metadata=volume.image_metadata,
                meta=spec.get("metadata") or {})
            self._tasks.add(session, CreateSnapshot(
                snapshot_id=made.id, volume_id=volume.id), req.ctx)
        self._tasks.wake()
        return {"snapshot": views.snapshot_summary(req, made)}

    @wsgi.handler(query=schemas.LIST)
    def index(self, req: wsgi.Request) -> dict:
        return self._list(req, views.snapshot_summary)

    @wsgi.handler(query=schemas.LIST)
    def detail(self, req: wsgi.Request) -> dict:
        return self._list(req, views.snapshot)

    @wsgi.handler()
    def show(self, req: wsgi.Request, snapshot_id: str) -> dict:
        with self._db.reader() as session:
            found = find(req, session, snapshot_id)
        return {"snapshot": views.snapshot(req, found)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, snapshot_id: str) -> dict:
        """Change name or description."""
        spec = upgraded(req.json["snapshot"])
        with self._db.writer() as session:
            find(req, session, snapshot_id, policies.UPDATE)
            snapshots.update(session, snapshot_id, **spec)
            found = snapshots.get(session, snapshot_id)
        return {"snapshot": views.snapshot_summary(req, found)}

    @wsgi.handler(status=202)
    def delete(self, req: wsgi.Request, snapshot_id: str) -> None:
        """Record that the snapshot goes, and the task that erases it."""
        with self._db.writer() as session:
            found = find(req, session, snapshot_id, policies.DELETE)
            snapshots.move(session, found, "deleting")
            self._tasks.add(session, DeleteSnapshot(
                snapshot_id=snapshot_id, volume_id=found.volume_id),
                req.ctx)
        self._tasks.wake()

    def _list(self, req: wsgi.Request, view: Any) -> dict:
        req.authorize(policies.GET_ALL)
        wanted = _filters(req)
        page = paging.parse(
            req, snapshots.SORT_KEYS, default="created_at:desc")
        shown: dict[str, Any] = {}
        with self._db.reader() as session:
            found = snapshots.page(session, wanted, page)
            if req.api_version >= (3, 45) and schema.is_true(
                    req.GET.get("with_count")):
                shown["count"] = snapshots.count(session, wanted)
        shown["snapshots"] = [view(req, each) for each in found]
        following = page.next_link(req, found)
        if following:
            shown["snapshots_links"] = [{"rel": "next", "href": following}]
        return shown


def _may_be_used(req: wsgi.Request, spec: dict[str, Any]) -> bool:
    """Say whether a server may have the volume meanwhile."""
    force = spec.get("force")
    if req.api_version < (3, 66):
        return schema.is_true(force)
    if force is not None and not schema.is_true(force):
        raise exceptions.InvalidInput(
            field="force", reason="must be true or left out from 3.66 on")
    return True


def _take_hold(session: orm.Session, volume: Volume, used: bool) -> None:
    """Make sure that the volume stays, or raise InvalidStatus.

    Who deletes it changes its row first, and so waits for us or wins.
    """
    now = "in-use" if used and volume.status == "in-use" else "available"
    volumes.move(session, volume.id, now, of={now})


def _filters(req: wsgi.Request) -> snapshots.Filters:
    everything = schema.is_true(req.GET.get("all_tenants"))
    wanted = snapshots.Filters(project_id=req.ctx.project_id or "")
    if everything and req.allowed(volume_policies.GET_ALL_TENANTS):
        wanted.project_id = req.GET.get("project_id")
    wanted.equal = {name: req.GET[name] for name in _FILTERS
                    if name in req.GET}
    return wanted
