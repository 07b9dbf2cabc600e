"""Bodies of /roles."""

from common.schema import closed, wrapped
from identity.schemas.projects import OPTIONS, TEXT
from identity.schemas.users import ID, NAME

_ROLE = {"name": NAME, "description": TEXT, "domain_id": ID,
         "options": OPTIONS}
CREATE = wrapped("role", closed(_ROLE, ("name",)))
UPDATE = wrapped("role", closed(_ROLE))
