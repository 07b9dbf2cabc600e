"""Bodies of /domains/{domain_id}/config."""

from common.schema import Schema, wrapped

_NAME: Schema = {"minLength": 1, "maxLength": 64}
_VALUE: Schema = {
    "type": ["string", "number", "boolean", "null", "array"],
    "maxLength": 4096, "maxItems": 64,
    "items": {"type": "string", "maxLength": 255},
}


def _of(value: Schema) -> Schema:
    return {"type": "object", "maxProperties": 64, "propertyNames": _NAME,
            "additionalProperties": value}


#: Which groups and options there are is not for the schema: those that are
#: not supported are answered 403.
CONFIG = wrapped("config", _of(_of(_VALUE)))
OPTION = wrapped("config", _of(_VALUE))
