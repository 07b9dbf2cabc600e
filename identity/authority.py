"""Who somebody is, and what a token allows: issue, validate, revoke."""

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from sqlalchemy import orm

from common import db, exceptions
from identity import catalog, roles, tokens
from identity.db import authority as queries
from identity.db.authority import Named, State, Subject
from identity.db.models import DOMAIN, PROJECT
from identity.exceptions import TokenNotFound
from identity.methods.base import Proof
from identity.roles import RoleName
from identity.tokens import Scope, Token


@dataclasses.dataclass(frozen=True)
class Grant:
    """A token that is good, and all that it means now."""

    token: Token
    subject: Subject
    roles: list[RoleName]
    #: Gives the catalog as the token sees it.
    catalog: Callable[[], list[dict[str, Any]]]

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


class Authority:
    """Decides by what the database says now; see ``db/authority.py``.

    :param token_s: how long tokens live, in seconds
    :param grace_s: how long after that services may still use them
    """

    def __init__(self, database: db.Database, codec: tokens.Codec, *,
                 token_s: int, grace_s: int) -> None:
        self._db = database
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
        with self._db.reader() as session:
            subject, scope = self._subject(session, proof.user_id, wish)
            token = self._new(proof, subject, scope)
            grant = self._grant(session, token, subject)
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

    def _new(self, proof: Proof, subject: Subject, scope: Scope) -> Token:
        now = db.utcnow()
        expires_at = now + datetime.timedelta(seconds=self._token_s)
        if proof.not_after is not None:
            expires_at = min(expires_at, proof.not_after)
        audit_ids: tuple[str, ...] = (tokens.audit_id(),)
        if proof.chain is not None:
            audit_ids += (proof.chain,)
        return Token(
            subject.id, proof.methods, scope, now, expires_at, audit_ids,
            _epoch(subject))

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
            if not subject or not _stands(subject, token):
                raise TokenNotFound()
            grant = self._grant(session, token, subject)
        if token.scope and not grant.roles:
            raise TokenNotFound()
        return grant

    def _grant(self, session: orm.Session, token: Token,
               subject: Subject) -> Grant:
        state = queries.state(session, token.revocation_ids)
        if state.revoked:
            raise TokenNotFound()
        names: list[RoleName] = []
        if token.scope:
            given = queries.roles_on(session, token.user_id, token.scope)
            names = self._roles.at(
                session, state.roles_revision).effective(given)
        return Grant(token, subject, names, self._catalog_of(token, state))

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


def _epoch(subject: Subject) -> int:
    return subject.epoch + (subject.target.epoch if subject.target else 0)


def _stands(subject: Subject, token: Token) -> bool:
    """Say whether nothing since has ended the user's or the scope's."""
    if not subject.enabled or _epoch(subject) != token.epoch:
        return False
    if token.scope.kind in (PROJECT, DOMAIN):
        return subject.target is not None and subject.target.enabled
    return True
