"""The schemas that clients read, made from those that are enforced."""

from typing import Any

from imagestore.schemas import images, metadefs

Document = dict[str, Any]

_LINK: Document = {"type": "string", "readOnly": True}
_TIME: Document = {"type": "string", "format": "date-time", "readOnly": True}
_SHOWN_TEXT: Document = {"type": ["null", "string"], "readOnly": True}
_SHOWN_NUMBER: Document = {"type": ["null", "integer"], "readOnly": True}
_TIMES = {"created_at": _TIME, "updated_at": _TIME}
#: Custom properties that clients know by name; they offer options for them.
_WELL_KNOWN = ["architecture", "instance_uuid", "os_distro", "os_version"]

_SELF = {"rel": "self", "href": "{self}"}
_DESCRIBED = {"rel": "describedby", "href": "{schema}"}
_PAGES = [{"rel": "first", "href": "{first}"},
          {"rel": "next", "href": "{next}"}, _DESCRIBED]

_IMAGE: Document = {
    "name": "image",
    "properties": images.WRITABLE | _TIMES | {
        "id": images.CREATE["properties"]["id"],
        "status": {"enum": images.STATUSES, "readOnly": True},
        "size": _SHOWN_NUMBER, "virtual_size": _SHOWN_NUMBER,
        "checksum": _SHOWN_TEXT | {"maxLength": 32},
        "os_hash_algo": _SHOWN_TEXT | {"maxLength": 64},
        "os_hash_value": _SHOWN_TEXT | {"maxLength": 128},
        "stores": _LINK, "direct_url": _LINK,
        "locations": {"type": "array", "readOnly": True, "items": {
            "type": "object", "required": ["url", "metadata"],
            "properties": {"url": {"type": "string", "maxLength": 2048},
                           "metadata": {"type": "object"}}}},
        "self": _LINK, "file": _LINK, "schema": _LINK,
    } | {name: images.PROPERTY | {"is_base": False}
         for name in _WELL_KNOWN},
    "additionalProperties": images.PROPERTY,
    "links": [_SELF, {"rel": "enclosure", "href": "{file}"}, _DESCRIBED],
}

_MEMBER: Document = {
    "name": "member",
    "properties": _TIMES | {
        "image_id": {"type": "string"}, "member_id": {"type": "string"},
        "status": images.SET_MEMBER["properties"]["status"],
        "schema": _LINK},
}

_TASK: Document = {
    "name": "task",
    "properties": _TIMES | {
        "id": {"type": "string"}, "type": {"type": "string"},
        "status": {"enum": ["pending", "processing", "success", "failure"]},
        "input": {"type": ["null", "object"]},
        "result": {"type": ["null", "object"]},
        "owner": {"type": "string"}, "message": {"type": "string"},
        "image_id": _SHOWN_TEXT, "request_id": _SHOWN_TEXT,
        "user_id": _SHOWN_TEXT,
        "expires_at": {"type": ["null", "string"], "format": "date-time",
                       "readOnly": True},
        "self": _LINK, "schema": _LINK},
    "additionalProperties": False,
}


def _many(name: str, item: Document, member: str | None = None) -> Document:
    return {
        "name": name,
        "properties": {
            member or name: {"type": "array", "items": item},
            "schema": {"type": "string"}, "first": {"type": "string"},
            "next": {"type": "string"}},
        "links": _PAGES,
    }


def _one(name: str, enforced: Document) -> Document:
    return {"name": name, "links": [_SELF, _DESCRIBED]} | {
        key: enforced[key] for key in
        ("properties", "required", "additionalProperties")}


_NAMESPACE = _one("namespace", metadefs.NAMESPACE)
_OBJECT = _one("object", metadefs.OBJECT)
_PROPERTY = _one("property", metadefs.PROPERTY)
_TAG = _one("tag", metadefs.TAG)
_TYPE = _one("resource_type_association", metadefs.ASSOCIATION)

#: Each document by its path below /v2/schemas.
DOCUMENTS: dict[str, Document] = {
    "image": _IMAGE, "images": _many("images", _IMAGE),
    "member": _MEMBER, "members": _many("members", _MEMBER),
    "task": _TASK, "tasks": _many("tasks", _TASK),
    "metadefs/namespace": _NAMESPACE,
    "metadefs/namespaces": _many("namespaces", _NAMESPACE),
    "metadefs/object": _OBJECT,
    "metadefs/objects": _many("objects", _OBJECT),
    "metadefs/property": _PROPERTY,
    "metadefs/properties": {
        "name": "properties", "links": _PAGES,
        "properties": {"properties": {
            "type": "object", "additionalProperties": _PROPERTY}}},
    "metadefs/tag": _TAG, "metadefs/tags": _many("tags", _TAG),
    "metadefs/resource_type": _TYPE,
    "metadefs/resource_types": _many(
        "resource_type_associations", _TYPE),
}
