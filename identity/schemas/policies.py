"""Bodies of /policies. They are open: clients store what they like."""

from common.schema import NAME, Schema, wrapped
from identity.schemas.projects import open_object

#: Text: what is in it is for those who read it.
_BLOB: Schema = {"type": "string", "maxLength": 60000}
_POLICY: Schema = {"blob": _BLOB, "type": NAME}
CREATE = wrapped("policy", open_object(_POLICY, ("blob", "type")))
UPDATE = wrapped("policy", open_object(_POLICY))
