"""Request schemas of quotas."""

from common import schema

_LIMIT = {"type": "integer", "minimum": -1, "maximum": 0x7FFFFFFF}

UPDATE = schema.wrapped("quota_set", schema.closed({
    "volumes": _LIMIT, "snapshots": _LIMIT, "gigabytes": _LIMIT,
    "per_volume_gigabytes": _LIMIT,
    "tenant_id": {"type": "string", "maxLength": 64},
}) | {"minProperties": 1})

SHOW = {"type": "object", "properties": {"usage": schema.BOOL_STRING,
                                         "user_id": schema.ID}}
