"""Bodies of /OS-EP-FILTER/endpoint_groups."""

from common.schema import ID, NAME, Schema, closed, wrapped
from identity.schemas.catalog import INTERFACE, REGION_ID
from identity.schemas.projects import TEXT

_GROUP: Schema = {
    "name": NAME, "description": TEXT,
    "filters": closed({"interface": INTERFACE, "service_id": ID,
                       "region_id": REGION_ID}),
}
CREATE = wrapped("endpoint_group", closed(_GROUP, ("name", "filters")))
UPDATE = wrapped("endpoint_group", closed(_GROUP))
