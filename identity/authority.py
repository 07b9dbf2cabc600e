"""Who somebody is, and what a token allows: issue, validate, revoke.

Each request asks the database one small question: has anything been
written since? As long as nothing has, what was found before is still so,
and need not be read again.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import cachetools
from sqlalchemy import orm

from common import db, exceptions
from identity import catalog, roles, tokens
from identity.db import authority as queries
from identity.db.authority import Named, Revisions, Subject
from identity.db.models import DOMAIN, PROJECT
from identity.delegation.base import Allowance, Kind
from identity.exceptions import TokenNotFound
from identity.methods.base import Proof
from identity.roles import RoleName
from identity.tokens import Delegation, Scope, Token

#: Tokens, and users with the scopes they use, that are remembered.
_MEMORY = 5_000


@dataclasses.dataclass
class Grant:
    """A token that is good, and all that it means now."""

    token: Token
    subject: Subject
    roles: list[RoleName]
    #: Gives the catalog as the token sees it.
    catalog: Callable[[], list[dict[str, Any]]]
    #: Of a token that was made by a delegation.
    allowed: Allowance | None = None
    #: What ``views.token`` made of it.
    view: dict[str, Any] | None = None

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


@dataclasses.dataclass(frozen=True)
class Place:
    """A user on a scope: what every token of theirs for it means."""

    subject: Subject
    scope: Scope
    roles: list[RoleName]
    catalog: Callable[[], list[dict[str, Any]]]


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
        self._newest = self._keys_at = -1
        self._grants: cachetools.LRUCache[bytes, tuple[int, Grant]] = (
            cachetools.LRUCache(_MEMORY))
        self._places: cachetools.LRUCache[Any, Place] = (
            cachetools.LRUCache(_MEMORY))
        self._subjects: cachetools.LRUCache[Any, Subject] = (
            cachetools.LRUCache(_MEMORY))

    def revisions(self) -> Revisions:
        """Return what tells the present state from those before it."""
        at = queries.revisions(self._db)
        if at.all != self._newest:
            # What was stored under another is never looked at again.
            self._places.clear()
            self._subjects.clear()
            self._newest = at.all
        self._forget_without_keys()
        return at

    def _forget_without_keys(self) -> None:
        """Let no token outlive the key that opens it."""
        keys_at = self._codec.keys_at()
        if keys_at != self._keys_at:
            self._grants.clear()
            self._keys_at = keys_at

    def find(self, user: Named) -> Subject | None:
        """Return the user as they are now."""
        key = (self.revisions().all, user)
        found = self._subjects.get(key)
        if found is None:
            with self._db.reader() as session:
                found = queries.find_subject(session, user)
            if found is not None:
                self._subjects[key] = found
        return found

    def issue(self, proof: Proof, wish: Wish) -> tuple[str, Grant]:
        """Return a new token for who gave ``proof``.

        :raises Unauthorized: if the scope is unknown, disabled or not
            theirs; which of these, it does not tell
        """
        at = self.revisions()
        delegation = wish.delegation or proof.delegation
        if delegation is not None:
            return self._issue_by(at, delegation, proof, wish)
        place = self._wanted(at, proof.user_id, wish)
        if place.scope and not place.roles:
            raise exceptions.Unauthorized()
        token = self._new(proof, place.subject, place.scope)
        grant = Grant(token, place.subject, place.roles, place.catalog)
        text = self._codec.pack(token)
        self._grants[_digest(text)] = at.all, grant
        return text, grant

    def _wanted(self, at: Revisions, user_id: str, wish: Wish) -> Place:
        if wish.kind is None:
            return self._default(at, user_id)
        target = wish.target if wish.kind in (PROJECT, DOMAIN) else None
        place = self._place(at, user_id, wish.kind, target)
        if place is None or not _usable(place.subject, wish.kind):
            raise exceptions.Unauthorized()
        return place

    def _default(self, at: Revisions, user_id: str) -> Place:
        """Return the user on their default project, or on nothing."""
        nowhere = self._wanted(at, user_id, Wish(""))
        project_id = nowhere.subject.default_project_id
        if project_id is None:
            return nowhere
        try:
            there = self._wanted(
                at, user_id, Wish(PROJECT, Named(id=project_id)))
        except exceptions.Unauthorized:
            return nowhere
        return there if there.roles else nowhere

    def _place(self, at: Revisions, user_id: str, kind: str,
               target: Named | None) -> Place | None:
        """Return the user on a scope, None if there is no such user."""
        key = (at.all, user_id, kind, target)
        found = self._places.get(key)
        if found is None:
            with self._db.reader() as session:
                found = self._read_place(session, at, user_id, kind, target)
            if found is not None:
                self._places[key] = found
        return found

    def _read_place(self, session: orm.Session, at: Revisions,
                    user_id: str, kind: str,
                    target: Named | None) -> Place | None:
        subject = queries.find_subject(
            session, Named(id=user_id), target, kind)
        if subject is None:
            return None
        scope = Scope(kind, subject.target.id if subject.target else "")
        names = self._held(session, at, user_id, scope) if (
            _usable(subject, kind)) else []
        return Place(subject, scope, names,
                     self._catalog_of(at, scope, user_id))

    def _held(self, session: orm.Session, at: Revisions, user_id: str,
              scope: Scope) -> list[RoleName]:
        if not scope:
            return []
        given = queries.roles_on(session, user_id, scope)
        return self._roles.at(session, at.roles).effective(given)

    def _issue_by(self, at: Revisions, delegation: Delegation, proof: Proof,
                  wish: Wish) -> tuple[str, Grant]:
        if proof.delegation and (wish.delegation or wish.kind is not None):
            raise exceptions.Unauthorized()
        kind = self._kinds[delegation.kind]
        opened = self._db.writer if kind.writes else self._db.reader
        with opened() as session:
            allowed = kind.take(session, delegation.id, proof.user_id)
            scope = allowed.scope
            subject = queries.find_subject(
                session, Named(id=allowed.user_id), _target(scope),
                scope.kind)
            if subject is None or not _usable(subject, scope.kind):
                raise exceptions.Unauthorized()
            token = self._new(proof, subject, scope, delegation, allowed)
            grant = self._grant_by(session, at, token, subject, allowed)
            if scope and not grant.roles:
                raise exceptions.Unauthorized()
        return self._codec.pack(token), grant

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

    def validate(self, text: str, *, allow_expired: bool = False,
                 at: Revisions | None = None) -> Grant:
        """Return what the token means now, or raise TokenNotFound.

        :param allow_expired: take one that has expired lately, too
        :param at: of this request, if they have been read already
        """
        at = at or self.revisions()
        key = _digest(text)
        revision, grant = self._grants.get(key, (None, None))
        token = grant.token if grant else self._codec.unpack(text)
        if token.expired(db.utcnow(), self._grace_s if allow_expired else 0):
            raise TokenNotFound()
        if grant is None or revision != at.all:
            grant = self._judge(at, token)
            self._grants[key] = at.all, grant
        return grant

    def _judge(self, at: Revisions, token: Token) -> Grant:
        """Return what the token means, or raise TokenNotFound."""
        if queries.is_revoked(self._db, token.revocation_ids):
            raise TokenNotFound()
        if token.delegation:
            with self._db.reader() as session:
                grant = self._judge_by(session, at, token, token.delegation)
        else:
            grant = self._judge_plain(at, token)
        if token.scope and not grant.roles:
            raise TokenNotFound()
        return grant

    def _judge_plain(self, at: Revisions, token: Token) -> Grant:
        place = self._place(
            at, token.user_id, token.scope.kind, _target(token.scope))
        if place is None or not _stands(place.subject, token):
            raise TokenNotFound()
        return Grant(token, place.subject, place.roles, place.catalog)

    def _judge_by(self, session: orm.Session, at: Revisions, token: Token,
                  delegation: Delegation) -> Grant:
        allowed = self._kinds[delegation.kind].look(session, delegation.id)
        if allowed is None or (
                (allowed.user_id, allowed.scope)
                != (token.user_id, token.scope)):
            raise TokenNotFound()
        subject = queries.find_subject(
            session, Named(id=token.user_id), _target(token.scope),
            token.scope.kind)
        if subject is None or not _stands(subject, token, allowed):
            raise TokenNotFound()
        return self._grant_by(session, at, token, subject, allowed)

    def _grant_by(self, session: orm.Session, at: Revisions, token: Token,
                  subject: Subject, allowed: Allowance) -> Grant:
        held = self._held(session, at, allowed.grantor_id, token.scope)
        names = _handed_on(
            self._roles.at(session, at.roles), held, allowed)
        return Grant(
            token, subject, names,
            self._catalog_of(at, token.scope, token.user_id), allowed)

    def _catalog_of(self, at: Revisions, scope: Scope, user_id: str
                    ) -> Callable[[], list[dict[str, Any]]]:
        project_id = scope.id if scope.kind == PROJECT else None

        def view() -> list[dict[str, Any]]:
            found = self._catalog.known(at.catalog, project_id, user_id)
            if found is not None:
                return found
            with self._db.reader() as session:
                return self._catalog.view(
                    session, at.catalog, project_id, user_id)
        return view

    def revoke(self, session: orm.Session, token: Token) -> None:
        """End this token; if a login gave it, what it was exchanged for, too.

        Those that come from another token know of that login only, whose
        chain goes on without them.
        """
        own, chain = token.revocation_ids
        queries.revoke(
            session, chain if token.is_first else own,
            token.expires_at + datetime.timedelta(seconds=self._grace_s))

    def graph(self, session: orm.Session) -> roles.RoleGraph:
        """Return what roles there are and which imply which."""
        return self._roles.at(
            session, queries.revisions_in(session).roles)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _target(scope: Scope) -> Named | None:
    return Named(id=scope.id) if scope.id else None


def _handed_on(graph: roles.RoleGraph, held: list[RoleName],
               allowed: Allowance) -> list[RoleName]:
    """Return those of the grantor's roles that the delegation carries."""
    if allowed.all_or_none:
        if not allowed.role_ids <= {role.id for role in held}:
            return []
    carried = graph.closure(set(allowed.role_ids))
    return [role for role in held if role.id in carried]


def _epoch(subject: Subject, allowed: Allowance | None = None) -> int:
    return (subject.epoch + (subject.target.epoch if subject.target else 0)
            + (allowed.epoch if allowed else 0))


def _usable(subject: Subject, kind: str) -> bool:
    """Say whether the user, and the scope they were sought with, are on."""
    if not subject.enabled:
        return False
    if kind in (PROJECT, DOMAIN):
        return subject.target is not None and subject.target.enabled
    return True


def _stands(subject: Subject, token: Token,
            allowed: Allowance | None = None) -> bool:
    """Say whether nothing since has ended the user's or the scope's."""
    return (_usable(subject, token.scope.kind)
            and _epoch(subject, allowed) == token.epoch)
