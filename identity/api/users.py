"""The /users resource."""

import datetime
import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from common import exceptions, wsgi
from identity import compliance, views
from identity.api import base
from identity.api import projects as project_api
from identity.api.privileges import refuse_lesser
from identity.api.projects import refuse_moves
from identity.db import authority, projects, users
from identity.db.authority import Subject
from identity.db.models import PROJECT, USER, Project, User
from identity.env import Env
from identity.exceptions import PasswordLocked, PasswordUsedBefore
from identity.guard import source_of
from identity.policies import projects as project_policies
from identity.policies import users as policies
from identity.policies.base import target
from identity.schemas import users as schemas

_KNOWN = ("name", "domain_id", "default_project_id", "enabled", "options",
          "password")


class Users(base.Resource):
    """Handlers of /users."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._view = View(self._rules)

    def routes(self) -> list[wsgi.Route]:
        one = "/users/{user_id}"
        return [
            ("GET", "/users", self.list),
            ("POST", "/users", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
            ("POST", f"{one}/password", self.change_password),
            ("GET", f"{one}/projects", self.projects),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        query = dict(req.params_checked)
        domain_id = base.own_domain(
            req, policies.LIST, query.pop("domain_id", None))

        def select() -> Any:
            statement = filtered(self._view.select(), query)
            if domain_id is not None:
                statement = statement.where(User.domain_id == domain_id)
            return statement
        page, rows = self.read_rows(req, select, User, domain_id)
        return base.listed(
            req, "users", page, rows, self._view.all(req, rows))

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        base.gate(req, policies.CREATE)
        known, extra = base.split_extra(
            req.json["user"], _KNOWN, schemas.READ_ONLY)
        domain_id = domain_for(req)
        req.authorize(policies.CREATE, target(domain_id=domain_id))
        with self._db.reader() as session:
            # Before the slow hash.
            projects.get_domain(session, domain_id)
        hashed = self._hashed(known.get("password"))
        options = base.merged({}, known.get("options", {}))
        with self._db.writer() as session:
            _check_default_project(session, known)
            user = users.add(session, User(
                id=uuid.uuid4().hex, name=known["name"],
                domain_id=domain_id, enabled=known.get("enabled", True),
                default_project_id=known.get("default_project_id"),
                epoch=0, revision=0, options=options,
                extra=base.merged({}, extra)), hashed,
                expires_at=self._rules.expiry(options, own=False))
        return {"user": self._view(req, user)}

    def _hashed(self, password: str | None) -> str | None:
        """Return the hash of a password that the rules allow.

        Slow, so it must be called before the transaction.
        """
        if password is None:
            return None
        self._rules.check_strength(password)
        return self._hasher.hash(password)

    @wsgi.handler()
    def show(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            user = find(session, req, policies.GET, user_id)
        return {"user": self._view(req, user)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        """Change what the body has; a new password ends all tokens."""
        with self._db.reader() as session:
            find(session, req, policies.UPDATE, user_id)
            refuse_lesser(session, req, policies.UPDATE, USER, user_id)
        base.refuse_other_id(req.json["user"], user_id, "user")
        known, extra = base.split_extra(
            req.json["user"], _KNOWN, schemas.READ_ONLY)
        hashed = self._hashed(known.get("password"))
        with self._db.writer() as session:
            user = find(session, req, policies.UPDATE, user_id)
            # Hashing took long: they may have risen meanwhile.
            refuse_lesser(session, req, policies.UPDATE, USER, user_id)
            refuse_moves(user, known, ("domain_id",))
            _check_default_project(session, known)
            users.update(session, user, _changes(user, known, extra))
            if "password" in known:
                users.set_password(
                    session, user, hashed,
                    expires_at=self._rules.expiry(user.options, own=False),
                    keep=self._rules.history)
        self._announce(req.ctx, user_id=user_id)
        return {"user": self._view(req, user)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, user_id: str) -> None:
        with self._db.writer() as session:
            user = find(session, req, policies.DELETE, user_id)
            refuse_lesser(session, req, policies.DELETE, USER, user_id)
            users.delete(session, user)
        self._announce(req.ctx, user_id=user_id)

    @wsgi.handler(body=schemas.CHANGE_PASSWORD, status=204, public=True)
    def change_password(self, req: wsgi.Request, user_id: str) -> None:
        """Let a user set their own; the original is the proof."""
        body = req.json["user"]
        with self._db.reader() as session:
            found = users.subject(session, user_id)
        subject = self._env.checker.verify(
            found, body["original_password"], source_of(req))
        self._check_change(subject, body["password"])
        hashed = self._hasher.hash(body["password"])
        with self._db.writer() as session:
            user = users.get(session, user_id)
            if user.revision != subject.revision:
                # It was changed meanwhile: the proof is out of date.
                raise exceptions.Conflict()
            users.set_password(
                session, user, hashed, self_service=True,
                expires_at=self._rules.expiry(user.options, own=True),
                keep=self._rules.history)
        self._announce(req.ctx, user_id=user_id)

    def _check_change(self, subject: Subject, password: str) -> None:
        """Raise what forbids users to choose ``password`` now."""
        if subject.options.get("lock_password"):
            raise PasswordLocked()
        self._rules.check_strength(password)
        with self._db.reader() as session:
            past = users.past_passwords(
                session, subject.id, self._rules.history)
        if past and past[0].self_service:
            self._rules.check_age(past[0].created_at)
        for old in past[:self._rules.history]:
            if self._hasher.matches(password, old.hash):
                raise PasswordUsedBefore(count=self._rules.history)

    @wsgi.handler(query=base.QUERY)
    def projects(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        """List the projects on which the user has a role."""
        with self._db.reader() as session:
            find(session, req, project_policies.LIST_OF_USER, user_id)
        page, rows = self.read_rows(req, lambda: base.filtered(
            projects.select_views().where(authority.is_reachable(PROJECT))
            .params(user_id=user_id), req.params_checked,
            project_api.FILTERS), Project)
        return base.listed(
            req, "projects", page, rows, project_api.views(req, rows))


def domain_for(req: wsgi.Request) -> str:
    """Return the domain for a new user or group."""
    body: dict[str, Any] = next(iter(req.json.values()))
    found = (body.get("domain_id") or req.ctx.domain_id
             or req.ctx.project_domain_id)
    if found is None:
        raise exceptions.BadRequest(
            reason="body: 'domain_id' is required with a token that is "
                   "not of a domain or project")
    return str(found)


def find(session: Any, req: wsgi.Request, rule: str,
         user_id: str) -> User:
    """Return the user if ``rule`` allows it."""
    found: User = base.find(
        req, rule, lambda: users.get(session, user_id),
        lambda user: target(domain_id=user.domain_id, user_id=user.id))
    return found


def filtered(statement: Any, query: dict[str, Any]) -> Any:
    """Return the users that are as the query string says."""
    if set(query) & set(schemas.FEDERATED):
        # No user comes from another cloud or directory.
        statement = statement.where(sa.false())
    if "password_expires_at" in query:
        how, at = schemas.read_expiry(query["password_expires_at"])
        statement = statement.where(
            users.COMPARE[how](User.password_expires_at, at))
    return base.filtered(statement, query, (
        User.name, User.enabled, User.id, User.domain_id,
        User.default_project_id))


def _check_default_project(session: Any, known: dict[str, Any]) -> None:
    project_id = known.get("default_project_id")
    if project_id is not None and projects.is_domain(session, project_id):
        raise exceptions.BadRequest(
            reason="body.user.default_project_id: is a domain, not a "
                   "project")


def _changes(user: User, known: dict[str, Any],
             extra: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: known[name]
        for name in ("name", "enabled", "default_project_id")
        if name in known}
    if "options" in known:
        values["options"] = base.merged(user.options, known["options"])
    if extra:
        values["extra"] = base.merged(user.extra, extra)
    return values


class View:
    """What clients see of users."""

    def __init__(self, rules: compliance.Rules) -> None:
        self._rules = rules

    def select(self) -> sa.Select[Any]:
        """Return what selects the rows to view."""
        return users.select_views(activity=self._rules.tracks_activity)

    def __call__(self, req: wsgi.Request, user: User) -> dict[str, Any]:
        """Return the view of one user."""
        return self.all(req, [users.view_row(user)])[0]

    def all(self, req: wsgi.Request, rows: Iterable[Any]
            ) -> list[dict[str, Any]]:
        """Return the views of rows that ``select`` has found."""
        place = base.place(req, "users")
        shown = [_shape(place, *row[:8]) for row in rows]
        if self._rules.tracks_activity:
            for view, row in zip(shown, rows, strict=True):
                view["enabled"] &= not self._rules.inactive(
                    row.options, row.active_at)
        return shown


def _shape(place: str, id_: str, name: str, domain_id: str, enabled: bool,
           default_project_id: str | None, options: dict[str, Any],
           extra: dict[str, Any], expires_at: datetime.datetime | None
           ) -> dict[str, Any]:
    shown: dict[str, Any] = {
        **extra, "id": id_, "name": name, "domain_id": domain_id,
        "enabled": enabled, "options": options,
        "password_expires_at": expires_at and views.moment(expires_at),
        "links": {"self": place + id_},
    }
    if default_project_id is not None:
        shown["default_project_id"] = default_project_id
    return shown
