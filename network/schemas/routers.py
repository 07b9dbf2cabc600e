"""Bodies of requests about routers."""

from common import schema
from network.schemas import base

_GATEWAY = {"anyOf": [{"enum": [None, {}]}, schema.closed({
    "network_id": base.UUID, "enable_snat": base.BOOLEAN,
    "external_fixed_ips": {
        "type": "array", "maxItems": 8, "items": schema.closed({
            "subnet_id": base.UUID, "ip_address": base.ADDRESS})},
}, ("network_id",))]}
_BOTH = {"admin_state_up": base.BOOLEAN, "external_gateway_info": _GATEWAY}

CREATE = schema.wrapped("router", schema.closed(
    base.CREATED | _BOTH | {
        "availability_zone_hints": {"type": "array", "maxItems": 0}}))
UPDATE = schema.wrapped("router", schema.closed(
    base.CHANGED | _BOTH | {"routes": base.ROUTES}))
INTERFACE = schema.closed({"subnet_id": base.UUID, "port_id": base.UUID}) | {
    "minProperties": 1}
