"""Who knows the password."""

from typing import Any, ClassVar

from common import db, exceptions, schema
from identity import passwords
from identity.db import authority
from identity.db.authority import Named, Subject
from identity.methods import base

_NAME = {"type": "string", "maxLength": 255}
DOMAIN: schema.Schema = {
    "type": "object", "properties": {"id": _NAME, "name": _NAME},
    "anyOf": [{"required": ["id"]}, {"required": ["name"]}],
}


class Password(base.Method):
    """The method ``password``."""

    claim_schema: ClassVar[schema.Schema] = schema.closed({"user": {
        "type": "object",
        "properties": {
            "id": _NAME, "name": _NAME, "domain": DOMAIN,
            "password": {"type": "string",
                         "maxLength": passwords.MAX_LENGTH}},
        "required": ["password"],
        "anyOf": [{"required": ["id"]}, {"required": ["name", "domain"]}],
    }}, ("user",))

    def authenticate(self, claim: dict[str, Any]) -> base.Proof:
        user = claim["user"]
        with self.means.db.reader() as session:
            subject = authority.find_subject(session, named(user))
        if not self.verify(subject, user["password"]) or subject is None:
            raise exceptions.Unauthorized()
        return base.Proof(subject.id, ("password",))

    def verify(self, subject: Subject | None, password: str) -> bool:
        """Say whether they may come in with ``password``."""
        stored = subject.password_hash if subject else None
        if subject and stored and _admits(subject):
            if self.means.remembered.knows(
                    subject.id, subject.revision, stored, password):
                return True
        if not self.means.hasher.matches(password, stored):
            return False
        if subject is None or stored is None or not _admits(subject):
            return False
        self.means.remembered.add(
            subject.id, subject.revision, stored, password)
        return True


def _admits(subject: Subject) -> bool:
    expires_at = subject.password_expires_at
    return subject.enabled and (
        expires_at is None or expires_at > db.utcnow())


def named(thing: dict[str, Any]) -> Named:
    """Return what an object of an authentication request names."""
    if "id" in thing:
        return Named(id=thing["id"])
    domain = thing.get("domain", {})
    return Named(name=thing["name"], domain_id=domain.get("id"),
                 domain_name=domain.get("name"))
