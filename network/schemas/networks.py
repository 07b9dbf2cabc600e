"""Bodies of requests about networks."""

from typing import Any

from common import schema
from network.schemas import base

_MTU = {"type": "integer", "minimum": 68, "maximum": 65535}
_SEGMENT = {"type": ["integer", "null"], "minimum": 1, "maximum": 16777215}
_DIGITS = {"type": "string", "pattern": "^[0-9]{1,9}$"}

_BOTH = {
    "admin_state_up": base.BOOLEAN, "shared": base.BOOLEAN,
    "router:external": base.BOOLEAN, "is_default": base.BOOLEAN,
    "port_security_enabled": base.BOOLEAN,
    "mtu": {"anyOf": [_MTU, _DIGITS]},
    "provider:network_type": {"enum": ["geneve", "flat", "vlan"]},
    "provider:physical_network": {"type": ["string", "null"],
                                  "maxLength": 64},
    "provider:segmentation_id": {"anyOf": [_SEGMENT, _DIGITS]},
}
BOOLEANS = ("admin_state_up", "shared", "router:external", "is_default",
            "port_security_enabled")
#: The openstack client sends these as text.
_NUMBERS = {"mtu": _MTU, "provider:segmentation_id": _SEGMENT}

CREATE = base.one_or_many(
    "network", "networks", schema.closed(base.CREATED | _BOTH | {
        "availability_zone_hints": {"type": "array", "maxItems": 0}}))
UPDATE = schema.wrapped("network", schema.closed(base.CHANGED | {
    name: _BOTH[name] for name in (*BOOLEANS, "mtu")}))


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """Return the members with texts, booleans and numbers as the rows'."""
    made = base.plain(item, *BOOLEANS)
    for name, allowed in _NUMBERS.items():
        if isinstance(made.get(name), str):
            made[name] = schema.validate(int(made[name]), allowed,
                                         f"body.network.{name}")
    return made
