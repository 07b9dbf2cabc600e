"""Programs that log in with an application credential of a user."""

from typing import Any, ClassVar

from sqlalchemy import orm

from common import exceptions, schema
from identity import passwords
from identity.db import application_credentials as rows
from identity.db import authority
from identity.db.delegations import ApplicationCredential
from identity.delegation.application_credential import (
    ApplicationCredentials,
)
from identity.delegation.base import is_over
from identity.delegation.oauth import Call
from identity.methods import base
from identity.methods.password import DOMAIN, NAME, named
from identity.tokens import Delegation

_SECRET = {"type": "string", "maxLength": passwords.MAX_LENGTH}
_USER = {
    "type": "object",
    "properties": {"id": NAME, "name": NAME, "domain": DOMAIN},
    "anyOf": [{"required": ["id"]}, {"required": ["name", "domain"]}],
}


class Method(base.Method):
    """The method ``application_credential``.

    The credential is named by its id, or by its name and its user.
    """

    claim_schema: ClassVar[schema.Schema] = {
        **schema.closed({
            "id": NAME, "name": NAME, "user": _USER, "secret": _SECRET},
            ("secret",)),
        "anyOf": [{"required": ["id"]}, {"required": ["name", "user"]}],
    }

    def authenticate(self, claim: dict[str, Any], call: Call) -> base.Proof:
        with self.means.db.reader() as session:
            row = _find(session, claim)
        if not self._matches(row, claim["secret"]) or row is None:
            raise exceptions.Unauthorized()
        if is_over(row.expires_at):
            raise exceptions.Unauthorized()
        return base.Proof(
            row.user_id, ("application_credential",),
            delegation=Delegation(ApplicationCredentials.name, row.id))

    def _matches(self, row: ApplicationCredential | None,
                 secret: str) -> bool:
        stored = row.secret_hash if row else None
        if row and self.means.remembered.knows(
                row.id, 0, row.secret_hash, secret):
            return True
        if not self.means.hasher.matches(secret, stored):
            return False
        if row:
            self.means.remembered.add(row.id, 0, row.secret_hash, secret)
        return True


def _find(session: orm.Session, claim: dict[str, Any]
          ) -> ApplicationCredential | None:
    if "id" in claim:
        return session.get(ApplicationCredential, claim["id"])
    subject = authority.find_subject(session, named(claim["user"]))
    if subject is None:
        return None
    return rows.by_name(session, subject.id, claim["name"])
