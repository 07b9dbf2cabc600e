"""Bodies of /users and /groups."""

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
        "type": ["array", "null"], "maxItems": 16, "items": {
            "type": "array", "minItems": 1, "maxItems": 8,
            "uniqueItems": True,
            "items": {"type": "string", "maxLength": 64}}},
})

_USER = {
    "name": NAME, "domain_id": ID, "default_project_id": ID,
    "enabled": BOOLEAN, "options": OPTIONS,
    "password": {"anyOf": [PASSWORD, {"type": "null"}]},
    "description": TEXT, "email": {"type": ["string", "null"],
                                   "maxLength": 255},
}
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
CREATE_GROUP = wrapped("group", closed(_GROUP, ("name",)))
UPDATE_GROUP = wrapped("group", closed(_GROUP))
