"""Tokens made by a delegation: what every kind has in common."""

import dataclasses
import datetime

import pytest
import sqlalchemy as sa

from common import db, exceptions
from identity import env, tokens
from identity.authority import Wish
from identity.db import authority as queries
from identity.db.models import PROJECT
from identity.delegation import base
from identity.exceptions import TokenNotFound
from identity.methods.base import Proof
from identity.tokens import Delegation, Scope
from tests.unit.identity.conftest import Caller


class Deputy(base.Kind):
    """Lets ``holder_id`` act as whoever ``allowed`` says."""

    name = "trust"

    def __init__(self):
        self.allowed = None
        self.holder_id = None

    def look(self, session, delegation_id):
        if self.allowed is None:
            return None
        epoch = queries.standing(session, self.holder_id)
        if epoch is None:
            return None
        return dataclasses.replace(self.allowed, epoch=epoch)


@pytest.fixture
def deputy(monkeypatch):
    made = Deputy()
    monkeypatch.setattr(env, "DELEGATIONS", (made,))
    return made


@pytest.fixture
def world(deputy, identity, project):
    """Return the service; its member hands on what they may to itself."""
    scope = {"project": {"id": project["id"]}}
    member = identity.person("member", scope)
    token = identity.env.authority.validate(member.token).token
    deputy.holder_id = token.user_id
    deputy.allowed = base.Allowance(
        token.user_id, token.scope, token.user_id,
        frozenset({identity.role_id("reader")}),
        shown={"OS-TRUST:trust": {"id": "t1"}})
    identity.member = member
    return identity


def change(world, deputy, allowed):
    """Let the delegation be so from now on, as a transaction would."""
    deputy.allowed = allowed
    with world.db.writer() as session:
        session.execute(sa.text("SELECT 1"))


def issue(world, deputy, **proof):
    """Return the text of a token by the delegation, and what it means."""
    return world.env.authority.issue(
        Proof(deputy.holder_id, ("password",), **proof),
        Wish(delegation=Delegation("trust", "t1")))


def test_roles_are_cut(world, deputy):
    text, grant = issue(world, deputy)
    assert grant.role_names == ["reader"]
    admin = world.admin()
    token = admin.ok("GET", "/v3/auth/tokens", X_Subject_Token=text)["token"]
    assert token["OS-TRUST:trust"] == {"id": "t1"}
    assert [role["name"] for role in token["roles"]] == ["reader"]


def test_not_more_than_the_grantor_has(world, deputy):
    deputy.allowed = dataclasses.replace(
        deputy.allowed, role_ids=frozenset({world.role_id("admin")}))
    # What admin implies is common to both.
    assert issue(world, deputy)[1].role_names == ["member", "reader"]
    deputy.allowed = dataclasses.replace(deputy.allowed, all_or_none=True)
    with pytest.raises(exceptions.Unauthorized):
        issue(world, deputy)


def test_ends_when_the_delegation_says(world, deputy):
    soon = db.utcnow() + datetime.timedelta(minutes=1)
    deputy.allowed = dataclasses.replace(deputy.allowed, not_after=soon)
    assert issue(world, deputy)[1].token.expires_at == soon
    text, _ = issue(world, deputy)
    change(world, deputy, None)
    with pytest.raises(TokenNotFound):
        world.env.authority.validate(text)


def test_ends_with_the_holder_too(world, deputy):
    """Whom the kind answers for: here the administrator stands behind."""
    admin = world.admin()
    behind = admin.ok("POST", "/v3/users", {"user": {
        "name": "behind", "password": "x"}})["user"]["id"]
    owner, deputy.holder_id = deputy.holder_id, behind
    text, _ = world.env.authority.issue(
        Proof(owner, ("password",)),
        Wish(delegation=Delegation("trust", "t1")))
    world.env.authority.validate(text)
    admin.ok("PATCH", f"/v3/users/{behind}", {"user": {"password": "y"}})
    with pytest.raises(TokenNotFound):
        world.env.authority.validate(text)


@pytest.mark.parametrize("values", [
    {"user_id": "other"}, {"scope": Scope(PROJECT, "other")}])
def test_another_user_or_scope(world, deputy, values):
    text, _ = issue(world, deputy)
    change(world, deputy, dataclasses.replace(deputy.allowed, **values))
    with pytest.raises(TokenNotFound):
        world.env.authority.validate(text)


def test_begets_no_tokens(world, deputy):
    text, _ = issue(world, deputy)
    got = Caller(world.wsgi)("POST", "/v3/auth/tokens", {"auth": {
        "identity": {"methods": ["token"], "token": {"id": text}}}})
    assert got.status_code == 403


def test_scope_is_not_the_requests_to_choose(world, deputy):
    """A credential that is a delegation goes with no scope, nor a trust."""
    proof = Proof(deputy.holder_id, ("application_credential",),
                  delegation=Delegation("trust", "t1"))
    world.env.authority.issue(proof, Wish())
    for wish in (Wish(""), Wish(PROJECT, queries.Named(id="x")),
                 Wish(delegation=Delegation("trust", "t1"))):
        with pytest.raises(exceptions.Unauthorized):
            world.env.authority.issue(proof, wish)


def test_trust_scope_of_a_login(world, deputy):
    body = world.auth(scope={"OS-TRUST:trust": {"id": "t1"}})
    got = Caller(world.wsgi)("POST", "/v3/auth/tokens", body)
    assert got.status_code == 401  # the administrator is not the trustee
    name = world.env.authority.validate(world.member.token).subject.name
    got = world.login(name, name, {"OS-TRUST:trust": {"id": "t1"}})
    assert world.env.authority.validate(
        got.token).token.delegation == ("trust", "t1")


def test_tokens_without_are_sealed_as_ever(world, deputy):
    """So daemons of before read what those of now issue."""
    codec = tokens.Codec(world.env.keys)
    plain = codec.unpack(world.member.token)
    assert plain.delegation is None
