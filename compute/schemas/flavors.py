"""What requests about flavors look like."""

import functools
from typing import Any

from common.schema import LOOSE_BOOLEAN, Schema, closed, wrapped

_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255,
                 "pattern": r"^(?!\s)[^\x00-\x1f\x7f]+(?<!\s)$"}
_ID: Schema = {
    "anyOf": [{"type": "null"}, {"type": "integer", "minimum": 0},
              {"type": "string", "minLength": 1, "maxLength": 255,
               "pattern": r"^(?! )[a-zA-Z0-9. _-]+(?<! )$"}]}


def _number(least: int) -> Schema:
    pattern = "^[0-9]{1,10}$" if not least else "^[1-9][0-9]{0,9}$"
    return {"type": ["integer", "string"], "pattern": pattern,
            "minimum": least, "maximum": 2147483647}


_DESCRIPTION: Schema = {
    "type": ["string", "null"], "maxLength": 65535,
    "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"}


@functools.cache
def create(minor: int) -> Schema:
    members: dict[str, Any] = {
        "name": _NAME, "id": _ID, "ram": _number(1), "vcpus": _number(1),
        "disk": _number(0), "OS-FLV-EXT-DATA:ephemeral": _number(0),
        "swap": _number(0), "os-flavor-access:is_public": LOOSE_BOOLEAN,
        "rxtx_factor": {"type": ["number", "string"],
                        "pattern": r"^[0-9]+(\.[0-9]+)?$",
                        "minimum": 0}}
    if minor >= 55:
        members["description"] = _DESCRIPTION
    return wrapped("flavor", closed(
        members, ("name", "ram", "vcpus", "disk")))


UPDATE = wrapped("flavor", closed(
    {"description": _DESCRIPTION}, ("description",)))

_SPECS: Schema = {
    "type": "object", "maxProperties": 128,
    "propertyNames": {"minLength": 1, "maxLength": 255,
                      "pattern": r"^[a-zA-Z0-9\-_:. ]{1,255}$"},
    "additionalProperties": {"type": ["string", "number"],
                             "maxLength": 255}}
SPECS = wrapped("extra_specs", _SPECS)
SPEC = _SPECS | {"minProperties": 1, "maxProperties": 1}

QUERY: Schema = {"type": "object", "properties": {
    "is_public": {"type": "string", "maxLength": 16},
    "minRam": {"type": "string", "maxLength": 16},
    "minDisk": {"type": "string", "maxLength": 16},
    "sort_key": {"type": "array"}, "sort_dir": {"type": "array"},
}, "additionalProperties": True}
