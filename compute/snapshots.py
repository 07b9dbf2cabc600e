"""Images of servers: their records at the image store."""

import contextlib
import json
from typing import Any

from common import exceptions
from common.context import RequestContext
from compute.db.cell.models import Server, Volume
from compute.db.cell.volumes import ROOT
from compute.networking import translated

#: Of an image, what is not true of one that is made from its servers.
_NOT_INHERITED = frozenset((
    "cache_in_nova", "bittorrent", "img_signature",
    "img_signature_hash_method", "img_signature_key_type",
    "img_signature_certificate_uuid", "cinder_encryption_key_id",
    "cinder_encryption_key_deletion_policy", "block_device_mapping",
    "bdm_v2", "root_device_name"))
_RESERVED = ("os_glance_", "os_hash_", "owner_specified.")


class Images:
    """Calls to the image store.

    :param rest: a keystoneauth1 adapter, the service's or a user's
    """

    def __init__(self, rest: Any) -> None:
        self._rest = rest

    def url(self, image_id: str) -> str:
        """Return where users find the image.

        :raises ServiceUnavailable: the catalog cannot be read
        """
        with translated():
            found = self._rest.get_endpoint(interface="public")
        return f"{str(found).rstrip('/').removesuffix('/v2')}" + (
            f"/v2/images/{image_id}")

    def create(self, record: dict[str, Any]) -> None:
        with translated():
            self._rest.post("/v2/images", json=record)

    def fill_with_nothing(self, image_id: str) -> None:
        """Make an image active that has no data, only properties."""
        with translated():
            self._rest.put(
                f"/v2/images/{image_id}/file", data=b"",
                headers={"Content-Type": "application/octet-stream"})

    def status(self, image_id: str) -> str | None:
        """Return the status of the image, None where there is none."""
        try:
            with translated():
                answer = self._rest.get(f"/v2/images/{image_id}")
        except exceptions.NotFound:
            return None
        return str(answer.json()["status"])

    def delete(self, image_id: str) -> None:
        """Delete it; fine where there is none."""
        with contextlib.suppress(exceptions.NotFound), translated():
            self._rest.delete(f"/v2/images/{image_id}")


def record(server: Server, image_id: str, name: str, ctx: RequestContext,
           metadata: dict[str, str]) -> dict[str, Any]:
    """Return the record of an image of the server's root disk.

    It inherits what the server's own image said of itself.

    :param metadata: what the user wants it to say beside
    """
    image, flavor = server.image or {}, server.flavor
    own = inherited(image) | {
        "image_type": "snapshot", "instance_uuid": server.id,
        "user_id": str(ctx.user_id), "owner_id": server.project_id,
        "base_image_ref": server.image_id or "",
        "image_location": "snapshot", "image_state": "available",
    } | _names(ctx) | metadata
    return _properties(own) | {
        "id": image_id, "name": name, "visibility": "private",
        "disk_format": "qcow2", "container_format": "bare",
        "min_disk": max(image.get("min_disk_gib", 0), flavor["disk_gib"]),
        "min_ram": image.get("min_ram_mib", 0)}


def record_of_volumes(found: dict[str, Any],
                      taken: list[tuple[Volume, dict[str, Any]]]
                      ) -> dict[str, Any]:
    """Return the record of an image of snapshots, from one of a disk.

    :param taken: each volume of the server with its snapshot's view
    """
    return found | {
        # No bytes are no qcow2.
        "disk_format": "raw", "min_disk": 0, "bdm_v2": "True",
        "root_device_name": ROOT,
        "block_device_mapping": json.dumps(
            [_mapping(row, view) for row, view in taken])}


def _mapping(row: Volume, snapshot: dict[str, Any]) -> dict[str, Any]:
    root = row.device == ROOT
    return {
        "source_type": "snapshot", "destination_type": "volume",
        "snapshot_id": snapshot["id"], "volume_size": snapshot["size"],
        "boot_index": 0 if root else None, "device_name": row.device,
        "delete_on_termination": row.delete_on_termination,
        "device_type": "disk", "disk_bus": "virtio", "tag": row.tag,
        "guest_format": None, "no_device": None, "image_id": None,
        "volume_id": None, "volume_type": None}


def inherited(image: dict[str, Any]) -> dict[str, str]:
    """Return the properties that images of a server have from its image."""
    return {key: value for key, value
            in image.get("properties", {}).items()
            if isinstance(value, str) and key not in _NOT_INHERITED
            and not key.startswith(_RESERVED)}


def _names(ctx: RequestContext) -> dict[str, str]:
    return {"owner_user_name": ctx.user_name or "",
            "owner_project_name": ctx.project_name or ""}


#: Members of a record that no property may pass for.
_MEMBERS = frozenset((
    "id", "name", "visibility", "disk_format", "container_format",
    "min_disk", "min_ram", "status", "owner", "size", "virtual_size",
    "checksum", "created_at", "updated_at", "tags", "protected",
    "locations", "self", "file", "schema", "direct_url", "os_hidden",
    "os_hash_algo", "os_hash_value", "stores"))


def _properties(found: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in found.items()
            if key not in _MEMBERS}
