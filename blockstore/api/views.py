"""How rows look to clients."""

import datetime
from typing import Any

from blockstore.db.models import Attachment, Snapshot, Volume, VolumeType
from blockstore.policies import attachments as attachment_policies
from blockstore.policies import snapshots as snapshot_policies
from blockstore.policies import volumes as policies
from common import wsgi


def when(value: datetime.datetime | None) -> str | None:
    """Return a time as Cinder shows it: UTC, microseconds, no zone."""
    if value is None:
        return None
    return value.replace(tzinfo=None).isoformat(timespec="microseconds")


def base_path(req: wsgi.Request) -> str:
    """Return the path that the request's links start with."""
    project_id = req.environ.get("blockstore.project_id")
    return f"/v3/{project_id}" if project_id else "/v3"


def links(req: wsgi.Request, kind: str, ident: str) -> list[dict[str, str]]:
    """Return the links of one resource."""
    path = f"{base_path(req)}/{kind}/{ident}"
    bookmark = path.replace("/v3", "", 1)
    return [{"rel": "self", "href": req.public_url(path)},
            {"rel": "bookmark", "href": req.public_url(bookmark)}]


def volume_summary(req: wsgi.Request, volume: Volume) -> dict[str, Any]:
    """Return the few members that plain lists have."""
    return {"id": volume.id, "name": volume.name,
            "links": links(req, "volumes", volume.id)}


def new_volume(req: wsgi.Request, volume: Volume) -> dict[str, Any]:
    """Return what the creator is shown."""
    shown = {
        "id": volume.id, "status": volume.status, "size": volume.size_gib,
        "availability_zone": volume.zone,
        "created_at": when(volume.created_at),
        "updated_at": when(volume.updated_at),
        "name": volume.name, "description": volume.description,
        "volume_type": volume.volume_type.name,
        "snapshot_id": volume.snapshot_id, "source_volid": None,
        "metadata": metadata(volume),
        "links": links(req, "volumes", volume.id),
        "user_id": volume.user_id,
        "bootable": str(volume.bootable).lower(),
        "encrypted": False, "replication_status": None,
        "consistencygroup_id": None, "multiattach": False,
        "attachments": _attached(req, volume),
    }
    return shown | _of_version(req, volume)


def _of_version(req: wsgi.Request, volume: Volume) -> dict[str, Any]:
    """Return what later microversions added."""
    version = req.api_version
    admin = req.allowed(policies.SHOW_HOST, _target(volume))
    added: list[tuple[int, bool, dict[str, Any]]] = [
        (0, admin, {"migration_status": None}),
        (13, True, {"group_id": None}),
        (21, admin, {"provider_id": None}),
        (48, True, {"service_uuid": None, "shared_targets": False}),
        (61, admin, {"cluster_name": None}),
        (63, True, {"volume_type_id": volume.volume_type_id}),
        (65, True, {"consumes_quota": True}),
    ]
    return {name: value for minor, shown, members in added
            if shown and version >= (3, minor)
            for name, value in members.items()}


def volume(req: wsgi.Request, volume: Volume) -> dict[str, Any]:
    """Return a volume in full, as far as the sender may see it."""
    shown = new_volume(req, volume)
    target = _target(volume)
    if volume.image_metadata and req.allowed(
            policies.SHOW_IMAGE_METADATA, target):
        shown["volume_image_metadata"] = volume.image_metadata
    if req.allowed(policies.SHOW_HOST, target):
        shown["os-vol-host-attr:host"] = pool_name(volume.host)
    if req.allowed(policies.SHOW_MIGRATION, target):
        shown["os-vol-mig-status-attr:migstat"] = None
        shown["os-vol-mig-status-attr:name_id"] = None
    if req.allowed(policies.SHOW_TENANT, target):
        shown["os-vol-tenant-attr:tenant_id"] = volume.project_id
    return shown


def _target(volume: Volume) -> dict[str, Any]:
    return {"project_id": volume.project_id}


def pool_name(backend: str | None) -> str | None:
    """Return HOST@BACKEND#POOL, where the pool is the whole backend."""
    if backend is None:
        return None
    return f"{backend}#{backend.partition('@')[2]}"


def metadata(volume: Volume) -> dict[str, str]:
    """Return a volume's metadata, with the mark that Cinder puts there."""
    shown = {item.key: item.value for item in volume.metadata_items}
    return shown | {"readonly": "True"} if volume.readonly else shown


def _attached(req: wsgi.Request, volume: Volume) -> list[dict[str, Any]]:
    admin = req.allowed(policies.SHOW_HOST, _target(volume))
    return [{
        "id": volume.id, "attachment_id": each.id, "volume_id": volume.id,
        "server_id": each.instance_id,
        "host_name": (each.connector or {}).get("host") if admin else None,
        "device": (each.connector or {}).get("mountpoint"),
        "attached_at": when(each.attached_at),
    } for each in volume.attachments if each.attached_at is not None]


def attachment_summary(attachment: Attachment) -> dict[str, Any]:
    """Return the few members that plain lists have."""
    return {"id": attachment.id, "status": attachment.status,
            "instance": attachment.instance_id,
            "volume_id": attachment.volume_id}


def attachment(req: wsgi.Request, attachment: Attachment) -> dict[str, Any]:
    """Return an attachment in full; only services see the address."""
    service = req.allowed(attachment_policies.AS_SERVICE)
    return attachment_summary(attachment) | {
        "attached_at": when(attachment.attached_at) or "",
        "detached_at": "",
        "attach_mode": attachment.mode,
        "connection_info": (attachment.connection_info or {}) if service
        else {},
    }


def snapshot_summary(req: wsgi.Request,
                     snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as plain lists, and its creator, see it."""
    shown = {
        "id": snapshot.id, "created_at": when(snapshot.created_at),
        "updated_at": when(snapshot.updated_at), "name": snapshot.name,
        "description": snapshot.description,
        "volume_id": snapshot.volume_id, "status": snapshot.status,
        "size": snapshot.size_gib, "metadata": snapshot.meta,
    }
    added: list[tuple[int, dict[str, Any]]] = [
        (14, {"group_snapshot_id": None}),
        (41, {"user_id": snapshot.user_id}),
        (65, {"consumes_quota": True})]
    for minor, members in added:
        if req.api_version >= (3, minor):
            shown |= members
    return shown


def snapshot(req: wsgi.Request, snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot in full, as far as the sender may see it."""
    shown = snapshot_summary(req, snapshot)
    if req.allowed(snapshot_policies.SHOW_EXTENDED,
                   {"project_id": snapshot.project_id}):
        done = snapshot.status == "available"
        shown["os-extended-snapshot-attributes:progress"] = (
            "100%" if done else "0%")
        shown["os-extended-snapshot-attributes:project_id"] = (
            snapshot.project_id)
    return shown


def volume_type(kind: VolumeType) -> dict[str, Any]:
    """Return a volume type."""
    return {"id": kind.id, "name": kind.name, "is_public": kind.is_public,
            "description": kind.description, "extra_specs": {},
            "qos_specs_id": None,
            "os-volume-type-access:is_public": kind.is_public}
