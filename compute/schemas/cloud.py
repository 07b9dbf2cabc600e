"""What requests about services, quotas and events look like."""

from common.schema import UUID, Schema, closed, wrapped

_REASON: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255}

SERVICE_UPDATE = closed({
    "status": {"enum": ["enabled", "disabled"]},
    "disabled_reason": _REASON, "forced_down": {"type": "boolean"}})
SERVICE_OLD = closed({
    "host": _NAME, "binary": _NAME, "disabled_reason": _REASON,
    "forced_down": {"type": "boolean"}}, ("host", "binary"))

_EVENT = closed({
    "name": {"enum": [
        "network-changed", "network-vif-plugged", "network-vif-unplugged",
        "network-vif-deleted"]},
    "server_uuid": UUID, "tag": {"type": "string", "maxLength": 255},
    "status": {"enum": ["completed", "failed", "in-progress"]},
}, ("name", "server_uuid"))
EVENTS = wrapped("events", {
    "type": "array", "minItems": 1, "maxItems": 1000, "items": _EVENT})

_LIMIT: Schema = {"type": ["integer", "string"], "minimum": -1,
                  "maximum": 2147483647, "pattern": "^(-1|[0-9]{1,9})$"}
QUOTA_NAMES = (
    "instances", "cores", "ram", "key_pairs", "metadata_items",
    "server_groups", "server_group_members")
QUOTA_UPDATE = wrapped("quota_set", closed({
    **dict.fromkeys(QUOTA_NAMES, _LIMIT), "force": {"type": ["boolean",
                                                             "string"]},
    "tenant_id": {"type": "string"}}))
