"""Bodies of imports, tasks and locations."""

from typing import Any

_URL: dict[str, Any] = {
    "type": "string", "minLength": 1, "maxLength": 2048}
_NAME: dict[str, Any] = {
    "type": "string", "minLength": 1, "maxLength": 255}
_STORE: dict[str, Any] = {
    "type": "string", "minLength": 1, "maxLength": 64}

#: Members of a method that its name does not need are let pass, as the
#: clients send them.
IMPORT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "method": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "maxLength": 64},
                "uri": _URL,
                "glance_image_id": _NAME, "glance_region": _NAME,
                "glance_service_interface": _NAME,
            },
            "required": ["name"],
        },
        "stores": {"type": "array", "items": _STORE, "minItems": 1,
                   "maxItems": 64},
        "all_stores": {"type": "boolean"},
        "all_stores_must_succeed": {"type": "boolean"},
    },
    "required": ["method"],
    "additionalProperties": False,
}

TASK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"enum": ["import"]},
        "input": {
            "type": "object",
            "properties": {
                "import_from": _URL,
                "import_from_format": {"type": "string", "maxLength": 20},
                "image_properties": {"type": "object"},
            },
            "required": ["import_from", "import_from_format",
                         "image_properties"],
            "additionalProperties": False,
        },
    },
    "required": ["type", "input"],
    "additionalProperties": False,
}

_CHECKED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "checksum": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "os_hash_algo": {"enum": ["sha256", "sha384", "sha512"]},
        "os_hash_value": {"type": "string", "pattern": "^[0-9a-f]{64,128}$"},
    },
    "additionalProperties": False,
}
LOCATION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "url": _URL,
        "validation_data": _CHECKED | {"type": ["object", "null"]},
    },
    "required": ["url"],
    "additionalProperties": False,
}
