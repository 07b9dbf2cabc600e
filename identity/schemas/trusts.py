"""Bodies of /OS-TRUST/trusts."""

from common.schema import Schema, closed, wrapped
from identity.schemas.application_credentials import MOMENT, ROLES

_ID: Schema = {"type": "string", "minLength": 1, "maxLength": 64}
_OPTIONAL_ID: Schema = {"type": ["string", "null"], "maxLength": 64}

CREATE = wrapped("trust", closed({
    "trustor_user_id": _ID, "trustee_user_id": _ID,
    "project_id": _OPTIONAL_ID, "impersonation": {"type": "boolean"},
    "expires_at": MOMENT, "roles": ROLES,
    "remaining_uses": {"type": ["integer", "null"], "minimum": 1,
                       "maximum": 1_000_000_000},
    "allow_redelegation": {"type": ["boolean", "null"]},
    "redelegation_count": {"type": ["integer", "null"], "minimum": 0,
                           "maximum": 1000},
    "redelegated_trust_id": _OPTIONAL_ID,
}, ("trustor_user_id", "trustee_user_id", "impersonation")))
