"""Who has the device that shows one-time passcodes: RFC 6238.

The seed is a credential of type ``totp``: base 32, as applications for it
take it.
"""

import base64
import binascii
import hmac
import time
from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor import totp

from common import exceptions, schema
from identity.db import credentials, passcodes
from identity.db.authority import Subject
from identity.delegation.oauth import Call
from identity.guard import Tally
from identity.methods import base
from identity.methods.password import named, user_with

_WINDOW_S = 30
_DIGITS = 6
#: Guesses within one window, at one user from one address. Without rules
#: for lock-out, a million passcodes would soon be tried.
_TRIES = 5
KIND = credentials.TOTP


class Totp(base.Method):
    """The method ``totp``; no passcode is taken twice."""

    claim_schema: ClassVar[schema.Schema] = user_with("passcode", 64)
    guessable = True

    def __init__(self, means: base.Means) -> None:
        super().__init__(means)
        self._tries = Tally(_TRIES, _WINDOW_S)

    def authenticate(self, claim: dict[str, Any], call: Call) -> base.Proof:
        user = claim["user"]
        subject = self._verify(self.means.authority.find(named(user)),
                               user["passcode"], call.source)
        return base.Proof(subject.id, (KIND,), subject=subject)

    def _verify(self, subject: Subject | None, passcode: str,
                source: str) -> Subject:
        guard = self.means.guard
        guard.check_source(source)
        window = int(time.time()) // _WINDOW_S
        # Counted before it is looked at: of many at a time, all count.
        key = (window, source, subject.id if subject else "")
        spent = self._tries.full(key)
        self._tries.add(key)
        shown_in = self._shown_in(subject, passcode, window)
        if subject is None or shown_in is None or spent:
            self._refuse(subject, passcode, source)
        now = guard.now(subject)
        if not guard.admits(now) or not self._use(now, shown_in):
            self._refuse(None, passcode, source)
        self._tries.take_back(key)
        return now

    def _refuse(self, subject: Subject | None, passcode: str,
                source: str) -> NoReturn:
        # As slow as a wrong password, and as few side by side; counted
        # before, for those who have no turn know that it was wrong, too.
        self.means.guard.count(subject, source)
        self.means.hasher.matches(passcode, None)
        raise exceptions.Unauthorized()

    def _use(self, subject: Subject, shown_in: int) -> bool:
        with self.means.db.writer() as session:
            return passcodes.use(session, subject.id, shown_in)

    def _shown_in(self, subject: Subject | None, passcode: str,
                  now: int) -> int | None:
        """Return the window in which a device shows it, None if none.

        :param now: the present window, a number of ``_WINDOW_S`` since 1970
        """
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


def _passcode(seed: bytes, window: int) -> bytes:
    generator = totp.TOTP(
        seed, _DIGITS, hashes.SHA1(), _WINDOW_S,  # noqa: S303
        enforce_key_length=False)
    return generator.generate(window * _WINDOW_S)
