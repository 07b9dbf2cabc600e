"""What an authentication method is.

Methods are entry points of ``pileus.auth_methods``, by the name that
requests give in ``auth.identity.methods``.
"""

import abc
import dataclasses
import datetime
from typing import Any, ClassVar

from common import db, exceptions, schema
from identity import compliance, passwords, tokens
from identity.delegation import oauth
from identity.delegation.vault import Vault


@dataclasses.dataclass(frozen=True)
class Proof:
    """What a method found out about who sends the request."""

    user_id: str
    #: The methods behind it: its own, and those of a token it came from.
    methods: tuple[str, ...]
    #: A token made from this must end by then, whatever else allows more.
    not_after: datetime.datetime | None = None
    #: Audit id of the first token of the chain, if there is one already.
    chain: str | None = None
    #: What they act by, if it is not their own right: the token has the
    #: user and scope that this allows.
    delegation: tokens.Delegation | None = None
    #: What is known of the user, if it had to be read anyway.
    subject: Any = None  # identity.db.authority.Subject


@dataclasses.dataclass(frozen=True)
class Means:
    """What methods work with."""

    db: db.Database
    hasher: passwords.Hasher
    remembered: passwords.Remembered
    authority: Any  # identity.authority.Authority, which holds the methods
    codec: tokens.Codec
    rules: compliance.Rules
    #: Opens stored secrets.
    vault: Vault
    #: One-time passcodes of before this one that are taken, too.
    totp_windows: int


class Method(abc.ABC):
    """One way to prove who one is."""

    #: JSON Schema of ``auth.identity.<name>``.
    claim_schema: ClassVar[schema.Schema]

    def __init__(self, means: Means) -> None:
        self.means = means

    @abc.abstractmethod
    def authenticate(self, claim: dict[str, Any]) -> Proof:
        """Return who sends ``claim``, or raise Unauthorized.

        Unknown, disabled, locked and wrong must look, and last, the same.
        """


class SignedMethod(Method):
    """A way to prove who one is by a signature over the request."""

    def authenticate(self, claim: dict[str, Any]) -> Proof:
        raise exceptions.Unauthorized()

    @abc.abstractmethod
    def authenticate_call(self, call: oauth.Call) -> Proof:
        """Return who has signed ``call``, or raise Unauthorized."""
