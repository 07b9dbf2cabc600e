"""Rows as the API shows them."""

import datetime
import operator
from collections.abc import Mapping, Sequence
from typing import Any

from imagestore.db import images
from imagestore.db.models import Image, Member

_values = operator.attrgetter(*images.LISTED)


def time(value: datetime.datetime | str) -> str:
    """Return a time to the second, in UTC; of text, the rest is cut off."""
    text = str(value)
    return f"{text[:10]}T{text[11:19]}Z"


def image(row: Image) -> dict[str, Any]:
    """Return an image: its own members, beside custom properties."""
    return listed(
        _values(row), {each.name: each.value for each in row.properties},
        [tag.value for tag in row.tags])


def listed(values: Sequence[Any], properties: Mapping[str, str],
           tags: list[str]) -> dict[str, Any]:
    """Return the image of ``values``, those that ``images.LISTED`` names."""
    (image_id, name, status, visibility, protected, hidden, project_id,
     container_format, disk_format, min_disk_gib, min_ram_mib, size,
     virtual_size, checksum, hash_algo, hash_value, created_at,
     updated_at, stores, importing_to, failed_to) = values
    path = "/v2/images/" + image_id
    shown = {
        **properties,
        "id": image_id, "name": name, "status": status,
        "visibility": visibility, "protected": protected,
        "os_hidden": hidden, "owner": project_id,
        "container_format": container_format, "disk_format": disk_format,
        "min_disk": min_disk_gib, "min_ram": min_ram_mib, "size": size,
        "virtual_size": virtual_size, "checksum": checksum,
        "os_hash_algo": hash_algo, "os_hash_value": hash_value,
        "tags": tags, "created_at": time(created_at),
        "updated_at": time(updated_at), "self": path,
        "file": path + "/file", "schema": "/v2/schemas/image",
    }
    if stores is not None:
        shown["stores"] = stores
    if importing_to is not None:
        shown["os_glance_importing_to_stores"] = importing_to
        shown["os_glance_failed_import"] = failed_to or ""
    return shown


def member(row: Member) -> dict[str, Any]:
    """Return how an image is shared with a project."""
    return {
        "image_id": row.image_id, "member_id": row.member_id,
        "status": row.status, "created_at": time(row.created_at),
        "updated_at": time(row.updated_at), "schema": "/v2/schemas/member",
    }
