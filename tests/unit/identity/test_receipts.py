"""Logins that need more than one method, over several requests."""

import datetime
from typing import ClassVar

import pytest

from common import exceptions, schema
from identity import receipts
from identity.methods import base
from tests.unit.identity.conftest import Caller

HEADER = "Openstack-Auth-Receipt"
SECOND = "second"


class Second(base.Method):
    """Takes the id of the user for a proof."""

    claim_schema: ClassVar = schema.closed(
        {"id": {"type": "string"}}, ("id",))

    def authenticate(self, claim, call):
        if claim["id"] == "wrong":
            raise exceptions.Unauthorized()
        return base.Proof(claim["id"], (SECOND,))


@pytest.fixture
def careful(identity, admin, monkeypatch):
    """Return the id of a user whose password is not enough."""
    methods = dict(identity.env.login._methods, second=Second(None))
    monkeypatch.setattr(identity.env.login, "_methods", methods)
    return admin.ok("POST", "/v3/users", {"user": {
        "name": "careful", "password": "p", "options": {
            "multi_factor_auth_enabled": True,
            "multi_factor_auth_rules": [["password", SECOND]]}}})["user"][
                "id"]


def claims(user_id, *methods, password="p"):
    """Return the body of a login by these methods."""
    own = {"password": {"user": {"id": user_id, "password": password}},
           SECOND: {"id": user_id}}
    return {"auth": {"identity": {"methods": list(methods)} | {
        name: own[name] for name in methods}}}


def login(identity, body, receipt=None):
    headers = {HEADER.replace("-", "_"): receipt} if receipt else {}
    return Caller(identity.wsgi)("POST", "/v3/auth/tokens", body, **headers)


def test_all_at_once(identity, careful):
    got = login(identity, claims(careful, "password", SECOND))
    assert got.status_code == 201
    assert got.json["token"]["methods"] == ["password", SECOND]


@pytest.mark.parametrize("first,then", [
    ("password", SECOND), (SECOND, "password")])
def test_one_after_the_other(identity, careful, first, then):
    got = login(identity, claims(careful, first))
    assert got.status_code == 401
    assert "X-Subject-Token" not in got.headers
    assert got.json["required_auth_methods"] == [["password", SECOND]]
    said = got.json["receipt"]
    assert (said["methods"], said["user"]["id"]) == ([first], careful)
    took = (datetime.datetime.fromisoformat(said["expires_at"])
            - datetime.datetime.fromisoformat(said["issued_at"]))
    assert took == datetime.timedelta(minutes=5)
    got = login(identity, claims(careful, then), got.headers[HEADER])
    assert got.status_code == 201
    assert set(got.json["token"]["methods"]) == {"password", SECOND}


def test_wrong_password_gets_no_receipt(identity, careful):
    got = login(identity, claims(careful, "password", password="q"))
    assert got.status_code == 401
    assert HEADER not in got.headers


class TestReceipt:

    @pytest.fixture
    def receipt(self, identity, careful):
        return login(identity, claims(careful, "password")).headers[HEADER]

    def test_is_no_token(self, identity, receipt):
        got = Caller(identity.wsgi, receipt)("GET", "/v3/auth/projects")
        assert got.status_code == 401

    def test_of_another(self, identity, receipt, admin):
        other = admin.ok("POST", "/v3/users", {"user": {
            "name": "other", "password": "p"}})["user"]["id"]
        got = login(identity, claims(other, "password"), receipt)
        assert got.status_code == 401

    def test_garbled(self, identity, careful, receipt):
        token = identity.admin().token
        for text in (receipt + "A", receipt[:-1], "x", token):
            got = login(identity, claims(careful, SECOND), text)
            assert (got.status_code, HEADER in got.headers) == (401, False)

    def test_expired(self, identity, careful, receipt, monkeypatch):
        now = receipts.db.utcnow() + datetime.timedelta(seconds=301)
        monkeypatch.setattr(receipts.db, "utcnow", lambda: now)
        got = login(identity, claims(careful, SECOND), receipt)
        assert (got.status_code, HEADER in got.headers) == (401, False)

    def test_is_not_renewed(self, identity, careful, receipt, monkeypatch):
        """Who comes with one gets another, but no more time."""
        later = receipts.db.utcnow() + datetime.timedelta(seconds=200)
        monkeypatch.setattr(receipts.db, "utcnow", lambda: later)
        got = login(identity, claims(careful, "password"), receipt)
        left = datetime.datetime.fromisoformat(
            got.json["receipt"]["expires_at"]) - later
        assert datetime.timedelta() < left < datetime.timedelta(seconds=101)

    def test_ends_with_the_password(self, identity, careful, receipt, admin):
        admin.ok("PATCH", f"/v3/users/{careful}", {"user": {
            "password": "new"}})
        got = login(identity, claims(careful, SECOND), receipt)
        assert (got.status_code, HEADER in got.headers) == (401, False)

    def test_token_keeps_what_was_proven(self, identity, careful, receipt):
        """So a token that met the rules may be exchanged for another."""
        token = login(identity, claims(careful, SECOND), receipt).headers[
            "X-Subject-Token"]
        got = login(identity, {"auth": {"identity": {
            "methods": ["token"], "token": {"id": token}}}})
        assert got.status_code == 201


def with_rules(admin, user_id, *rules):
    admin.ok("PATCH", f"/v3/users/{user_id}", {"user": {"options": {
        "multi_factor_auth_rules": rules}}})


def test_token_among_the_methods(identity, admin, careful):
    """What comes out ends when the token does, and is of its chain."""
    with_rules(admin, careful, ["password"])
    got = login(identity, claims(careful, "password"))
    token, known = got.headers["X-Subject-Token"], got.json["token"]
    with_rules(admin, careful, ["password", SECOND])
    got = login(identity, {"auth": {"identity": {
        "methods": ["token"], "token": {"id": token}}}})
    assert got.status_code == 401
    got = login(identity, claims(careful, SECOND), got.headers[HEADER])
    assert got.status_code == 201
    made = got.json["token"]
    assert made["expires_at"] == known["expires_at"]
    assert made["audit_ids"][1:] == known["audit_ids"]


def test_none_for_a_program(identity, admin, careful):
    """Else its user's own token would come of it."""
    project = admin.ok("POST", "/v3/projects", {"project": {
        "name": "programs"}})["project"]["id"]
    admin.ok("PUT", f"/v3/projects/{project}/users/{careful}/roles/"
                    f"{identity.role_id('member')}")
    with_rules(admin, careful, ["password"])
    user = Caller(identity.wsgi, login(identity, {"auth": claims(
        careful, "password")["auth"] | {"scope": {"project": {
            "id": project}}}}).headers["X-Subject-Token"])
    method = "application_credential"
    made = user.ok("POST", f"/v3/users/{careful}/{method}s", {
        method: {"name": "robot"}})[method]
    with_rules(admin, careful, [method, SECOND])
    claim = {"id": made["id"], "secret": made["secret"]}
    got = login(identity, {"auth": {"identity": {
        "methods": [method], method: claim}}})
    assert (got.status_code, HEADER in got.headers) == (401, False)
    got = login(identity, {"auth": {"identity": {
        "methods": [method, SECOND], method: claim,
        SECOND: {"id": careful}}}})
    assert got.json["token"][method]["id"] == made["id"]


@pytest.mark.parametrize("rules,enabled,methods,met", [
    ([["password"]], True, ["password"], True),
    ([["password", "totp"]], True, ["password"], False),
    ([["password", "totp"]], None, ["password"], False),
    ([["password", "totp"]], False, ["password"], True),
    ([["password", "totp"], ["token"]], True, ["token"], True),
    ([["password", "gone"]], True, ["password"], True),
    ([["gone"]], True, ["password"], False),
    ([], True, ["password"], True)])
def test_rules(rules, enabled, methods, met):
    options = {"multi_factor_auth_rules": rules}
    if enabled is not None:
        options["multi_factor_auth_enabled"] = enabled
    left = receipts.unmet(options, methods, ("password", "totp", "token"))
    assert (left == []) is met
    if not met:
        assert left == rules
