"""Bodies of /registered_limits and /limits."""

from common.schema import ID, NAME, Schema, closed, wrapped
from identity.schemas.catalog import NO_REGION
from identity.schemas.projects import TEXT

#: -1: any amount.
_AMOUNT: Schema = {"type": "integer", "minimum": -1, "maximum": 0x7FFFFFFF}
_BATCH = 1000


def _many(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1,
            "maxItems": _BATCH}


_RESOURCE: Schema = {"service_id": ID, "region_id": NO_REGION,
                     "resource_name": NAME}
_REGISTERED = _RESOURCE | {"default_limit": _AMOUNT, "description": TEXT}
CREATE_REGISTERED = closed(
    {"registered_limits": _many(closed(
        _REGISTERED, ("service_id", "resource_name", "default_limit")))},
    ("registered_limits",))
UPDATE_REGISTERED = wrapped("registered_limit", closed(_REGISTERED))

_NO_ID: Schema = {"type": ["string", "null"], "maxLength": 64}
_LIMIT = _RESOURCE | {"project_id": _NO_ID, "domain_id": _NO_ID,
                      "resource_limit": _AMOUNT, "description": TEXT}
CREATE = closed(
    {"limits": _many(closed(
        _LIMIT, ("service_id", "resource_name", "resource_limit")))},
    ("limits",))
UPDATE = wrapped("limit", closed(
    {"resource_limit": _AMOUNT, "description": TEXT}))
