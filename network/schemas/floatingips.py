"""Bodies of requests about floating IPs."""

from common import schema
from network.schemas import base

_POINT = {
    "port_id": base.OPTIONAL_UUID,
    "fixed_ip_address": {"anyOf": [base.ADDRESS, {"type": "null"}]},
}

CREATE = schema.wrapped("floatingip", schema.closed({
    name: base.CREATED[name]
    for name in ("description", "tenant_id", "project_id")} | _POINT | {
        "floating_network_id": base.UUID, "subnet_id": base.UUID,
        "floating_ip_address": base.ADDRESS}, ("floating_network_id",)))
UPDATE = schema.wrapped("floatingip", schema.closed(
    {"description": base.DESCRIPTION} | _POINT))
