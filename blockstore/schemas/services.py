"""Request schemas of services and pools."""

from common import schema

LIST = schema.closed({"binary": schema.NAME, "host": schema.NAME})

DISABLE = schema.closed({
    "binary": {"const": "cinder-volume"}, "host": schema.NAME,
}, ("binary", "host"))

DISABLE_WITH_REASON = schema.closed({
    "binary": {"const": "cinder-volume"}, "host": schema.NAME,
    "disabled_reason": schema.NAME,
}, ("binary", "host", "disabled_reason"))

POOLS = {"type": "object", "properties": {"detail": schema.BOOL_STRING}}
