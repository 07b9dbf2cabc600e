"""What requests about groups of hosts look like."""

from common.schema import Schema, closed, wrapped

_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255,
                 "pattern": r"^(?!\s)[^\x00-\x1f\x7f]+(?<!\s)$"}
_ZONE: Schema = {"anyOf": [{"type": "null"}, _NAME]}
_MEMBERS: Schema = {"name": _NAME, "availability_zone": _ZONE}

CREATE = wrapped("aggregate", closed(_MEMBERS, ("name",)))
UPDATE = wrapped("aggregate", closed(_MEMBERS) | {"minProperties": 1})
HOST = closed({"host": _NAME}, ("host",))
METADATA = wrapped("metadata", {
    "type": "object", "minProperties": 1, "maxProperties": 128,
    "propertyNames": {"pattern": r"^[a-zA-Z0-9\-_:. ]{1,255}$"},
    "additionalProperties": {"type": ["string", "null"],
                             "maxLength": 255}})
