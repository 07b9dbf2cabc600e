"""Bodies of requests about networks."""

from common import schema
from network.schemas import base

_BOTH = {
    "admin_state_up": base.BOOLEAN, "shared": base.BOOLEAN,
    "router:external": base.BOOLEAN, "is_default": base.BOOLEAN,
    "port_security_enabled": base.BOOLEAN,
    "mtu": {"type": "integer", "minimum": 68, "maximum": 65535},
    "provider:network_type": {"enum": ["geneve", "flat", "vlan"]},
    "provider:physical_network": {"type": ["string", "null"],
                                  "maxLength": 64},
    "provider:segmentation_id": {"type": ["integer", "null"],
                                 "minimum": 1, "maximum": 16777215},
}
BOOLEANS = ("admin_state_up", "shared", "router:external", "is_default",
            "port_security_enabled")

CREATE = base.one_or_many(
    "network", "networks", schema.closed(base.CREATED | _BOTH | {
        "availability_zone_hints": {"type": "array", "maxItems": 0}}))
UPDATE = schema.wrapped("network", schema.closed(base.CHANGED | {
    name: _BOTH[name] for name in (*BOOLEANS, "mtu")}))
