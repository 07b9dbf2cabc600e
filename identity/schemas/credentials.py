"""Bodies of /credentials, OS-EC2, /ec2tokens and /s3tokens."""

from common.schema import Schema, closed, wrapped

ID: Schema = {"type": "string", "minLength": 1, "maxLength": 64}
_OPTIONAL_ID: Schema = {"type": ["string", "null"], "maxLength": 64}
_TYPE: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
#: As sealed text a third longer, which fits MariaDB's TEXT.
_BLOB: Schema = {"type": "string", "maxLength": 32768}

CREATE = wrapped("credential", closed({
    "user_id": ID, "project_id": _OPTIONAL_ID, "type": _TYPE,
    "blob": _BLOB}, ("user_id", "type", "blob")))
UPDATE = wrapped("credential", {**closed({
    "user_id": ID, "project_id": _OPTIONAL_ID, "type": _TYPE,
    "blob": _BLOB}), "minProperties": 1})

CREATE_EC2 = closed({"tenant_id": ID}, ("tenant_id",))

_TEXT: Schema = {"type": "string", "maxLength": 8192}
#: Names with values, such as headers; what is no text was not signed.
_PAIRS: Schema = {
    "type": "object", "maxProperties": 256,
    "additionalProperties": {
        "type": ["string", "number", "boolean"], "maxLength": 65536}}
_SIGNED: Schema = {
    "type": "object",
    "properties": {
        "access": {"type": "string", "minLength": 1, "maxLength": 255},
        "signature": {"type": "string", "minLength": 1, "maxLength": 255},
        "host": _TEXT, "verb": {"type": "string", "maxLength": 16},
        "path": _TEXT, "params": _PAIRS, "headers": _PAIRS,
        "body_hash": {"type": "string", "maxLength": 255},
    },
    "required": ["access", "signature", "params"],
}
#: Clients have always used either name.
EC2_TOKEN: Schema = {
    "type": "object",
    "properties": {"credentials": _SIGNED, "ec2Credentials": _SIGNED},
    "minProperties": 1, "maxProperties": 1, "additionalProperties": False,
}
S3_TOKEN = wrapped("credentials", {
    "type": "object",
    "properties": {
        "access": {"type": "string", "minLength": 1, "maxLength": 255},
        "signature": {"type": "string", "minLength": 1, "maxLength": 255},
        "token": {"type": "string", "minLength": 1, "maxLength": 65536},
    },
    "required": ["access", "signature", "token"],
})
