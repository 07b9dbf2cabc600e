"""Bodies and query strings of the images resource.

They are open: what else is there is a custom property (of an image) or a
filter on one (of a list).
"""

from typing import Any

from common import paging, schema

CONTAINER_FORMATS = ["ami", "ari", "aki", "bare", "ovf", "ova", "docker",
                     "compressed"]
DISK_FORMATS = ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2",
                "vdi", "ploop", "iso", "gpt"]
VISIBILITIES = ["public", "private", "shared", "community"]
STATUSES = ["queued", "saving", "active", "killed", "deleted", "uploading",
            "importing", "pending_delete", "deactivated"]

_COUNT = {"type": "integer", "minimum": 0, "maximum": 2147483647}
TAG: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 255}
TAGS: dict[str, Any] = {"type": "array", "items": TAG}
PROPERTY: dict[str, Any] = {"type": "string", "maxLength": 65535}

#: What a user may say of an image.
WRITABLE: dict[str, Any] = {
    "name": {"type": ["string", "null"], "maxLength": 255},
    "visibility": {"enum": VISIBILITIES},
    "protected": {"type": "boolean"},
    "os_hidden": {"type": "boolean"},
    "container_format": {"enum": [None, *CONTAINER_FORMATS]},
    "disk_format": {"enum": [None, *DISK_FORMATS]},
    "min_disk": _COUNT,
    "min_ram": _COUNT,
    "owner": {"type": "string", "minLength": 1, "maxLength": 255},
    "tags": TAGS,
}
#: Members of an image that only the service writes.
READ_ONLY = ["id", "status", "size", "virtual_size", "checksum",
             "os_hash_algo", "os_hash_value", "created_at", "updated_at",
             "self", "file", "schema", "direct_url", "locations", "stores"]
#: Names that are in no image, since other services give them a meaning.
RESERVED = ["deleted", "deleted_at", "is_public", "location", "members",
            "data_id"]
RESERVED_PREFIX = "os_glance_"

CREATE: dict[str, Any] = {
    "type": "object",
    "properties": WRITABLE | {"id": {
        "type": "string", "pattern":
        "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}},
    "propertyNames": {"minLength": 1, "maxLength": 255},
}

#: What both media types have in common.
PATCH: dict[str, Any] = {
    "type": "array", "maxItems": 1024, "items": {"type": "object"}}
OPERATIONS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "op": {"enum": ["add", "replace", "remove"]},
            "path": {"type": "string", "pattern": "^/", "maxLength": 512},
            "value": {},
        },
        "required": ["op", "path"],
    },
}

_DIGEST: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{32,128}$"}
#: Of the older way to say where data are.
LOCATIONS: dict[str, Any] = {"type": "array", "maxItems": 64, "items": {
    "type": "object",
    "properties": {
        "url": {"type": "string", "minLength": 1, "maxLength": 2048},
        "metadata": {"type": "object", "maxProperties": 64},
        "validation_data": {
            "type": "object",
            "properties": {
                "checksum": _DIGEST, "os_hash_value": _DIGEST,
                "os_hash_algo": {"type": "string", "maxLength": 64}},
            "additionalProperties": False},
    },
    "required": ["url", "metadata"],
    "additionalProperties": False,
}}

_SORT = {"type": "array", "items": {"type": "string"}, "maxItems": 16}
_DATE = {"type": "string", "maxLength": 64}
LIST: dict[str, Any] = {
    "type": "object",
    "properties": paging.QUERY | {
        "limit": {"type": "string", "pattern": "^[0-9]{1,9}$"},
        "sort_key": _SORT,
        "tag": {"type": "array", "items": TAG},
        "visibility": {"enum": [*VISIBILITIES, "all"]},
        "member_status": {"enum": ["pending", "accepted", "rejected",
                                   "all"]},
        "os_hidden": schema.BOOL_STRING,
        "protected": schema.BOOL_STRING,
        "size_min": schema.INT_STRING,
        "size_max": schema.INT_STRING,
        "min_disk": schema.INT_STRING,
        "min_ram": schema.INT_STRING,
        "size": schema.INT_STRING,
        "virtual_size": schema.INT_STRING,
        "created_at": _DATE,
        "updated_at": _DATE,
    },
    "additionalProperties": {"type": "string", "maxLength": 65535},
}

ADD_MEMBER: dict[str, Any] = {
    "type": "object",
    "properties": {"member": {
        "type": "string", "minLength": 1, "maxLength": 255}},
    "required": ["member"],
    "additionalProperties": False,
}
SET_MEMBER: dict[str, Any] = {
    "type": "object",
    "properties": {"status": {"enum": ["pending", "accepted", "rejected"]}},
    "required": ["status"],
    "additionalProperties": False,
}
