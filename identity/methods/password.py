"""Who knows the password."""

from typing import Any, ClassVar

from common import db, exceptions, schema
from identity import compliance, passwords
from identity.db import authority, users
from identity.db.authority import Named, Subject
from identity.exceptions import PasswordExpired
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
        subject = self.means.authority.find(named(user))
        if not self.verify(subject, user["password"]) or subject is None:
            raise exceptions.Unauthorized()
        if compliance.expired(subject.options, subject.password_expires_at):
            raise PasswordExpired(user_id=subject.id)
        return base.Proof(subject.id, ("password",), subject=subject)

    def verify(self, subject: Subject | None, password: str) -> bool:
        """Say whether it is theirs, and they are not kept out.

        It may have expired, and be good for nothing but to change it.
        """
        stored = subject.password_hash if subject else None
        if subject and stored and self._admits(subject):
            if self.means.remembered.knows(
                    subject.id, subject.revision, stored, password):
                self._came_in(subject)
                return True
        right = self.means.hasher.matches(password, stored)
        if not right or subject is None or stored is None:
            self._count(subject)
            return False
        now = self._again(subject)
        if not self._admits(now):
            self._count(None)
            return False
        self._came_in(now)
        self.means.remembered.add(
            subject.id, subject.revision, stored, password)
        return True

    def _admits(self, subject: Subject) -> bool:
        rules = self.means.rules
        return (subject.enabled and not rules.locked(subject)
                and not rules.inactive(subject.options, subject.active_at))

    def _count(self, subject: Subject | None) -> None:
        """Count a wrong password; None does as much work, for nothing."""
        rules = self.means.rules
        if not rules.lockout_attempts:
            return
        counted = subject is not None and rules.counts(subject.options)
        with self.means.db.writer() as session:
            users.count_failure(
                session, subject.id if subject and counted else "",
                limit=rules.lockout_attempts, since=rules.locked_since())

    def _again(self, subject: Subject) -> Subject:
        """Return the user as they are after the slow hash.

        Meanwhile wrong guesses, side by side, may have locked them out.
        """
        if not self.means.rules.counts(subject.options):
            return subject
        with self.means.db.reader() as session:
            return authority.find_subject(
                session, Named(id=subject.id)) or subject

    def _came_in(self, subject: Subject) -> None:
        """Note it where that is news, so that few log-ins write."""
        today = self.means.rules.tracks_activity and (
            subject.active_at.date() < db.utcnow().date())
        if subject.failures or today:
            with self.means.db.writer() as session:
                users.came_in(session, subject.id, subject.failures,
                              today=today)


def named(thing: dict[str, Any]) -> Named:
    """Return what an object of an authentication request names."""
    if "id" in thing:
        return Named(id=thing["id"])
    domain = thing.get("domain", {})
    return Named(name=thing["name"], domain_id=domain.get("id"),
                 domain_name=domain.get("name"))
