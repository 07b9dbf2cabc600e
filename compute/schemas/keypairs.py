"""What requests about keypairs look like."""

import functools
from typing import Any

from common.schema import Schema, closed, wrapped

_USER: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_OLD_NAME = r"^(?!\s)[a-zA-Z0-9_\- ]+(?<!\s)$"
_NEW_NAME = r"^(?!\s)[a-zA-Z0-9_\- @.]+(?<!\s)$"


@functools.cache
def create(minor: int) -> Schema:
    members: dict[str, Any] = {
        "name": {"type": "string", "minLength": 1, "maxLength": 255,
                 "pattern": _NEW_NAME if minor >= 92 else _OLD_NAME},
        "public_key": {"type": "string", "minLength": 1,
                       "maxLength": 16384}}
    if minor >= 2:
        members["type"] = {"enum": ["ssh", "x509"]}
    if minor >= 10:
        members["user_id"] = _USER
    required = ("name", "public_key") if minor >= 92 else ("name",)
    return wrapped("keypair", closed(members, required))


QUERY: Schema = {"type": "object", "properties": {
    "user_id": _USER, "limit": {
        "type": "string", "pattern": "^[0-9]{1,9}$"},
    "marker": {"type": "string", "maxLength": 255},
}, "additionalProperties": True}
