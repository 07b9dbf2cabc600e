"""Receipts: proof of some of the methods that a user must log in with.

One is handed out when a login has met none of the user's rules, and comes
back, with proof of further methods, in a header. Like a token, it seals
what it says, with keys of its own; nothing about it is stored.
"""

import dataclasses
import datetime
from collections.abc import Collection, Mapping
from typing import Any

from common import db, exceptions
from identity import tokens
from identity.db.authority import Subject
from identity.methods.base import Proof

_VERSION = 2


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What is sealed in one; ``epoch`` is the user's."""

    user_id: str
    methods: tuple[str, ...]
    issued_at: datetime.datetime
    expires_at: datetime.datetime
    epoch: int
    #: As in proofs: of a token that was among the methods.
    not_after: datetime.datetime | None = None
    chain: str | None = None

    def joined(self, proof: Proof) -> Proof:
        """Return ``proof`` with the methods of the receipt, too.

        What a token has proven ends with the token here, too.
        """
        methods = dict.fromkeys(self.methods + proof.methods)
        ends = [end for end in (self.not_after, proof.not_after) if end]
        return dataclasses.replace(
            proof, methods=tuple(methods),
            not_after=min(ends, default=None),
            chain=proof.chain or self.chain)


class Incomplete(Exception):
    """More methods are needed; here is a receipt for those at hand."""

    def __init__(self, text: str, receipt: Receipt, subject: Subject,
                 required: list[list[str]]) -> None:
        super().__init__()
        self.text = text
        self.receipt = receipt
        self.subject = subject
        self.required = required


class Receipts:
    """Writes and reads receipts.

    :param life_s: how long one is good, in seconds
    """

    def __init__(self, keys: tokens.KeyRepository, life_s: int) -> None:
        self._keys = keys
        self._life_s = life_s

    def refuse(self, proof: Proof, subject: Subject,
               required: list[list[str]],
               before: Receipt | None) -> Incomplete:
        """Return the error that has a receipt for ``proof`` with it.

        :param before: the receipt that the proof came with, if any; the
            new one ends when that does, so that none is renewed for ever
        :raises Unauthorized: for a proof by a delegation: what comes next
            would be the user's own, and worth more than the delegation
        """
        if proof.delegation is not None:
            raise exceptions.Unauthorized()
        now = db.utcnow()
        ends = (now + datetime.timedelta(seconds=self._life_s),
                proof.not_after, before.expires_at if before else None)
        receipt = Receipt(
            subject.id, proof.methods, now,
            min(end for end in ends if end is not None), subject.epoch,
            proof.not_after, proof.chain)
        return Incomplete(
            tokens.seal(self._keys, _payload(receipt)), receipt, subject,
            required)

    def read(self, text: str, subject: Subject) -> Receipt:
        """Return the user's receipt.

        :raises Unauthorized: if it is another's, or no longer good
        """
        receipt = self._read(text)
        if (receipt.user_id != subject.id or receipt.epoch != subject.epoch
                or receipt.expires_at <= db.utcnow()):
            raise exceptions.Unauthorized()
        return receipt

    def _read(self, text: str) -> Receipt:
        try:
            (version, user_id, methods, issued, expires, epoch, not_after,
             chain) = tokens.unseal(self._keys, text)
        except ValueError:
            raise exceptions.Unauthorized() from None
        if version != _VERSION:
            raise exceptions.Unauthorized()
        return Receipt(
            user_id, tuple(methods), tokens.moment(issued),
            tokens.moment(expires), epoch,
            not_after and tokens.moment(not_after), chain)


def _payload(receipt: Receipt) -> list[Any]:
    return [
        _VERSION, receipt.user_id, receipt.methods,
        tokens.micros(receipt.issued_at), tokens.micros(receipt.expires_at),
        receipt.epoch, receipt.not_after and tokens.micros(receipt.not_after),
        receipt.chain]


def unmet(options: Mapping[str, Any], methods: Collection[str],
          known: Collection[str]) -> list[list[str]]:
    """Return the user's rules, if ``methods`` meet none of them.

    A rule is a list of methods that are needed together; those that are
    not ``known`` here are not asked for, but a rule of no others is not
    met by anything.
    """
    rules = options.get("multi_factor_auth_rules") or []
    if not rules or not options.get("multi_factor_auth_enabled", True):
        return []
    for rule in rules:
        asked = set(rule) & set(known)
        if asked and asked <= set(methods):
            return []
    return [list(rule) for rule in rules]
