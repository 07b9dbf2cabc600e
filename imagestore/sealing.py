"""Tokens that outlive a request: sealed, for one task, and not for long."""

import contextlib
import os
import pathlib
import tempfile

import orjson
from cryptography import fernet

from common.secret import Secret


class Seal:
    """Seals with a key in a file that all hosts of the service share.

    The file is made at first use. Without it nothing sealed opens again,
    which ends the imports under way that hold a token.
    """

    def __init__(self, path: str) -> None:
        self._path = pathlib.Path(path)

    def seal(self, token: Secret, task_id: str) -> str:
        """Return what a table may hold."""
        text = orjson.dumps([task_id, token.reveal()])
        return self._box().encrypt(text).decode()

    def open(self, sealed: str, task_id: str) -> Secret:
        """Return the token; LookupError if it is not this task's."""
        try:
            named, token = orjson.loads(self._box().decrypt(sealed.encode()))
        except fernet.InvalidToken:
            raise LookupError("sealed with another key") from None
        if named != task_id:
            raise LookupError("sealed for another task")
        return Secret(token)

    def _box(self) -> fernet.Fernet:
        try:
            return fernet.Fernet(self._path.read_bytes())
        except FileNotFoundError:
            self._make()
        return fernet.Fernet(self._path.read_bytes())

    def _make(self) -> None:
        """Make a key, unless another process has just done so."""
        # A name of its own: processes of two hosts may have the same id,
        # and what one has linked the other must not write to.
        fd, part = tempfile.mkstemp(
            prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(fernet.Fernet.generate_key())
                file.flush()
                os.fsync(fd)
            with contextlib.suppress(FileExistsError):
                os.link(part, self._path)
        finally:
            os.unlink(part)
