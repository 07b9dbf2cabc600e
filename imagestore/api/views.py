"""Rows as the API shows them."""

import datetime
from typing import Any

from imagestore.db.models import Image, Member


def time(value: datetime.datetime) -> str:
    """Return a time to the second, in UTC."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def image(row: Image) -> dict[str, Any]:
    """Return an image: its own members, beside custom properties."""
    path = f"/v2/images/{row.id}"
    own = {
        "id": row.id, "name": row.name, "status": row.status,
        "visibility": row.visibility, "protected": row.protected,
        "os_hidden": row.hidden, "owner": row.project_id,
        "container_format": row.container_format,
        "disk_format": row.disk_format, "min_disk": row.min_disk_gib,
        "min_ram": row.min_ram_mib, "size": row.size,
        "virtual_size": row.virtual_size, "checksum": row.checksum,
        "os_hash_algo": row.hash_algo, "os_hash_value": row.hash_value,
        "tags": [tag.value for tag in row.tags],
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "self": path, "file": f"{path}/file", "schema": "/v2/schemas/image",
    }
    return {each.name: each.value for each in row.properties} | own


def member(row: Member) -> dict[str, Any]:
    """Return how an image is shared with a project."""
    return {
        "image_id": row.image_id, "member_id": row.member_id,
        "status": row.status, "created_at": time(row.created_at),
        "updated_at": time(row.updated_at), "schema": "/v2/schemas/member",
    }
