"""Request schemas of what can be done to a volume."""

from blockstore.db.models import VOLUME_STATUSES
from blockstore.schemas.common import SIZE
from common import schema

ANY = {"type": "object", "minProperties": 1, "maxProperties": 1}

EXTEND = schema.closed({"new_size": SIZE}, ("new_size",))

RESET_STATUS = schema.closed({
    "status": {"enum": [*VOLUME_STATUSES, None]},
    "attach_status": {"enum": ["attached", "detached", None]},
    "migration_status": {"enum": ["none", None]},
}) | {"minProperties": 1}

FORCE_DELETE = {"anyOf": [{"type": "null"},
                          {"type": "object", "maxProperties": 0}]}

SET_BOOTABLE = schema.closed(
    {"bootable": schema.LOOSE_BOOLEAN}, ("bootable",))

SET_READONLY = schema.closed(
    {"readonly": schema.LOOSE_BOOLEAN}, ("readonly",))
