"""What requests to placement look like."""

from common.schema import UUID, Schema, closed

_CLASS: Schema = {"pattern": "^[A-Z0-9_]{1,255}$"}
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 2147483647}
_UNIT: Schema = {"type": "integer", "minimum": 1, "maximum": 2147483647}

PROVIDER = closed({
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "uuid": UUID}, ("name",))

_INVENTORY = closed({
    "total": _UNIT, "reserved": _COUNT, "min_unit": _UNIT,
    "max_unit": _UNIT, "step_size": _UNIT,
    "allocation_ratio": {"type": "number", "exclusiveMinimum": 0,
                         "maximum": 3.4e38}}, ("total",))
INVENTORIES = closed({
    "resource_provider_generation": {"type": "integer"},
    "inventories": {"type": "object", "propertyNames": _CLASS,
                    "additionalProperties": _INVENTORY},
}, ("resource_provider_generation", "inventories"))

_AMOUNTS = closed({
    "resources": {"type": "object", "minProperties": 1,
                  "propertyNames": _CLASS, "additionalProperties": _UNIT},
    "generation": {"type": "integer"}}, ("resources",))
ALLOCATIONS = closed({
    "allocations": {"type": "object", "maxProperties": 1,
                    "propertyNames": UUID, "additionalProperties": _AMOUNTS},
    "project_id": {"type": "string", "minLength": 1, "maxLength": 255},
    "user_id": {"type": "string", "minLength": 1, "maxLength": 255},
    "consumer_generation": {"type": ["integer", "null"]},
    "consumer_type": {"type": "string"}, "mappings": {"type": "object"},
}, ("allocations", "project_id", "user_id"))
