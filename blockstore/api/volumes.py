"""The volumes resource."""

import ast
import dataclasses
import datetime
from typing import Any

from sqlalchemy import orm

from blockstore import exceptions, images
from blockstore.api import views
from blockstore.api.snapshot_access import snapshot_source
from blockstore.db import snapshots, types, volumes
from blockstore.db.history import record
from blockstore.db.models import Snapshot, Volume
from blockstore.parts import Parts
from blockstore.policies import volumes as policies
from blockstore.schemas import volumes as schemas
from blockstore.tasks import (
    CreateVolume,
    CreateVolumeFromImage,
    CreateVolumeFromSnapshot,
    DeleteVolume,
)
from common import db, paging, schema, wsgi

#: Members of a new volume that say what it is a copy of: none is served.
_SOURCES = ("source_volid", "backup_id", "consistencygroup_id", "group_id")

_FILTERS = {"name": "name", "status": "status", "user_id": "user_id",
            "availability_zone": "zone", "host": "host",
            "display_name": "name", "id": "id"}
_PAGING = {*paging.QUERY, "all_tenants", "with_count", "offset"}
_OTHER_FILTERS = {"metadata", "bootable", "name~", "created_at",
                  "updated_at", "project_id", "volume_type_id",
                  "migration_status", "glance_metadata", "group_id"}


class Volumes:
    """Handlers of /volumes."""

    def __init__(self, parts: Parts) -> None:
        self._db = parts.db
        self._tasks = parts.tasks
        self._quotas = parts.quotas
        self._zone = parts.conf.zone
        self._rest = parts.rest

    def routes(self) -> list[wsgi.Route]:
        return [
            ("POST", "/volumes", self.create),
            ("POST", "/volumes", self.create_loose),
            ("GET", "/volumes", self.index),
            ("GET", "/volumes/detail", self.detail),
            ("GET", "/volumes/summary", self.summarize),
            ("GET", "/volumes/{volume_id}", self.show),
            ("PUT", "/volumes/{volume_id}", self.update),
            ("PUT", "/volumes/{volume_id}", self.update_loose),
            ("DELETE", "/volumes/{volume_id}", self.delete),
        ]

    @wsgi.handler(body=schemas.CREATE, status=202, versions=("3.53", None))
    def create(self, req: wsgi.Request) -> dict:
        """Record the volume and the task that will create it."""
        req.authorize(policies.CREATE)
        spec = upgraded(req.json["volume"])
        _refuse_sources(spec)
        with self._db.reader() as session:
            snapshot = snapshot_source(req, session, spec)
        size_gib = _size(spec, snapshot)
        image = self._image(req, spec, size_gib)
        with self._db.writer() as session:
            self._quotas.charge(
                session, req.ctx.project_id, volumes=1, gigabytes=size_gib,
                size_gib=size_gib)
            volume = volumes.add(
                session, spec.get("metadata") or {}, id=db.new_id(),
                name=spec.get("name"), description=spec.get("description"),
                project_id=req.ctx.project_id, user_id=req.ctx.user_id,
                size_gib=size_gib, zone=self._zone_of(spec),
                snapshot_id=snapshot and snapshot.id,
                image_metadata=(images.metadata(image) if image else
                                snapshot and snapshot.image_metadata),
                volume_type=types.find(session, spec.get("volume_type")))
            self._tasks.add(session, _task(volume, image, snapshot),
                            req.ctx)
            record(session, volume.id, "create.start")
        self._tasks.wake()
        return {"volume": views.new_volume(req, volume)}

    def _image(self, req: wsgi.Request, spec: dict[str, Any],
               size_gib: int) -> dict[str, Any] | None:
        """Return the record of the image to copy, as the sender sees it."""
        reference = spec.get("imageRef") or spec.get("image_id")
        if not reference:
            return None
        return images.find(
            self._rest.as_user(req, "image"), reference, size_gib)

    @wsgi.handler(body=schemas.CREATE_LOOSE, status=202,
                  versions=(None, "3.52"))
    def create_loose(self, req: wsgi.Request) -> dict:
        return self.create(req)

    @wsgi.handler(query=schemas.LIST)
    def index(self, req: wsgi.Request) -> dict:
        return self._list(req, views.volume_summary)

    @wsgi.handler(query=schemas.LIST)
    def detail(self, req: wsgi.Request) -> dict:
        return self._list(req, views.volume)

    @wsgi.handler(query=schemas.LIST, versions=("3.12", None))
    def summarize(self, req: wsgi.Request) -> dict:
        """Return how many volumes there are, and their GiB."""
        req.authorize(policies.GET_ALL)
        with self._db.reader() as session:
            number, size = volumes.count(session, filters(req))
        shown: dict[str, Any] = {"total_count": number, "total_size": size}
        if req.api_version >= (3, 36):
            shown["metadata"] = {}
        return {"volume-summary": shown}

    @wsgi.handler()
    def show(self, req: wsgi.Request, volume_id: str) -> dict:
        with self._db.reader() as session:
            volume = find(req, session, volume_id)
        return {"volume": views.volume(req, volume)}

    @wsgi.handler(body=schemas.UPDATE, versions=("3.53", None))
    def update(self, req: wsgi.Request, volume_id: str) -> dict:
        """Change name, description or metadata."""
        spec = upgraded(req.json["volume"])
        with self._db.writer() as session:
            find(req, session, volume_id, policies.UPDATE)
            volumes.update(session, volume_id, **{
                name: spec[name] for name in ("name", "description")
                if name in spec})
            if "metadata" in spec:
                volumes.set_metadata(
                    session, volume_id, spec["metadata"], replace=True)
            volume = volumes.get(session, volume_id)
            record(session, volume.id, "update.end")
        return {"volume": views.volume(req, volume)}

    @wsgi.handler(body=schemas.UPDATE_LOOSE, versions=(None, "3.52"))
    def update_loose(self, req: wsgi.Request, volume_id: str) -> dict:
        return self.update(req, volume_id)

    @wsgi.handler(query=schemas.DELETE, status=202)
    def delete(self, req: wsgi.Request, volume_id: str) -> None:
        """Record that the volume goes, and the task that erases it."""
        force = schema.is_true(req.params_checked.get("force"))
        with self._db.writer() as session:
            volume = find(req, session, volume_id, policies.DELETE)
            if force:
                req.authorize(policies.FORCE_DELETE,
                              {"project_id": volume.project_id})
                begin_force_delete(session, volume)
                self._tasks.cancel(session, volume_id)
            else:
                refuse_attached(volume)
                volumes.move(session, volume_id, "deleting", reason=None)
                refuse_copied(session, volume_id)
            self._tasks.add(session, DeleteVolume(
                volume_id=volume_id, force=force), req.ctx)
            record(session, volume.id, "delete.start")
        self._tasks.wake()

    def _list(self, req: wsgi.Request, view: Any) -> dict:
        req.authorize(policies.GET_ALL)
        wanted = filters(req)
        page = paging.parse(
            req, volumes.SORT_KEYS, default="created_at:desc")
        shown: dict[str, Any] = {}
        with self._db.reader() as session:
            found = volumes.page(session, wanted, page)
            if req.api_version >= (3, 45) and schema.is_true(
                    req.GET.get("with_count")):
                shown["count"] = volumes.count(session, wanted)[0]
        shown["volumes"] = [view(req, volume) for volume in found]
        following = page.next_link(req, found)
        if following:
            shown["volumes_links"] = [{"rel": "next", "href": following}]
        return shown

    def _zone_of(self, spec: dict[str, Any]) -> str:
        wanted = spec.get("availability_zone") or self._zone
        known: str = self._zone
        if wanted != known:
            raise exceptions.InvalidInput(
                field="availability_zone",
                reason=f"{wanted!r} is not one of {known}")
        return wanted


def _task(volume: Volume, image: dict[str, Any] | None,
          snapshot: Snapshot | None) -> CreateVolume:
    """Return the task that will make the volume."""
    made = {"volume_id": volume.id, "size_gib": volume.size_gib,
            "zone": volume.zone}
    if image:
        return CreateVolumeFromImage(
            **made, image=dataclasses.asdict(images.of(image)))
    if snapshot:
        return CreateVolumeFromSnapshot(
            **made, snapshot_id=snapshot.id, bootable=snapshot.bootable)
    return CreateVolume(**made)


def find(req: wsgi.Request, session: orm.Session, volume_id: str,
         rule: str = policies.GET) -> Volume:
    """Return the volume, if the sender may do what ``rule`` guards.

    :raises VolumeNotFound: also if the sender may not see it
    """
    hidden = exceptions.VolumeNotFound(volume_id=volume_id)
    req.environ["common.authorized"] = True
    volume = volumes.get(session, volume_id)
    target = {"project_id": volume.project_id}
    req.authorize(policies.GET, target, hide=hidden)
    if rule != policies.GET:
        req.authorize(rule, target)
    return volume


def upgraded(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the body with today's names, and names stripped."""
    spec = dict(spec)
    for old, new in (("display_name", "name"),
                     ("display_description", "description")):
        if old in spec:
            spec.setdefault(new, spec.pop(old))
    for name in ("name", "description"):
        if isinstance(spec.get(name), str):
            spec[name] = spec[name].strip()
    return spec


def _refuse_sources(spec: dict[str, Any]) -> None:
    if spec.get("snapshot_id") and (
            spec.get("imageRef") or spec.get("image_id")):
        raise exceptions.InvalidInput(
            field="snapshot_id", reason="and imageRef exclude each other")
    for name in _SOURCES:
        if spec.get(name):
            raise exceptions.InvalidInput(
                field=name, reason="copies of volumes or backups, and "
                "groups, are not supported; leave it out")
    if schema.is_true(spec.get("multiattach")):
        raise exceptions.InvalidInput(
            field="multiattach", reason="must be false")


def _size(spec: dict[str, Any], snapshot: Snapshot | None) -> int:
    least = snapshot.size_gib if snapshot else 0
    size_gib = int(spec.get("size") or least)
    if size_gib < least:
        raise exceptions.InvalidInput(
            field="size", reason=f"must be at least the {least} GiB of "
            "the snapshot")
    if not 1 <= size_gib <= 65536:
        raise exceptions.InvalidInput(
            field="size", reason="must be a number of GiB from 1 to 65536")
    return size_gib


def refuse_attached(volume: Volume) -> None:
    """Raise InvalidVolume while a server has the volume."""
    if volume.attachments:
        raise exceptions.InvalidVolume(
            reason=f"volume {volume.id} is {volume.status}, and attached or"
                   " reserved; detach it first")


def refuse_copied(session: orm.Session, volume_id: str) -> None:
    """Raise InvalidVolume while the volume has snapshots.

    Whoever makes one changes the volume's row first, as our caller did.
    """
    if snapshots.exist(session, volume_id):
        raise exceptions.InvalidVolume(
            reason=f"volume {volume_id} has snapshots; delete them first")


def begin_force_delete(session: orm.Session, volume: Volume) -> None:
    """Move the volume to ``deleting`` from any status without a client."""
    if any(each.connection_info for each in volume.attachments):
        refuse_attached(volume)
    volumes.update(session, volume.id, status="deleting", reason=None)
    refuse_copied(session, volume.id)


def filters(req: wsgi.Request) -> volumes.Filters:
    """Return what the query string asks for.

    Unknown names are ignored until 3.30, and refused from then on.
    """
    asked = {name: value for name, value in req.params_checked.items()
             if name not in _PAGING and isinstance(value, str)}
    if req.GET.get("offset", "0") not in ("", "0"):
        raise exceptions.InvalidInput(
            field="offset", reason="is not served; use marker")
    unknown = asked.keys() - _FILTERS.keys() - _OTHER_FILTERS
    if unknown and req.api_version >= (3, 31):
        raise exceptions.InvalidInput(
            field=sorted(unknown)[0], reason="no filter; allowed are "
            + ", ".join(sorted(_FILTERS.keys() | _OTHER_FILTERS)))
    wanted = volumes.Filters(project_id=_project(req, asked))
    for name, column in _FILTERS.items():
        if name in asked:
            wanted.equal[column] = asked[name]
    if "volume_type_id" in asked:
        wanted.equal["volume_type_id"] = asked["volume_type_id"]
    if "bootable" in asked:
        wanted.equal["bootable"] = _boolean(asked["bootable"])
    if req.api_version >= (3, 34):
        wanted.name_like = asked.get("name~")
    if "metadata" in asked:
        wanted.metadata = _mapping(asked["metadata"])
    if req.api_version >= (3, 60):
        for name in ("created_at", "updated_at"):
            wanted.times += _times(name, asked.get(name, ""))
    return wanted


def _project(req: wsgi.Request, asked: dict[str, str]) -> str | None:
    """Return the project to list; None for all."""
    everything = schema.is_true(req.GET.get("all_tenants"))
    if everything and req.allowed(policies.GET_ALL_TENANTS):
        return asked.get("project_id")
    # None is no project's: a token without one sees nothing.
    return req.ctx.project_id or ""


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "t", "1", "false", "f", "0"):
        raise exceptions.InvalidInput(
            field="bootable", reason="must be true or false")
    return schema.is_true(text)


def _mapping(text: str) -> dict[str, str]:
    """Read a mapping that clients send as Python shows it."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(found) > 16 or not all(
            isinstance(part, str) for pair in found.items()
            for part in pair):
        raise exceptions.InvalidInput(
            field="metadata", reason="must be like {'key': 'value'}")
    return found


def _times(name: str, text: str
           ) -> list[tuple[str, str, datetime.datetime]]:
    found = []
    for part in text.split(",") if text else []:
        operator, colon, when = part.partition(":")
        if operator not in volumes.OPERATORS or not colon:
            operator, when = "eq", part
        try:
            read = datetime.datetime.fromisoformat(when)
        except ValueError:
            raise exceptions.InvalidInput(
                field=name, reason="must be OPERATOR:TIME with one of "
                f"{', '.join(sorted(volumes.OPERATORS))} and an ISO 8601 "
                "time") from None
        found.append((name, operator, read if read.tzinfo else
                      read.replace(tzinfo=datetime.UTC)))
    return found
