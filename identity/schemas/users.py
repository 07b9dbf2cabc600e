"""Bodies of /users and /groups."""

import datetime
import re

from common import exceptions
from common.schema import BOOLEAN, Schema, closed, wrapped
from identity import passwords
from identity.schemas.projects import TEXT, open_object

NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255,
                "pattern": r"\S"}
ID: Schema = {"type": ["string", "null"], "maxLength": 64}
#: Longer than anybody types, short enough to hash.
PASSWORD: Schema = {"type": "string", "minLength": 1,
                    "maxLength": passwords.MAX_LENGTH}
_FLAG: Schema = {"type": ["boolean", "null"]}
OPTIONS = closed({
    "ignore_change_password_upon_first_use": _FLAG,
    "ignore_password_expiry": _FLAG,
    "ignore_lockout_failure_attempts": _FLAG,
    "ignore_user_inactivity": _FLAG,
    "lock_password": _FLAG,
    "multi_factor_auth_enabled": _FLAG,
    "multi_factor_auth_rules": {
        "type": ["array", "null"], "maxItems": 16, "uniqueItems": True,
        "items": {
            "type": "array", "minItems": 1, "maxItems": 8,
            "uniqueItems": True,
            "items": {"type": "string", "minLength": 1,
                      "maxLength": 64}}},
})

_USER = {
    "name": NAME, "domain_id": ID, "default_project_id": ID,
    "enabled": BOOLEAN, "options": OPTIONS,
    "password": {"anyOf": [PASSWORD, {"type": "null"}]},
    "description": TEXT, "email": {"type": ["string", "null"],
                                   "maxLength": 255},
}
#: Set by us alone.
READ_ONLY = ("id", "links", "password_expires_at", "federated")
#: Filters of users who come from elsewhere.
FEDERATED = ("idp_id", "protocol_id", "unique_id")
CREATE = wrapped("user", open_object(_USER, ("name",)))
UPDATE = wrapped("user", open_object(_USER))
CHANGE_PASSWORD = wrapped("user", closed(
    {"password": PASSWORD,
     "original_password": {"type": "string",
                           "maxLength": passwords.MAX_LENGTH}},
    ("password", "original_password")))

_GROUP = {
    "name": {**NAME, "maxLength": 64}, "description": TEXT,
    "domain_id": ID,
}
CREATE_GROUP = wrapped("group", open_object(_GROUP, ("name",)))
UPDATE_GROUP = wrapped("group", open_object(_GROUP))

_EXPIRY = re.compile(r"(?:(?P<how>[a-z]+):)?(?P<at>\d{4}-.*)")
_OPERATORS = ("lt", "lte", "gt", "gte", "eq", "neq")


def read_expiry(text: str) -> tuple[str, datetime.datetime]:
    """Return operator and time of a filter such as ``lt:2027-01-31T...Z``.

    No operator means ``eq``, and no time zone UTC.

    :raises BadRequest: that says what is allowed
    """
    found = _EXPIRY.fullmatch(text)
    how = (found and found["how"]) or "eq"
    try:
        at = datetime.datetime.fromisoformat(found["at"] if found else "")
    except ValueError:
        at = None
    if at is None or how not in _OPERATORS:
        raise exceptions.BadRequest(
            reason="password_expires_at: is not OPERATOR:TIME, the "
                   f"operator one of {', '.join(_OPERATORS)}, the time "
                   "such as 2027-01-31T12:00:00Z")
    return how, at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
