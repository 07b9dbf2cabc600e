"""Bodies and query strings of metadata definitions."""

from typing import Any

from common import paging, schema

NAME_LENGTH = 80
VISIBILITIES = ["public", "private"]

#: It is a part of paths, so no slash.
NAME: dict[str, Any] = {"type": "string", "minLength": 1,
                        "maxLength": NAME_LENGTH, "pattern": "^[^/]+$"}
_TEXT: dict[str, Any] = {"type": "string", "maxLength": 65535}
_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_KINDS = ["array", "boolean", "integer", "number", "string", None]

#: What may be said of a property, after JSON Schema.
DEFINITION: dict[str, Any] = {
    "title": _TEXT, "description": _TEXT, "operators": _TEXTS,
    "type": {"enum": _KINDS}, "required": _TEXTS,
    "minimum": {"type": "number"}, "maximum": {"type": "number"},
    "minLength": _COUNT, "maxLength": _COUNT,
    "pattern": {"type": "string", "maxLength": 65535},
    "enum": {"type": "array"}, "readonly": {"type": "boolean"},
    "default": {},
    "items": schema.closed({
        "type": {"enum": _KINDS}, "enum": {"type": "array"}}),
    "uniqueItems": {"type": "boolean"}, "minItems": _COUNT,
    "maxItems": _COUNT, "additionalItems": {"type": "boolean"},
}
DEFINITIONS: dict[str, Any] = {
    "type": "object", "propertyNames": NAME,
    "additionalProperties": schema.closed(
        DEFINITION, required=("title", "type")),
}

#: Members that only the service writes; clients send back what they got.
READ_ONLY: dict[str, Any] = {
    "self": {"type": "string", "readOnly": True},
    "schema": {"type": "string", "readOnly": True},
    "created_at": {"type": "string", "readOnly": True,
                   "format": "date-time"},
    "updated_at": {"type": "string", "readOnly": True,
                   "format": "date-time"},
}
_TIMES = {name: READ_ONLY[name] for name in ("created_at", "updated_at")}

PROPERTY = schema.closed(
    {"name": NAME} | DEFINITION | READ_ONLY,
    required=("name", "title", "type"))

OBJECT = schema.closed({
    "name": NAME, "description": _TEXT, "required": _TEXTS,
    "properties": DEFINITIONS} | READ_ONLY, required=("name",))

TAG = schema.closed({"name": NAME} | READ_ONLY, required=("name",))
TAGS = schema.closed({"tags": {
    "type": "array", "items": TAG, "maxItems": 1000}}, required=("tags",))

ASSOCIATION = schema.closed({
    "name": NAME,
    "prefix": {"type": ["string", "null"], "maxLength": NAME_LENGTH},
    "properties_target": {
        "type": ["string", "null"], "maxLength": NAME_LENGTH},
} | _TIMES, required=("name",))

_OF_NAMESPACE: dict[str, Any] = {
    "namespace": NAME,
    "display_name": {"type": ["string", "null"], "maxLength": NAME_LENGTH},
    "description": {"type": ["string", "null"], "maxLength": 500},
    "visibility": {"enum": VISIBILITIES},
    "protected": {"type": "boolean"},
    "owner": {"type": ["string", "null"], "maxLength": 255},
} | READ_ONLY
NAMESPACE = schema.closed(_OF_NAMESPACE | {
    "resource_type_associations": {
        "type": "array", "items": ASSOCIATION, "maxItems": 1000},
    "properties": DEFINITIONS,
    "objects": {"type": "array", "items": OBJECT, "maxItems": 1000},
    "tags": {"type": "array", "items": TAG, "maxItems": 1000},
}, required=("namespace",))

LIST_NAMESPACES = schema.closed(paging.QUERY | {
    "visibility": {"enum": VISIBILITIES},
    "resource_types": {"type": "string", "maxLength": 4096},
})
LIST_ITEMS = schema.closed(paging.QUERY)
SHOW = schema.closed({
    "resource_type": {"type": "string", "maxLength": NAME_LENGTH}})
