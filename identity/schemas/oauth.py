"""Bodies of /OS-OAUTH1."""

from common.schema import Schema, closed, wrapped
from identity.schemas.application_credentials import ROLES

_CONSUMER = closed({"description": {
    "type": ["string", "null"], "maxLength": 4096}})
CREATE = wrapped("consumer", _CONSUMER)
UPDATE = wrapped("consumer", _CONSUMER)
_SOME_ROLES: Schema = {**ROLES, "minItems": 1}
AUTHORIZE = closed({"roles": _SOME_ROLES}, ("roles",))
