"""What the rules of compute share."""

from common import policy

ADMIN = policy.ADMIN
READER = policy.READER
MEMBER = policy.MEMBER
SERVICE = policy.SERVICE
ANYBODY = policy.AUTHENTICATED
ADMIN_OR_SERVICE = policy.ADMIN_OR_SERVICE
#: The user whose key it is.
OWN_USER = f"user_id:%(user_id)s or {ADMIN}"
_PREFIX = "os_compute_api:"


def name(text: str) -> str:
    """Return the full name of a rule."""
    return _PREFIX + text
