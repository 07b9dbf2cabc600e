"""What a server in error says of itself."""

from typing import Any

from common import db


def of(reason: str, code: int = 500) -> dict[str, Any]:
    """Return the fault that users see."""
    return {"code": code, "message": reason[:255],
            "created": db.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "details": reason}
