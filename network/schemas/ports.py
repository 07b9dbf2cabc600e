"""Bodies of requests about ports."""

from common import schema
from network.schemas import base

_FIXED_IP = schema.closed({"subnet_id": base.UUID,
                           "ip_address": base.ADDRESS})
_PAIR = schema.closed({"ip_address": base.CIDR, "mac_address": base.MAC},
                      ("ip_address",))
_BOTH = {
    "admin_state_up": base.BOOLEAN,
    "device_id": {"type": ["string", "null"], "maxLength": 255},
    "device_owner": {"type": ["string", "null"], "maxLength": 255},
    "mac_address": base.MAC,
    "fixed_ips": {"type": ["array", "null"], "maxItems": 32,
                  "items": _FIXED_IP},
    "security_groups": {"type": ["array", "null"], "maxItems": 64,
                        "items": base.UUID},
    "port_security_enabled": base.BOOLEAN,
    "allowed_address_pairs": {"type": ["array", "null"], "maxItems": 10,
                              "items": _PAIR},
    "binding:host_id": {"type": ["string", "null"], "maxLength": 255},
    "binding:vnic_type": {"enum": ["normal"]},
    "binding:profile": {"type": ["object", "null"], "maxProperties": 32},
}

CREATE = base.one_or_many("port", "ports", schema.closed(
    base.CREATED | _BOTH | {"network_id": base.UUID}, ("network_id",)))
UPDATE = schema.wrapped("port", schema.closed(base.CHANGED | _BOTH))
