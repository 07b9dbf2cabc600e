"""Secrets that must be read again: sealed with keys kept apart."""

from typing import Any, Protocol

from cryptography import fernet

from identity.tokens import KeyRepository


class HasSecret(Protocol):
    """A row with a secret."""

    sealed_secret: Any


class Vault:
    """Turns secrets into what a table may hold, and back.

    Sealed text is Fernet's, by a key of the repository of credentials.
    """

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys

    def ensure(self) -> None:
        """Make the keys, if there are none."""
        self._keys.ensure()

    def check(self) -> None:
        """Raise unless there are keys to work with."""
        self._keys.box()

    def rotate(self, keep: int) -> None:
        """Let a new key seal; what was sealed before still opens."""
        self._keys.rotate(keep)

    def seal(self, text: str) -> str:
        """Return what to store."""
        return self._keys.box().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the secret.

        :raises LookupError: if the key that sealed it is gone
        """
        try:
            return self._keys.box().decrypt(sealed.encode()).decode()
        except fernet.InvalidToken:
            raise LookupError("no key opens a stored secret") from None

    def secret_of(self, row: HasSecret | None) -> str | None:
        """Return the secret of what may be unknown."""
        return None if row is None else self.open(row.sealed_secret)

    def sealed_anew(self, sealed: str) -> str:
        """Return the same secret, sealed with the newest key."""
        return self._keys.box().rotate(sealed.encode()).decode()
