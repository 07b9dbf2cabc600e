"""An identity service without sockets: real application, real database."""

import dataclasses
import itertools
import pathlib
from typing import Any

import pytest
import webob

from common import bootstrap as ids
from common import conf as configuration
from common import daemon, db, jsontext, rpc
from identity import app, env
from identity import conf as options
from tests import base

PASSWORD = "unit-admin"
_NUMBERS = itertools.count()


@dataclasses.dataclass
class Caller:
    """Sends requests with one token."""

    wsgi: Any
    token: str | None = None
    #: Where the requests come from.
    address: str = "192.0.2.1"

    def __call__(self, method: str, path: str, body: Any = None,
                 **headers: str) -> webob.Response:
        """Send a request; ``_`` in header names stands for ``-``."""
        req = webob.Request.blank(path, method=method, environ={
            "REMOTE_ADDR": self.address})
        if self.token:
            req.headers["X-Auth-Token"] = self.token
        for name, value in headers.items():
            req.headers[name.replace("_", "-")] = value
        if body is not None:
            req.body = jsontext.dumps(body)
        return req.get_response(self.wsgi)

    def ok(self, method: str, path: str, body: Any = None,
           **headers: str) -> Any:
        """Return the JSON of the answer, which must be a success."""
        got = self(method, path, body, **headers)
        assert got.status_code < 300, (method, path, got.status, got.text)
        return got.json if got.body else None


class Identity:
    """One identity service on its own database."""

    def __init__(self, state: pathlib.Path,
                 database: str | None = None, **rules: Any) -> None:
        """:param rules: options of ``[security_compliance]``"""
        self.conf = configuration.load(
            [], [options.register_opts], state_dir=str(state))
        if database:
            self.conf.set_override("database", database, group="identity")
        # Fresh addresses, so that each has a token cache of its own.
        self.conf.set_override(
            "url", f"http://identity-{next(_NUMBERS)}", group="auth")
        self.conf.set_override("admin_password", PASSWORD,
                               group="bootstrap")
        self.conf.set_override("password_rounds", 4, group="identity")
        for name, value in rules.items():
            self.conf.set_override(name, value, group="security_compliance")
        base.upgrade(app.SCHEMA, self.conf.identity.database)
        app.bootstrap.run(self.conf)
        self.db = db.Database(self.conf.identity.database)
        self.bus = rpc.Bus("memory://")
        self.rebuild()

    def rebuild(self) -> None:
        """Make the service anew, by the options as they are now."""
        self.env = env.make(self.conf, self.db, self.bus)
        self.wsgi = app.make_app(self.conf, self.env)

    def close(self) -> None:
        """Let go of everything."""
        self.bus.stop()
        self.db.dispose()

    def auth(self, user: str = "admin", password: str = PASSWORD,
             scope: Any = None, domain: str = "default") -> Any:
        """Return the body of a login."""
        body: dict[str, Any] = {"identity": {
            "methods": ["password"], "password": {"user": {
                "name": user, "domain": {"id": domain},
                "password": password}}}}
        if scope is not None:
            body["scope"] = scope
        return {"auth": body}

    def login(self, *args: Any, **kwargs: Any) -> Caller:
        """Return who sends requests with a fresh token."""
        got = Caller(self.wsgi)(
            "POST", "/v3/auth/tokens", self.auth(*args, **kwargs))
        assert got.status_code == 201, got.text
        return Caller(self.wsgi, got.headers["X-Subject-Token"])

    def admin(self, scope: Any = None) -> Caller:
        """Return the administrator, by default on project admin."""
        return self.login(
            scope=scope or {"project": {"id": ids.ADMIN_PROJECT_ID}})

    def role_id(self, name: str) -> str:
        """Return the id of a role."""
        roles = self.admin().ok("GET", f"/v3/roles?name={name}")["roles"]
        return str(roles[0]["id"])

    def person(self, role: str, scope: Any, name: str | None = None,
               domain: str = "default") -> Caller:
        """Return a new user who has ``role`` on ``scope``, there."""
        admin = self.admin()
        name = name or f"user-{next(_NUMBERS)}"
        user = admin.ok("POST", "/v3/users", {"user": {
            "name": name, "password": name, "domain_id": domain}})["user"]
        kind = next(iter(scope))
        on = "system" if kind == "system" else (
            f"{kind}s/{scope[kind]['id']}")
        admin.ok("PUT", f"/v3/{on}/users/{user['id']}/roles/"
                        f"{self.role_id(role)}")
        return self.login(name, name, scope, domain)


@pytest.fixture
def identity(tmp_path, monkeypatch):
    monkeypatch.setattr(daemon, "services", lambda: [app.SERVICE])
    made = Identity(tmp_path)
    yield made
    made.close()


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return what makes an identity service with such rules."""
    monkeypatch.setattr(daemon, "services", lambda: [app.SERVICE])
    made = []

    def make(**rules):
        made.append(Identity(tmp_path, **rules))
        return made[-1]
    yield make
    for identity in made:
        identity.close()


@pytest.fixture
def admin(identity):
    return identity.admin()


@pytest.fixture
def anybody(identity):
    return Caller(identity.wsgi)


@pytest.fixture
def project(admin):
    return admin.ok("POST", "/v3/projects", {"project": {
        "name": "p1", "domain_id": "default"}})["project"]


@pytest.fixture
def domain(admin):
    return admin.ok("POST", "/v3/domains", {"domain": {
        "name": "d1"}})["domain"]
