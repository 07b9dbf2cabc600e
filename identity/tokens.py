"""Fernet tokens: what they carry, and the keys that seal them.

A token says who, where and until when; nothing about it is stored. What it
allows is read from the database at each validation.
"""

import base64
import contextlib
import dataclasses
import datetime
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from cryptography import fernet

from identity import exceptions

_FORM = re.compile(r"[A-Za-z0-9_-]{64,2048}")
#: Layouts of what is sealed: plain, and with a delegation behind it.
_PLAIN, _DELEGATED = 1, 2
_STAGED = 0


@dataclasses.dataclass(frozen=True)
class Scope:
    """What a token is good for: one project, domain, the system, nothing."""

    kind: str = ""
    id: str = ""

    def __bool__(self) -> bool:
        return bool(self.kind)


UNSCOPED = Scope()


class Delegation(NamedTuple):
    """By what, other than their own right, somebody acts."""

    #: The name of a ``delegation.base.Kind``.
    kind: str
    id: str


@dataclasses.dataclass(frozen=True)
class Token:
    """What is sealed in a token.

    ``epoch``: the sum of the epochs of the user, the project and their
    domains, and of all whom the delegation names, at the time of issue.
    They only grow, so a different sum means that one of them ended its
    tokens.
    """

    user_id: str
    methods: tuple[str, ...]
    scope: Scope
    issued_at: datetime.datetime
    expires_at: datetime.datetime
    #: Its own id, then the id of the first of its chain, if another.
    audit_ids: tuple[str, ...]
    epoch: int
    delegation: Delegation | None = None

    def expired(self, now: datetime.datetime, grace_s: int = 0) -> bool:
        """Say whether it ended, ``grace_s`` ago or more."""
        return now >= self.expires_at + datetime.timedelta(seconds=grace_s)

    @property
    def is_first(self) -> bool:
        """Say whether it was not exchanged for another."""
        return len(self.audit_ids) == 1

    @property
    def revocation_ids(self) -> tuple[str, str]:
        """The ids under which a revocation would end it."""
        return self.audit_ids[0], f"chain:{self.audit_ids[-1]}"


def audit_id() -> str:
    """Return a new one: 22 characters that cannot be guessed."""
    return secrets.token_urlsafe(16)


class Codec:
    """Turns tokens into text and back."""

    def __init__(self, keys: "KeyRepository") -> None:
        self._keys = keys

    def keys_at(self) -> int:
        """Return what changes when the keys do."""
        return self._keys.changed_at()

    def pack(self, token: Token) -> str:
        """Seal it."""
        return seal(self._keys, _payload(token))

    def unpack(self, text: str) -> Token:
        """Return what ``text`` seals, or raise TokenNotFound."""
        try:
            return _token(unseal(self._keys, text))
        except ValueError:
            raise exceptions.TokenNotFound() from None


def seal(keys: "KeyRepository", payload: list[Any]) -> str:
    """Return text that only the keys open, and nobody can change."""
    sealed = keys.box().encrypt(orjson.dumps(payload))
    return sealed.rstrip(b"=").decode()


def unseal(keys: "KeyRepository", text: str) -> list[Any]:
    """Return what ``text`` seals, or raise ValueError.

    There is one spelling of it: text that merely decodes to the same bytes
    is refused.
    """
    if not _FORM.fullmatch(text):
        raise ValueError("not sealed")
    padded = text.encode() + b"=" * (-len(text) % 4)
    raw = base64.urlsafe_b64decode(padded)
    if base64.urlsafe_b64encode(raw) != padded:
        raise ValueError("another spelling")
    try:
        payload: list[Any] = orjson.loads(keys.box().decrypt(padded))
    except fernet.InvalidToken:
        raise ValueError("sealed by a key that is not here") from None
    return payload


def _payload(token: Token) -> list[Any]:
    payload = [
        _PLAIN, token.user_id, token.methods, token.scope.kind,
        token.scope.id, micros(token.issued_at),
        micros(token.expires_at), token.audit_ids, token.epoch]
    if token.delegation:
        payload[0] = _DELEGATED
        payload += token.delegation
    return payload


def _token(payload: list[Any]) -> Token:
    version, user, methods, kind, scope, issued, expires, audit, epoch = (
        payload[:9])
    if version not in (_PLAIN, _DELEGATED):
        raise ValueError(f"token version {version}")
    delegation = Delegation(*payload[9:]) if version == _DELEGATED else None
    return Token(
        user, tuple(methods), Scope(kind, scope), moment(issued),
        moment(expires), tuple(audit), epoch, delegation)


def micros(at: datetime.datetime) -> int:
    """Return a time as microseconds since 1970."""
    return round(at.timestamp() * 1_000_000)


def moment(since_1970: int) -> datetime.datetime:
    """Return the time that ``micros`` gave."""
    seconds, rest = divmod(since_1970, 1_000_000)
    return datetime.datetime.fromtimestamp(
        seconds, datetime.UTC).replace(microsecond=rest)


class KeyRepository:
    """A directory of numbered keys.

    The highest seals; all open; 0 is staged: it will seal after the next
    rotation, and opens already, so that several hosts may copy the
    directory one after the other.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._changed_ns = -1
        self._box: fernet.MultiFernet | None = None

    def ensure(self) -> None:
        """Make the directory, with a primary and a staged key, if missing.

        :raises PermissionError: if others than its owner can read it
        """
        if not os.path.isdir(self._path):
            self._make()
        if os.stat(self._path).st_mode & 0o077:
            raise PermissionError(f"{self._path} must have mode 0700")

    def _make(self) -> None:
        parent = os.path.dirname(self._path)
        above = os.path.dirname(parent)
        if not os.path.isdir(parent):
            os.makedirs(parent, mode=0o750, exist_ok=True)
            _own_as(parent, above)
        draft = os.path.join(parent, f".keys-{secrets.token_hex(8)}")
        os.mkdir(draft, 0o700)
        _own_as(draft, parent)
        for number in (_STAGED, 1):
            _write_key(os.path.join(draft, str(number)))
        try:
            os.rename(draft, self._path)
        except OSError:
            # Another process was first.
            shutil.rmtree(draft)
        _sync(parent)

    def rotate(self, keep: int) -> None:
        """Let the staged key seal, stage a new one, drop the oldest.

        :param keep: number of keys that stay, the staged one included; at
            least 3, or tokens that are still good could not be opened
        """
        numbers = self._numbers()
        draft = os.path.join(self._path, f".new-{secrets.token_hex(8)}")
        _write_key(draft)
        os.rename(self._file(_STAGED), self._file(max(numbers) + 1))
        os.rename(draft, self._file(_STAGED))
        sealed = self._numbers()[1:]
        for number in sealed[:max(0, len(sealed) - max(keep, 3) + 1)]:
            os.unlink(self._file(number))
        _sync(self._path)

    def box(self) -> fernet.MultiFernet:
        """Return what seals and opens; keys that changed are read anew."""
        changed_ns = self.changed_at()
        if self._box is None or changed_ns != self._changed_ns:
            with contextlib.suppress(FileNotFoundError):
                # Else a rotation goes on: the keys at hand are good.
                self._box = fernet.MultiFernet(list(self._keys()))
                self._changed_ns = changed_ns
        if self._box is None:
            raise FileNotFoundError(f"no keys in {self._path}")
        return self._box

    def changed_at(self) -> int:
        """Return when the directory was changed, in nanoseconds."""
        return os.stat(self._path).st_mtime_ns

    def _keys(self) -> Iterator[fernet.Fernet]:
        for number in reversed(self._numbers()):
            with open(self._file(number), "rb") as key:
                yield fernet.Fernet(key.read())

    def _numbers(self) -> list[int]:
        return sorted(
            int(name) for name in os.listdir(self._path) if name.isdigit())

    def _file(self, number: int) -> str:
        return os.path.join(self._path, str(number))


def _write_key(path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, fernet.Fernet.generate_key())
        os.fsync(file)
    finally:
        os.close(file)
    _own_as(path, os.path.dirname(path))


def _own_as(path: str, model: str) -> None:
    """Give ``path`` to the owner of ``model``, if we are root.

    An administrator prepares what the daemons, that are not, will read.
    """
    owner = os.stat(model)
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _sync(folder: str) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
