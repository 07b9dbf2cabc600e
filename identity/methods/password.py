"""Who knows the password."""

from typing import Any, ClassVar

from common import exceptions, schema
from identity import compliance, passwords
from identity.db.authority import Named, Subject
from identity.delegation.oauth import Call
from identity.exceptions import PasswordExpired
from identity.methods import base

NAME = {"type": "string", "maxLength": 255}
DOMAIN: schema.Schema = {
    "type": "object", "properties": {"id": NAME, "name": NAME},
    "anyOf": [{"required": ["id"]}, {"required": ["name"]}],
}


def user_with(name: str, max_length: int) -> schema.Schema:
    """Return the schema of a claim: a user, and what proves it."""
    return schema.closed({"user": {
        "type": "object",
        "properties": {
            "id": NAME, "name": NAME, "domain": DOMAIN,
            name: {"type": "string", "maxLength": max_length}},
        "required": [name],
        "anyOf": [{"required": ["id"]}, {"required": ["name", "domain"]}],
    }}, ("user",))


class Password(base.Method):
    """The method ``password``."""

    claim_schema: ClassVar[schema.Schema] = user_with(
        "password", passwords.MAX_LENGTH)
    guessable = True

    def authenticate(self, claim: dict[str, Any], call: Call) -> base.Proof:
        user = claim["user"]
        subject = self.verify(self.means.authority.find(named(user)),
                              user["password"], call.source)
        if compliance.expired(subject.options, subject.password_expires_at):
            raise PasswordExpired(user_id=subject.id)
        return base.Proof(subject.id, ("password",), subject=subject)

    def verify(self, subject: Subject | None, password: str,
               source: str) -> Subject:
        """Return the user if it is theirs, and they are not kept out.

        It may have expired, and be good for nothing but to change it.

        :raises Unauthorized: whatever is wrong
        """
        guard = self.means.guard
        guard.check_source(source)
        stored = subject.password_hash if subject else None
        if subject and stored and guard.admits(subject):
            if self.means.remembered.knows(
                    subject.id, subject.revision, stored, password):
                return subject
        right = self.means.hasher.matches(password, stored)
        # Of many side by side, those beyond the limit learn nothing.
        guard.check_source(source)
        if not right or subject is None or stored is None:
            guard.count(subject, source)
            raise exceptions.Unauthorized()
        now = guard.now(subject)
        if not guard.admits(now):
            guard.count(None, source)
            raise exceptions.Unauthorized()
        self.means.remembered.add(
            subject.id, subject.revision, stored, password)
        return now


def named(thing: dict[str, Any]) -> Named:
    """Return what an object of an authentication request names."""
    if "id" in thing:
        return Named(id=thing["id"])
    domain = thing.get("domain", {})
    return Named(name=thing["name"], domain_id=domain.get("id"),
                 domain_name=domain.get("name"))
