"""Images of servers: their records at the image store."""

import contextlib
from typing import Any

from common import exceptions
from common.context import RequestContext
from compute.db.cell.models import Server
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
