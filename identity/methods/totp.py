"""Who has the device that shows one-time passcodes: RFC 6238.

The seed is a credential of type ``totp``: base 32, as applications for it
take it.
"""

import base64
import binascii
import hmac
import time
from collections.abc import Iterator
from typing import Any, ClassVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor import totp

from common import exceptions, schema
from identity.db import credentials, passcodes
from identity.db.authority import Subject
from identity.methods import base
from identity.methods.password import DOMAIN, named

_NAME = {"type": "string", "maxLength": 255}
_WINDOW_S = 30
_DIGITS = 6
#: Guesses per user within one window.
_TRIES = 5
KIND = credentials.TOTP


class Totp(base.Method):
    """The method ``totp``; no passcode is taken twice."""

    claim_schema: ClassVar[schema.Schema] = schema.closed({"user": {
        "type": "object",
        "properties": {
            "id": _NAME, "name": _NAME, "domain": DOMAIN,
            "passcode": {"type": "string", "maxLength": 64}},
        "required": ["passcode"],
        "anyOf": [{"required": ["id"]}, {"required": ["name", "domain"]}],
    }}, ("user",))

    def authenticate(self, claim: dict[str, Any]) -> base.Proof:
        user = claim["user"]
        subject = self.means.authority.find(named(user))
        now = int(time.time()) // _WINDOW_S
        shown_in = self._shown_in(subject, user["passcode"], now)
        with self.means.db.writer() as session:
            good = passcodes.use(
                session, subject.id if subject else "", shown_in,
                window=now, tries=_TRIES)
        if not good or subject is None or not self._admits(subject):
            raise exceptions.Unauthorized()
        return base.Proof(subject.id, (KIND,), subject=subject)

    def _shown_in(self, subject: Subject | None, passcode: str,
                  now: int) -> int | None:
        """Return the window in which a device shows it, None if none."""
        wanted = passcode.encode()
        windows = range(now, now - self.means.totp_windows - 1, -1)
        found = None
        for seed in self._seeds(subject.id if subject else ""):
            for window in windows:
                if hmac.compare_digest(wanted, _passcode(seed, window)):
                    found = window
        return found

    def _seeds(self, user_id: str) -> Iterator[bytes]:
        with self.means.db.reader() as session:
            rows = credentials.of_user(session, user_id, KIND)
        for row in rows:
            if row.application_credential_id is not None:
                continue  # a program's, that is less than its user
            text = self.means.vault.open(row.sealed_blob).replace(" ", "")
            text = text.rstrip("=").upper()
            try:
                yield base64.b32decode(text + "=" * (-len(text) % 8))
            except binascii.Error:
                continue  # no device could have taken it either

    def _admits(self, subject: Subject) -> bool:
        rules = self.means.rules
        return (subject.enabled and not rules.locked(subject)
                and not rules.inactive(subject.options, subject.active_at))


def _passcode(seed: bytes, window: int) -> bytes:
    generator = totp.TOTP(
        seed, _DIGITS, hashes.SHA1(), _WINDOW_S,  # noqa: S303
        enforce_key_length=False)
    return generator.generate(window * _WINDOW_S)
