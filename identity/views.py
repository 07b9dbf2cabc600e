"""What clients see of tokens."""

import datetime
from typing import Any

from identity.authority import Grant
from identity.db.authority import Target
from identity.db.models import DOMAIN, PROJECT, SYSTEM
from identity.receipts import Incomplete


def moment(at: datetime.datetime | None) -> str | None:
    """Return a time as identity shows it: microseconds and Z."""
    if at is None:
        return None
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def token(grant: Grant) -> dict[str, Any]:
    """Return the ``token`` object of answers, but for the catalog.

    It is made once for each grant: callers must not change it.
    """
    if grant.view is None:
        grant.view = _token(grant)
    return grant.view


def with_catalog(grant: Grant) -> dict[str, Any]:
    """Return the ``token`` object with the catalog, if it has a scope."""
    shown = token(grant)
    if not grant.token.scope:
        return shown
    return shown | {"catalog": grant.catalog()}


def _token(grant: Grant) -> dict[str, Any]:
    subject, sealed = grant.subject, grant.token
    shown: dict[str, Any] = {
        "methods": list(sealed.methods),
        "user": {
            "domain": {"id": subject.domain_id,
                       "name": subject.domain_name},
            "id": subject.id, "name": subject.name,
            "password_expires_at": moment(subject.password_expires_at)},
        "audit_ids": list(sealed.audit_ids),
        "expires_at": moment(sealed.expires_at),
        "issued_at": moment(sealed.issued_at),
    }
    if sealed.scope:
        shown |= _scope(sealed.scope.kind, subject.target)
        shown["roles"] = [{"id": role.id, "name": role.name}
                          for role in grant.roles]
    if grant.allowed:
        shown |= grant.allowed.shown
    return shown


def receipt(incomplete: Incomplete) -> dict[str, Any]:
    """Return the body that goes with a receipt."""
    subject, sealed = incomplete.subject, incomplete.receipt
    return {"receipt": {
        "methods": list(sealed.methods),
        "user": {
            "domain": {"id": subject.domain_id,
                       "name": subject.domain_name},
            "id": subject.id, "name": subject.name},
        "expires_at": moment(sealed.expires_at),
        "issued_at": moment(sealed.issued_at),
    }, "required_auth_methods": incomplete.required}


def _scope(kind: str, target: Target | None) -> dict[str, Any]:
    if kind == SYSTEM or target is None:
        return {"system": {"all": True}}
    named = {"id": target.id, "name": target.name}
    if kind == DOMAIN:
        return {"domain": named}
    assert kind == PROJECT
    domain = {"id": target.domain_id, "name": target.domain_name}
    return {"project": named | {"domain": domain},
            "is_domain": target.is_domain}
