"""Query strings of the tasks resource."""

from typing import Any

from common import paging

STATUSES = ["pending", "processing", "success", "failure"]

LIST: dict[str, Any] = {
    "type": "object",
    "properties": paging.QUERY | {
        "type": {"type": "string", "maxLength": 32},
        "status": {"enum": STATUSES},
    },
    "additionalProperties": False,
}
