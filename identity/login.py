"""From what a login request says to a token."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from common import exceptions, installed, schema
from identity.authority import Authority, Grant, Wish
from identity.db.authority import Named
from identity.db.models import DOMAIN, PROJECT, SYSTEM
from identity.delegation.oauth import Call
from identity.guard import Guard
from identity.methods.base import Means, Method, Proof
from identity.methods.password import named
from identity.receipts import Receipts, unmet
from identity.schemas.auth import TRUST_SCOPE
from identity.tokens import Delegation

ENTRY_POINTS = "pileus.auth_methods"


def load_methods(means: Means) -> dict[str, Method]:
    """Return the installed authentication methods by their names."""
    return {name: point.load()(means) for name, point
            in installed.entry_points(ENTRY_POINTS).items()}


class Login:
    """Checks the proofs of a login, and issues its token."""

    def __init__(self, methods: Mapping[str, Method],
                 authority: Authority, receipts: Receipts,
                 guard: Guard) -> None:
        self._methods = methods
        self._guard = guard
        self._authority = authority
        self._receipts = receipts

    def __call__(self, auth: dict[str, Any], call: Call,
                 sealed: str | None = None) -> tuple[str, Grant]:
        """Return the token that ``auth`` asks for.

        :param call: the request that it came in
        :param sealed: the receipt that an incomplete login before it gave
        :raises Unauthorized: whatever is wrong with the sender
        :raises Incomplete: if the user must prove more
        """
        proof = self._prove(auth["identity"], call)
        subject = proof.subject or self._authority.find(
            Named(id=proof.user_id))
        if subject is None:
            raise exceptions.Unauthorized()
        receipt = self._receipts.read(sealed, subject) if sealed else None
        if receipt is not None:
            proof = receipt.joined(proof)
        rules = unmet(subject.options, proof.methods, self._methods)
        if rules:
            raise self._receipts.refuse(proof, subject, rules, receipt)
        if any(self._methods[name].guessable
               for name in auth["identity"]["methods"]):
            self._guard.came_in(subject)
        return self._authority.issue(proof, wish(auth.get("scope")))

    def _prove(self, identity: dict[str, Any], call: Call) -> Proof:
        names = dict.fromkeys(identity["methods"])
        if not set(names) <= set(self._methods):
            raise exceptions.Unauthorized()
        for name in names:
            schema.validate(
                identity.get(name), self._methods[name].claim_schema,
                f"body.auth.identity.{name}")
        return combine([
            self._methods[name].authenticate(identity[name], call)
            for name in names])


def combine(proofs: list[Proof]) -> Proof:
    """Return what all proofs say together, or raise Unauthorized.

    They must agree on the user; the token lives as the shortest allows.
    """
    first = proofs[0]
    delegations = {p.delegation for p in proofs if p.delegation is not None}
    if (any(proof.user_id != first.user_id for proof in proofs)
            or len(delegations) > 1):
        raise exceptions.Unauthorized()
    methods = dict.fromkeys(
        method for proof in proofs for method in proof.methods)
    return dataclasses.replace(
        first, methods=tuple(methods),
        not_after=min((p.not_after for p in proofs if p.not_after),
                      default=None),
        chain=next((p.chain for p in proofs if p.chain), None),
        delegation=next(iter(delegations), None),
        subject=next((p.subject for p in proofs if p.subject), None))


def wish(scope: Any) -> Wish:
    """Return the scope that a request asks for."""
    if scope is None:
        return Wish()
    if scope == "unscoped" or "unscoped" in scope:
        return Wish("")
    if "system" in scope:
        return Wish(SYSTEM)
    if TRUST_SCOPE in scope:
        return Wish(delegation=Delegation("trust", scope[TRUST_SCOPE]["id"]))
    kind = PROJECT if "project" in scope else DOMAIN
    return Wish(kind, named(scope[kind]))
