"""Bodies of /regions, /services and /endpoints."""

from common.schema import BOOLEAN, Schema, closed, wrapped
from identity.schemas.projects import TEXT

INTERFACE: Schema = {"enum": ["public", "internal", "admin"]}
_NAME: Schema = {"type": ["string", "null"], "maxLength": 255}
#: No slash: it is part of URLs.
REGION_ID: Schema = {"type": "string", "maxLength": 255,
                      "pattern": "^[^/]*$"}
NO_REGION: Schema = {"anyOf": [REGION_ID, {"type": "null"}]}

_REGION = {"description": TEXT, "parent_region_id": NO_REGION}
CREATE_REGION = wrapped("region", closed({"id": REGION_ID, **_REGION}))
UPDATE_REGION = wrapped("region", closed({"id": REGION_ID, **_REGION}))

_SERVICE = {
    "type": {"type": "string", "minLength": 1, "maxLength": 255},
    "name": _NAME, "description": TEXT, "enabled": BOOLEAN,
}
CREATE_SERVICE = wrapped("service", closed(_SERVICE, ("type",)))
UPDATE_SERVICE = wrapped("service", closed(_SERVICE))

_ENDPOINT = {
    "interface": INTERFACE,
    "url": {"type": "string", "maxLength": 2048,
            "pattern": r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/]\S*$"},
    "service_id": {"type": "string", "minLength": 1, "maxLength": 64},
    "region": NO_REGION, "region_id": NO_REGION,
    "name": _NAME, "description": TEXT, "enabled": BOOLEAN,
}
CREATE_ENDPOINT = wrapped(
    "endpoint", closed(_ENDPOINT, ("interface", "url", "service_id")))
UPDATE_ENDPOINT = wrapped("endpoint", closed(_ENDPOINT))
