"""Bodies of /OS-EP-FILTER/endpoint_groups."""

from common.schema import ID, NAME, Schema, closed, wrapped
from identity.schemas.catalog import INTERFACE, REGION_ID
from identity.schemas.projects import TEXT

_FILTERS = closed({"interface": INTERFACE, "service_id": ID,
                   "region_id": REGION_ID})
_GROUP: Schema = {"name": NAME, "description": TEXT, "filters": _FILTERS}
CREATE = wrapped("endpoint_group", closed(_GROUP, ("name", "filters")))
#: The openstack client sends null for what shall stay as it is.
UPDATE = wrapped("endpoint_group", closed({
    name: {"anyOf": [item, {"type": "null"}]}
    for name, item in _GROUP.items()}))
