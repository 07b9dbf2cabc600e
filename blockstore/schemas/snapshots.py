"""Request schemas of the snapshots resource."""

from blockstore.schemas.common import LIST_QUERY, METADATA, NAME, UUID
from common import paging, schema

_TEXTS = {"name": NAME, "display_name": NAME, "description": NAME,
          "display_description": NAME}

CREATE = schema.wrapped("snapshot", schema.closed(_TEXTS | {
    "volume_id": UUID,
    "force": {"anyOf": [schema.LOOSE_BOOLEAN, {"type": "null"}]},
    "metadata": {"anyOf": [METADATA, {"type": "null"}]},
}, ("volume_id",)))

UPDATE = schema.wrapped(
    "snapshot", schema.closed(_TEXTS) | {"minProperties": 1})

LIST = LIST_QUERY | {"properties": paging.QUERY}
