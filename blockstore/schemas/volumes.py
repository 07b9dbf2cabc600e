"""Request schemas of the volumes resource."""

from blockstore.schemas.common import (
    LIST_QUERY,
    METADATA,
    NAME,
    OPTIONAL_ID,
    REFERENCE,
    SIZE,
)
from common import paging, schema

_TEXTS = {"name": NAME, "display_name": NAME, "description": NAME,
          "display_description": NAME}

_CREATE = _TEXTS | {
    "size": {"anyOf": [SIZE, {"type": "null"}]},
    "volume_type": OPTIONAL_ID,
    "metadata": {"anyOf": [METADATA, {"type": "null"}]},
    "availability_zone": OPTIONAL_ID,
    "snapshot_id": OPTIONAL_ID, "source_volid": OPTIONAL_ID,
    "consistencygroup_id": OPTIONAL_ID, "group_id": OPTIONAL_ID,
    "backup_id": OPTIONAL_ID, "imageRef": REFERENCE,
    "image_id": REFERENCE,
    "multiattach": {"anyOf": [schema.LOOSE_BOOLEAN, {"type": "null"}]},
}

CREATE = schema.closed({
    "volume": schema.closed(_CREATE),
    "OS-SCH-HNT:scheduler_hints": {"type": ["object", "null"]},
}, ("volume",))

#: Until 3.53 unknown members of the volume were let pass.
CREATE_LOOSE = schema.closed({
    "volume": {"type": "object", "properties": _CREATE,
               "maxProperties": 64},
    "OS-SCH-HNT:scheduler_hints": {"type": ["object", "null"]},
}, ("volume",))

UPDATE_LOOSE = schema.wrapped(
    "volume", schema.closed(_TEXTS | {"metadata": METADATA}))

UPDATE = schema.wrapped(
    "volume", schema.closed(_TEXTS | {"metadata": METADATA})
    | {"minProperties": 1})

LIST = LIST_QUERY | {"properties": paging.QUERY}

DELETE = schema.closed({"cascade": schema.BOOL_STRING,
                        "force": schema.BOOL_STRING})
