"""Who holds a token already, and wants one of another scope."""

from typing import Any, ClassVar

from common import schema
from identity.delegation.oauth import Call
from identity.exceptions import NotAllowed
from identity.methods import base


class Token(base.Method):
    """The method ``token``.

    What comes out ends when the token does, and belongs to its chain. A
    token that acts by a delegation begets no others.
    """

    claim_schema: ClassVar[schema.Schema] = schema.closed(
        {"id": {"type": "string", "maxLength": 4096}}, ("id",))

    def authenticate(self, claim: dict[str, Any], call: Call) -> base.Proof:
        # Not 401 for one that has ended, but TokenNotFound: as Keystone.
        found = self.means.authority.validate(claim["id"])
        token = found.token
        if token.delegation:
            raise NotAllowed(
                reason="A token that was made by a delegation cannot be "
                       "exchanged for another.")
        methods = token.methods
        if "token" not in methods:
            methods += ("token",)
        return base.Proof(
            token.user_id, methods, token.expires_at, token.audit_ids[-1],
            subject=found.subject)
