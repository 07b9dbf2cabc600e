"""Bodies and query strings of /auth."""

from common.schema import Schema, closed

_NAME: Schema = {"type": "string", "maxLength": 255}
_DOMAIN: Schema = {
    "type": "object", "properties": {"id": _NAME, "name": _NAME},
    "anyOf": [{"required": ["id"]}, {"required": ["name"]}]}
_PROJECT: Schema = {
    "type": "object",
    "properties": {"id": _NAME, "name": _NAME, "domain": _DOMAIN},
    "anyOf": [{"required": ["id"]}, {"required": ["name", "domain"]}]}

#: The member of ``scope`` that names a trust.
TRUST_SCOPE = "OS-TRUST:trust"

_SCOPE: Schema = {
    "oneOf": [
        {"type": "null"},
        {"enum": ["unscoped"]},
        closed({"unscoped": {"type": "object"}}, ("unscoped",)),
        closed({"project": _PROJECT}, ("project",)),
        closed({"domain": _DOMAIN}, ("domain",)),
        closed({"system": closed({"all": {"enum": [True]}}, ("all",))},
               ("system",)),
        closed({TRUST_SCOPE: closed({"id": _NAME}, ("id",))},
               (TRUST_SCOPE,)),
    ]}

#: The members of ``identity`` beside ``methods`` have schemas of their own
#: in the methods.
LOGIN = closed({"auth": closed({
    "identity": {
        "type": "object",
        "properties": {"methods": {
            "type": "array", "minItems": 1, "maxItems": 8,
            "items": {"type": "string", "maxLength": 64}}},
        "required": ["methods"], "maxProperties": 9,
    },
    "scope": _SCOPE,
}, ("identity",))}, ("auth",))

#: The header with which a receipt is handed out, and comes back.
RECEIPT_HEADER = "Openstack-Auth-Receipt"

QUERY: Schema = {
    "type": "object",
    "additionalProperties": {"type": "string", "maxLength": 255},
}
