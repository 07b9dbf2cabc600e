"""Bodies of /users/{user_id}/application_credentials."""

from common.schema import Schema, closed, wrapped
from identity import passwords

_ID: Schema = {"type": "string", "minLength": 1, "maxLength": 64}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255,
                 "pattern": r"\S"}
#: A role by its id, or by its name.
ROLE: Schema = {
    "type": "object",
    "properties": {"id": _ID, "name": _NAME, "domain_id": {
        "type": ["string", "null"], "maxLength": 64}},
    "anyOf": [{"required": ["id"]}, {"required": ["name"]}],
    "additionalProperties": False,
}
ROLES: Schema = {"type": "array", "maxItems": 64, "items": ROLE}
#: ISO 8601; the handler reads it.
MOMENT: Schema = {"type": ["string", "null"], "maxLength": 64}
_FLAG: Schema = {"type": ["boolean", "null"]}

_ACCESS_RULE: Schema = {
    "type": "object",
    "properties": {
        "id": _ID,
        "service": {"type": "string", "minLength": 1, "maxLength": 64},
        "method": {"enum": [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "COPY"]},
        "path": {"type": "string", "maxLength": 128,
                 "pattern": "^/[^?#]*$"},
    },
    "anyOf": [{"required": ["service", "method", "path"]},
              {"required": ["id"], "maxProperties": 1}],
    "additionalProperties": False,
}

CREATE = wrapped("application_credential", closed({
    "name": _NAME,
    "description": {"type": ["string", "null"], "maxLength": 4096},
    "secret": {"type": ["string", "null"], "minLength": 1,
               "maxLength": passwords.MAX_LENGTH},
    "expires_at": MOMENT, "unrestricted": _FLAG,
    "roles": {"anyOf": [ROLES, {"type": "null"}]},
    "access_rules": {"anyOf": [
        {"type": "array", "maxItems": 100, "items": _ACCESS_RULE},
        {"type": "null"}]},
}, ("name",)))
