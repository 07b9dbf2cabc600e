"""Parts that the schemas of the network's resources share."""

from typing import Any

from common import schema

NAME = {"type": ["string", "null"], "maxLength": 255}
DESCRIPTION = {"type": ["string", "null"], "maxLength": 255}
PROJECT = {"type": "string", "minLength": 1, "maxLength": 64}
BOOLEAN = schema.LOOSE_BOOLEAN
UUID = schema.UUID
OPTIONAL_UUID = {"anyOf": [schema.UUID, {"enum": [None, ""]}]}
ADDRESS = {"type": "string", "minLength": 2, "maxLength": 64,
           "pattern": "^[0-9a-fA-F:.]+$"}
CIDR = {"type": "string", "minLength": 3, "maxLength": 64,
        "pattern": "^[0-9a-fA-F:.]+(/[0-9]{1,3})?$"}
MAC = {"type": "string",
       "pattern": "^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$"}
ROUTES = {"type": ["array", "null"], "maxItems": 30, "items": schema.closed(
    {"destination": CIDR, "nexthop": ADDRESS}, ("destination", "nexthop"))}

#: Members that every resource takes when it is made.
CREATED = {"name": NAME, "description": DESCRIPTION, "tenant_id": PROJECT,
           "project_id": PROJECT}
#: Those that it takes later.
CHANGED = {"name": NAME, "description": DESCRIPTION}


def one_or_many(one: str, many: str, item: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one item, or a list of them, made at once."""
    made = schema.closed({
        one: item, many: {"type": "array", "items": item, "minItems": 1,
                          "maxItems": 200}})
    return made | {"minProperties": 1, "maxProperties": 1}


def plain(item: dict[str, Any], *booleans: str) -> dict[str, Any]:
    """Return the members with texts and booleans in one spelling."""
    made = dict(item)
    for name in ("name", "description"):
        if name in made and made[name] is None:
            made[name] = ""
    for name in booleans:
        if name in made:
            made[name] = schema.is_true(made[name])
    return made
