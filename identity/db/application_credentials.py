"""Queries on application credentials; the caller owns the transaction."""

import uuid
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import lookup
from identity.db.authority import changed_rows
from identity.db.credentials import lock_owner
from identity.db.delegations import (
    AccessRule,
    ApplicationCredential,
    ApplicationCredentialAccessRule,
)

#: Application credentials, and access rules, that a user may have.
MAX_PER_USER = 500

#: Service, method and path.
Request = tuple[str, str, str]


def get(session: orm.Session, user_id: str,
        credential_id: str) -> ApplicationCredential:
    """Return the user's application credential, or raise Missing."""
    return lookup.get_of_user(
        session, ApplicationCredential, user_id, credential_id,
        "application credential")


def by_name(session: orm.Session, user_id: str,
            name: str) -> ApplicationCredential | None:
    """Return the one of the user that has this name."""
    return session.scalars(
        sa.select(ApplicationCredential).filter_by(
            user_id=user_id, name=name)).first()


def add(session: orm.Session, row: ApplicationCredential) -> None:
    """Add it, or raise Duplicate or TooMany."""
    lookup.refuse_more(
        session, MAX_PER_USER, "application credentials",
        ApplicationCredential.user_id == row.user_id)
    session.add(row)
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        raise exceptions.Duplicate(
            kind="application_credential",
            reason=f"name {row.name} is in use") from error


def rules_of(session: orm.Session, user_id: str) -> Sequence[AccessRule]:
    """Return the access rules of the user, sorted by id."""
    return session.scalars(
        sa.select(AccessRule).where(AccessRule.user_id == user_id)
        .order_by(AccessRule.id)).all()


def get_rule(session: orm.Session, user_id: str, rule_id: str) -> AccessRule:
    """Return the user's access rule, or raise Missing."""
    return lookup.get_of_user(
        session, AccessRule, user_id, rule_id, "access rule")


def ensure_rules(session: orm.Session, user_id: str,
                 wanted: Iterable[Request | str]) -> list[AccessRule]:
    """Return the user's rules for the requests, making those not there.

    Call it with the owner locked, so that no two make the same.

    :param wanted: requests, or ids of rules that are there
    :raises Missing: for an id that is no rule of the user
    """
    known = rules_of(session, user_id)
    by_id: dict[Request | str, AccessRule] = {
        rule.id: rule for rule in known}
    by_id |= {(rule.service, rule.method, rule.path): rule
              for rule in known}
    found: dict[str, AccessRule] = {}
    for key in dict.fromkeys(wanted):
        if key not in by_id:
            by_id[key] = _make_rule(session, user_id, key)
        found[by_id[key].id] = by_id[key]
    if len({rule.id for rule in by_id.values()}) > MAX_PER_USER:
        raise exceptions.TooMany(what="access rules", limit=MAX_PER_USER)
    return list(found.values())


def _make_rule(session: orm.Session, user_id: str,
               key: Request | str) -> AccessRule:
    if isinstance(key, str):
        raise exceptions.Missing(kind="access rule", id=key)
    service, method, path = key
    made = AccessRule(id=uuid.uuid4().hex, user_id=user_id,
                      service=service, method=method, path=path)
    session.add(made)
    return made


def delete_rule(session: orm.Session, rule: AccessRule) -> None:
    """Delete the rule, or raise NotAllowed while a credential has it."""
    # Whoever gives it to a credential locks the owner, too.
    lock_owner(session, rule.user_id)
    used = sa.select(ApplicationCredentialAccessRule).where(
        ApplicationCredentialAccessRule.access_rule_id == rule.id)
    gone = changed_rows(session, sa.delete(AccessRule).where(
        AccessRule.id == rule.id, ~used.exists()))
    if gone == 0:
        raise exceptions.NotAllowed(
            reason=f"Access rule {rule.id} is in use by an application "
                   "credential.")
