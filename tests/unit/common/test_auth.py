"""Tokens at the door: what is asked, remembered and forgotten."""

import datetime

import pytest
import webob

from common import auth, conf, exceptions, log, middleware, secret


def token_of(user="u1", hours=1, **more):
    now = datetime.datetime.now(datetime.timezone.utc)
    expires = now + datetime.timedelta(hours=hours)
    return {
        "user": {"id": user, "name": user, "domain": {"id": "default"}},
        "project": {"id": "p1", "name": "p", "domain": {"id": "default"}},
        "roles": [{"id": "r", "name": "member"}],
        "audit_ids": ["a1", "a0"], "issued_at": now.isoformat(),
        "expires_at": expires.isoformat()} | more


class Identity:
    """Stands in for the identity service: knows some tokens."""

    def __init__(self, **tokens):
        self.tokens = tokens
        self.asked = []

    def __call__(self, token, allow_expired):
        self.asked.append(token)
        if token not in self.tokens:
            raise exceptions.Unauthorized()
        return self.tokens[token]


@pytest.fixture
def door(monkeypatch):
    monkeypatch.setattr(auth, "_CACHES", {})
    identity = Identity(
        good=token_of(), old=token_of(hours=-1),
        svc=token_of("s1", roles=[{"id": "s", "name": "service"}]))
    options = conf.load()

    def app(environ, start_response):
        ctx = environ.get("common.context")
        error = environ.get("common.auth_error")
        start_response("200 OK", [])
        return [repr((ctx and ctx.user_id, ctx and ctx.roles,
                      ctx and ctx.service_roles,
                      type(error).__name__)).encode()]
    made = middleware.pipeline(app, options, "things", identity)

    def ask(**headers):
        req = webob.Request.blank("/", headers={
            name.replace("_", "-"): value
            for name, value in headers.items()})
        return eval(req.get_response(made).text)
    ask.identity = identity
    ask.cache = auth.cache_for(options)
    return ask


def test_identity_is_asked_once(door):
    for _ in range(3):
        assert door(X_Auth_Token="good")[:2] == ("u1", ["member"])
    assert door.identity.asked == ["good"]


def test_bad_and_expired_tokens(door):
    assert door(X_Auth_Token="bad") == (None, None, None, "Unauthorized")
    assert door(X_Auth_Token="old")[3] == "Unauthorized"
    assert door(X_Auth_Token="x" * 5000)[3] == "Unauthorized"
    assert door()[0] is None


def test_service_token_lets_expired_ones_pass(door):
    got = door(X_Auth_Token="old", X_Service_Token="svc")
    assert got[:3] == ("u1", ["member"], ["service"])


def test_identity_headers_of_the_client_are_dropped(door):
    got = door(X_User_Id="root", X_Roles="admin", X_Project_Id="p9")
    assert got[0] is None


@pytest.mark.parametrize("event, forgotten", [
    ({"user_id": "u1"}, True), ({"user_id": "u2"}, False),
    ({"audit_id": "a1"}, True), ({"audit_chain_id": "a0"}, True),
    ({"project_id": "p1", "user_id": "u1"}, True),
    ({"project_id": "p2", "user_id": "u1"}, False),
    ({"user_id": "u1", "issued_before": "2020-01-01T00:00:00"}, False),
    ({"user_id": "u1", "issued_before": "2999-01-01T00:00:00"}, True),
])
def test_revocation_forgets_what_it_matches(door, event, forgotten):
    door(X_Auth_Token="good")
    door.cache.revoked(None, event=event)
    door(X_Auth_Token="good")
    assert len(door.identity.asked) == (2 if forgotten else 1)


def test_trusts_end_with_users_that_their_tokens_do_not_show(door):
    door.identity.tokens["good"]["OS-TRUST:trust"] = {"id": "t"}
    door(X_Auth_Token="good")
    door.cache.revoked(None, event={"user_id": "u2"})
    door(X_Auth_Token="good")
    assert len(door.identity.asked) == 2


def test_answer_older_than_a_revocation_is_not_kept(door):
    def slow():
        door.cache.revoked(None, event={"user_id": "u1"})
        return token_of()
    door.cache.get("tok", slow)
    asked = []
    door.cache.get("tok", lambda: asked.append(1) or token_of())
    assert asked == [1]


def test_secrets_have_no_text_form():
    hidden = secret.Secret("s3cret")
    assert "s3cret" not in f"{hidden} {hidden!r} {[hidden]}"
    assert hidden.matches("s3cret") and not hidden.matches("other")
    assert hidden.reveal() == "s3cret"


@pytest.mark.parametrize("line", [
    "password=hunter2", '{"password": "hunter2"}', "X-Auth-Token: hunter2",
    "amqp://pileus:hunter2@host/vhost", "adminPass='hunter2'"])
def test_log_lines_are_masked(line):
    assert "hunter2" not in log.mask(line)
