"""Who somebody is, and what a token allows: issue, validate, revoke."""

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import orm

from common import db, exceptions
from identity import catalog, roles, tokens
from identity.db import authority as queries
from identity.db.authority import Named, State, Subject
from identity.db.models import DOMAIN, PROJECT
from identity.delegation.base import Allowance, Kind
from identity.exceptions import TokenNotFound
from identity.methods.base import Proof
from identity.roles import RoleName
from identity.tokens import Delegation, Scope, Token


@dataclasses.dataclass(frozen=True)
class Grant:
    """A token that is good, and all that it means now."""

    token: Token
    subject: Subject
    roles: list[RoleName]
    #: Gives the catalog as the token sees it.
    catalog: Callable[[], list[dict[str, Any]]]
    #: Of a token that was made by a delegation.
    allowed: Allowance | None = None

    @property
    def access_rules(self) -> list[dict[str, str]] | None:
        """The only requests it is good for; None for no such bounds."""
        shown = self.allowed.shown if self.allowed else {}
        found: list[dict[str, str]] | None = shown.get(
            "application_credential", {}).get("access_rules")
        return found

    @property
    def role_names(self) -> list[str]:
        """The names of the roles."""
        return [role.name for role in self.roles]


@dataclasses.dataclass(frozen=True)
class Wish:
    """The scope that a login asks for.

    ``kind`` None: none in particular, so the user's default project, if
    there is one where they have a role.
    """

    kind: str | None = None
    target: Named = Named()
    #: To act by this, with the scope that it allows.
    delegation: Delegation | None = None


class Authority:
    """Decides by what the database says now; see ``db/authority.py``.

    :param token_s: how long tokens live, in seconds
    :param grace_s: how long after that services may still use them
    :param kinds: of delegations, by their names
    """

    def __init__(self, database: db.Database, codec: tokens.Codec, *,
                 token_s: int, grace_s: int,
                 kinds: Mapping[str, Kind]) -> None:
        self._db = database
        self._kinds = kinds
        self._codec = codec
        self._token_s = token_s
        self._grace_s = grace_s
        self._roles = roles.Roles()
        self._catalog = catalog.Catalog()

    def issue(self, proof: Proof, wish: Wish) -> tuple[str, Grant]:
        """Return a new token for who gave ``proof``.

        :raises Unauthorized: if the scope is unknown, disabled or not
            theirs; which of these, it does not tell
        """
        delegation = wish.delegation or proof.delegation
        if delegation is not None:
            return self._issue_by(delegation, proof, wish)
        with self._db.reader() as session:
            subject, scope = self._subject(session, proof.user_id, wish)
            token = self._new(proof, subject, scope)
            grant = self._grant(session, token, subject)
        if scope and not grant.roles:
            raise exceptions.Unauthorized()
        return self._codec.pack(token), grant

    def _issue_by(self, delegation: Delegation, proof: Proof,
                  wish: Wish) -> tuple[str, Grant]:
        if proof.delegation and (wish.delegation or wish.kind is not None):
            raise exceptions.Unauthorized()
        kind = self._kinds[delegation.kind]
        opened = self._db.writer if kind.writes else self._db.reader
        with opened() as session:
            allowed = kind.take(session, delegation.id, proof.user_id)
            subject, scope = self._subject(session, allowed.user_id, Wish(
                allowed.scope.kind, Named(id=allowed.scope.id)))
            token = self._new(proof, subject, scope, delegation, allowed)
            grant = self._grant(session, token, subject, allowed)
            if scope and not grant.roles:
                raise exceptions.Unauthorized()
        return self._codec.pack(token), grant

    def _subject(self, session: orm.Session, user_id: str,
                 wish: Wish) -> tuple[Subject, Scope]:
        if wish.kind is None:
            return self._default(session, user_id)
        on_project = wish.kind in (PROJECT, DOMAIN)
        subject = queries.find_subject(
            session, Named(id=user_id), wish.target if on_project else None,
            wish.kind)
        if subject is None or not subject.enabled:
            raise exceptions.Unauthorized()
        if not on_project:
            return subject, Scope(wish.kind)
        if subject.target is None or not subject.target.enabled:
            raise exceptions.Unauthorized()
        return subject, Scope(wish.kind, subject.target.id)

    def _default(self, session: orm.Session,
                 user_id: str) -> tuple[Subject, Scope]:
        """Return the default project as scope, or none."""
        subject, scope = self._subject(session, user_id, Wish(""))
        if subject.default_project_id is None:
            return subject, scope
        wish = Wish(PROJECT, Named(id=subject.default_project_id))
        try:
            scoped = self._subject(session, user_id, wish)
        except exceptions.Unauthorized:
            return subject, scope
        given = queries.roles_on(session, user_id, scoped[1])
        return scoped if given else (subject, scope)

    def _new(self, proof: Proof, subject: Subject, scope: Scope,
             delegation: Delegation | None = None,
             allowed: Allowance | None = None) -> Token:
        now = db.utcnow()
        ends = [now + datetime.timedelta(seconds=self._token_s),
                proof.not_after, allowed.not_after if allowed else None]
        expires_at = min(end for end in ends if end is not None)
        audit_ids: tuple[str, ...] = (tokens.audit_id(),)
        if proof.chain is not None:
            audit_ids += (proof.chain,)
        return Token(
            subject.id, proof.methods, scope, now, expires_at, audit_ids,
            _epoch(subject, allowed), delegation)

    def validate(self, text: str, *, allow_expired: bool = False) -> Grant:
        """Return what the token means now, or raise TokenNotFound.

        :param allow_expired: take one that has expired lately, too
        """
        token = self._codec.unpack(text)
        if token.expired(db.utcnow(), self._grace_s if allow_expired else 0):
            raise TokenNotFound()
        target = Named(id=token.scope.id) if token.scope.id else None
        with self._db.reader() as session:
            subject = queries.find_subject(
                session, Named(id=token.user_id), target, token.scope.kind)
            allowed = self._allowed(session, token)
            if not subject or not _stands(subject, token, allowed):
                raise TokenNotFound()
            grant = self._grant(session, token, subject, allowed)
        if token.scope and not grant.roles:
            raise TokenNotFound()
        return grant

    def _allowed(self, session: orm.Session,
                 token: Token) -> Allowance | None:
        """Return what the token's delegation, if any, allows now."""
        if token.delegation is None:
            return None
        kind, delegation_id = token.delegation
        allowed = self._kinds[kind].look(session, delegation_id)
        if allowed is None or (
                (allowed.user_id, allowed.scope)
                != (token.user_id, token.scope)):
            raise TokenNotFound()
        return allowed

    def _grant(self, session: orm.Session, token: Token, subject: Subject,
               allowed: Allowance | None = None) -> Grant:
        state = queries.state(session, token.revocation_ids)
        if state.revoked:
            raise TokenNotFound()
        names: list[RoleName] = []
        if token.scope:
            holder_id = allowed.grantor_id if allowed else token.user_id
            given = queries.roles_on(session, holder_id, token.scope)
            graph = self._roles.at(session, state.roles_revision)
            names = graph.effective(given)
            if allowed:
                names = _handed_on(graph, names, allowed)
        return Grant(token, subject, names, self._catalog_of(token, state),
                     allowed)

    def _catalog_of(self, token: Token, state: State
                    ) -> Callable[[], list[dict[str, Any]]]:
        project_id = token.scope.id if token.scope.kind == PROJECT else None

        def view() -> list[dict[str, Any]]:
            with self._db.reader() as session:
                return self._catalog.view(
                    session, state.catalog_revision, project_id,
                    token.user_id)
        return view

    def revoke(self, session: orm.Session, token: Token) -> None:
        """End this one token; its chain goes on."""
        queries.revoke(session, token.revocation_ids[0], self._end(token))

    def revoke_chain(self, session: orm.Session, token: Token) -> None:
        """End all tokens that come from the same login."""
        # The first of the chain may end later than this one.
        queries.revoke(
            session, token.revocation_ids[1], self._end(token)
            + datetime.timedelta(seconds=self._token_s))

    def _end(self, token: Token) -> datetime.datetime:
        return token.expires_at + datetime.timedelta(seconds=self._grace_s)

    def graph(self, session: orm.Session) -> roles.RoleGraph:
        """Return what roles there are and which imply which."""
        state = queries.state(session, ("", ""))
        return self._roles.at(session, state.roles_revision)


def _handed_on(graph: roles.RoleGraph, held: list[RoleName],
               allowed: Allowance) -> list[RoleName]:
    """Return those of the grantor's roles that the delegation carries."""
    if allowed.all_or_none:
        if not allowed.role_ids <= {role.id for role in held}:
            return []
    carried = graph.closure(set(allowed.role_ids))
    return [role for role in held if role.id in carried]


def _epoch(subject: Subject, allowed: Allowance | None) -> int:
    return (subject.epoch + (subject.target.epoch if subject.target else 0)
            + (allowed.epoch if allowed else 0))


def _stands(subject: Subject, token: Token,
            allowed: Allowance | None) -> bool:
    """Say whether nothing since has ended the user's or the scope's."""
    if not subject.enabled or _epoch(subject, allowed) != token.epoch:
        return False
    if token.scope.kind in (PROJECT, DOMAIN):
        return subject.target is not None and subject.target.enabled
    return True
