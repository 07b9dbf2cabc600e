"""Bodies of requests about security groups and their rules."""

from common import schema
from network.schemas import base

_GROUP = {"stateful": base.BOOLEAN}

CREATE = schema.wrapped("security_group", schema.closed(
    base.CREATED | _GROUP))
UPDATE = schema.wrapped("security_group", schema.closed(
    base.CHANGED | _GROUP))

_PORT = {"anyOf": [
    {"type": ["integer", "null"], "minimum": -1, "maximum": 65535},
    {"type": "string", "pattern": "^[0-9]{1,5}$"}]}
CREATE_RULE = base.one_or_many(
    "security_group_rule", "security_group_rules", schema.closed({
        "security_group_id": base.UUID,
        "direction": {"enum": ["ingress", "egress"]},
        "ethertype": {"enum": ["IPv4", "IPv6", "ipv4", "ipv6", None]},
        "protocol": {"type": ["string", "integer", "null"],
                     "maxLength": 32},
        "port_range_min": _PORT, "port_range_max": _PORT,
        "remote_ip_prefix": {"anyOf": [
            base.CIDR, {"enum": [None, ""]}]},
        "remote_group_id": base.OPTIONAL_UUID,
        "description": base.DESCRIPTION, "tenant_id": base.PROJECT,
        "project_id": base.PROJECT,
    }, ("security_group_id", "direction")))
