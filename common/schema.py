"""JSON Schema of request bodies and query strings.

The common case, a good body, is checked by code that fastjsonschema
compiles at first use; a bad one is checked again by jsonschema, whose
errors can say where and what is allowed.
"""

import re
from collections.abc import Callable
from typing import Any

import fastjsonschema

from common import exceptions

Schema = dict[str, Any]

UUID_PATTERN = (r"^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?"
                r"[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$")

NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
OPTIONAL_NAME: Schema = {"type": ["string", "null"], "maxLength": 255}
DESCRIPTION: Schema = {"type": ["string", "null"], "maxLength": 255}
ID: Schema = {"type": "string", "minLength": 1, "maxLength": 64}
UUID: Schema = {"type": "string", "pattern": UUID_PATTERN}
BOOLEAN: Schema = {"type": "boolean"}
#: What clients of the older APIs send for a boolean.
LOOSE_BOOLEAN: Schema = {"enum": [
    True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes",
    False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No",
    "no"]}
#: Of query strings, where all is text.
INT_STRING: Schema = {"type": "string", "pattern": "^[0-9]{1,18}$"}
BOOL_STRING: Schema = {"type": "string", "pattern":
                       "^(?i:true|false|1|0|yes|no|on|off|t|f|y|n)$"}
TEXT: Schema = {"type": "string", "maxLength": 1024}
METADATA: Schema = {
    "type": "object", "maxProperties": 128,
    "propertyNames": {"minLength": 1, "maxLength": 255},
    "additionalProperties": {"type": "string", "maxLength": 255},
}


def closed(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object with these members and no others."""
    made: Schema = {"type": "object", "properties": properties,
                    "additionalProperties": False}
    return made | {"required": list(required)} if required else made


def wrapped(name: str, item: Schema) -> Schema:
    """Return the schema of an object whose one member is ``item``."""
    return closed({name: item}, (name,))


def is_true(value: object) -> bool:
    """Read what LOOSE_BOOLEAN and BOOL_STRING let through."""
    return str(value).lower() in ("true", "1", "on", "yes", "t", "y")


def validate(value: object, schema: Schema, path: str = "body") -> object:
    """Return ``value``; raise BadRequest that names the place and rule."""
    try:
        compiled(schema)(value)
    except fastjsonschema.JsonSchemaValueException as error:
        raise exceptions.BadRequest(
            reason=_explain(value, schema, path, error)) from None
    return value


def compiled(schema: Schema) -> Callable[[object], object]:
    """Return what checks a value, compiled once for each schema."""
    # Schemas are constants of modules: few, and never freed.
    known = _COMPILED.get(id(schema))
    if known is None:
        known = _COMPILED[id(schema)] = (
            schema, fastjsonschema.compile(schema, use_default=False))
    return known[1]


_SECRET = re.compile(
    "pass|secret|key|token|blob|sign|user_data", re.IGNORECASE)
_COMPILED: dict[int, tuple[Schema, Callable[[object], object]]] = {}


def _explain(value: object, schema: Schema, path: str,
             error: fastjsonschema.JsonSchemaValueException) -> str:
    import jsonschema  # slow to import, and most bodies are good
    found = list(jsonschema.Draft7Validator(schema).iter_errors(value))
    if not found:
        return f"{path}: {error.message}"
    worst = jsonschema.exceptions.best_match(found)
    place = path + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}"
        for step in worst.absolute_path)
    return f"{place}: {_short(_without_secrets(worst, place))}"


def _without_secrets(error: Any, place: str) -> str:
    """Return what is wrong, with the value only where it can be told.

    An object or a list may hold a secret somewhere inside.
    """
    message: str = error.message
    told = isinstance(error.instance, (str, int, float, bool, type(None)))
    if told and not _SECRET.search(place):
        return message
    return message.removeprefix(repr(error.instance)).lstrip()


def _short(text: str) -> str:
    return text if len(text) <= 400 else text[:400] + " ..."
