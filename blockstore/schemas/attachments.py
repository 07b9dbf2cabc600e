"""Request schemas of the attachments resource."""

from blockstore.schemas.common import LIST_QUERY, OPTIONAL_ID, UUID
from common import paging, schema

#: Hosts say more of themselves than we read.
_CONNECTOR = {
    "type": ["object", "null"], "maxProperties": 32,
    "properties": {
        "host": {"type": "string", "maxLength": 255},
        "mountpoint": {"type": ["string", "null"], "maxLength": 255},
        "mode": {"enum": ["rw", "ro", None]},
    },
}
_REQUIRED_CONNECTOR = _CONNECTOR | {"type": "object", "minProperties": 1}

_CREATE = {"volume_uuid": UUID, "instance_uuid": OPTIONAL_ID,
           "connector": _CONNECTOR}

CREATE = schema.wrapped("attachment", schema.closed(
    _CREATE, ("volume_uuid",)))

CREATE_3_54 = schema.wrapped("attachment", schema.closed(
    _CREATE | {"mode": {"enum": ["rw", "ro", None]}}, ("volume_uuid",)))

UPDATE = schema.wrapped("attachment", schema.closed(
    {"connector": _REQUIRED_CONNECTOR}, ("connector",)))

ACTION = schema.closed(
    {"os-complete": {"type": ["string", "object", "null"]}},
    ("os-complete",))

LIST = LIST_QUERY | {"properties": paging.QUERY}
