"""Bodies of /projects and /domains.

They are open: clients store members of their own in them.
"""

from typing import Any

from common.schema import BOOLEAN, Schema, wrapped

ID: Schema = {"type": "string", "minLength": 1, "maxLength": 64}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 64,
                "pattern": r"\S"}
TEXT: Schema = {"type": ["string", "null"], "maxLength": 4096}
TAG: Schema = {"type": "string", "minLength": 1, "maxLength": 255,
               "pattern": "^[^,/]*$"}
TAGS: Schema = {"type": "array", "items": TAG, "maxItems": 80,
                "uniqueItems": True}
OPTIONS: Schema = {
    "type": "object", "properties": {
        "immutable": {"type": ["boolean", "null"]}},
    "additionalProperties": False}

#: What clients store and nothing here reads.
EXTRA: Schema = {
    "type": ["string", "number", "boolean", "null", "array", "object"],
    "maxLength": 4096, "maxItems": 64, "maxProperties": 64}


def open_object(properties: Schema, required: tuple[str, ...] = ()
                ) -> Schema:
    """Return the schema of an object that may have a few more members."""
    made: dict[str, Any] = {
        "type": "object", "properties": properties, "maxProperties": 64,
        "propertyNames": {"minLength": 1, "maxLength": 255},
        "additionalProperties": EXTRA}
    return made | {"required": list(required)} if required else made


_PROJECT = {
    "name": NAME, "description": TEXT, "enabled": BOOLEAN,
    "domain_id": {"type": ["string", "null"], "maxLength": 64},
    "parent_id": {"type": ["string", "null"], "maxLength": 64},
    "is_domain": BOOLEAN, "tags": TAGS, "options": OPTIONS,
}
#: Set by us alone.
READ_ONLY = ("id", "links", "parents", "subtree")

CREATE = wrapped("project", open_object(_PROJECT, ("name",)))
UPDATE = wrapped("project", open_object(_PROJECT))
CREATE_DOMAIN = wrapped("domain", open_object(
    {"name": NAME, "description": TEXT, "enabled": BOOLEAN,
     "tags": TAGS, "options": OPTIONS,
     "explicit_domain_id": {"type": "string",
                            "pattern": "^[0-9a-f]{32}$"}},
    ("name",)))
UPDATE_DOMAIN = wrapped("domain", open_object(
    {"name": NAME, "description": TEXT, "enabled": BOOLEAN,
     "tags": TAGS, "options": OPTIONS}))
SET_TAGS: Schema = {
    "type": "object", "properties": {"tags": TAGS}, "required": ["tags"],
    "additionalProperties": False}
