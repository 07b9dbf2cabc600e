"""What an authentication method is.

Methods are entry points of ``pileus.auth_methods``, by the name that
requests give in ``auth.identity.methods``.
"""

import abc
import dataclasses
import datetime
from typing import Any, ClassVar

from common import db, schema
from identity import passwords, tokens
from identity.delegation.oauth import Call
from identity.delegation.vault import Vault
from identity.guard import Guard


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
    guard: Guard
    #: Opens stored secrets.
    vault: Vault
    #: One-time passcodes of before this one that are taken, too.
    totp_windows: int


class Method(abc.ABC):
    """One way to prove who one is."""

    #: JSON Schema of ``auth.identity.<name>``.
    claim_schema: ClassVar[schema.Schema]
    #: Strangers may guess it: wrong ones count towards lock-out.
    guessable: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self.means = means

    @abc.abstractmethod
    def authenticate(self, claim: dict[str, Any], call: Call) -> Proof:
        """Return who sends ``claim``, or raise Unauthorized.

        Unknown, disabled, locked and wrong must look, and last, the same.

        :param call: the request, for what is signed or guessed
        """
