"""OAuth 1.0a, with the client that everybody has."""

import datetime
import urllib.parse

import pytest
from oauthlib import oauth1

from common import db, jsontext
from identity.app import Pruner
from tests.unit.identity.conftest import Caller

OAUTH = "/v3/OS-OAUTH1"


class Site:
    """A consumer."""

    def __init__(self, identity, admin):
        self.wsgi = identity.wsgi
        self.row = admin.ok("POST", f"{OAUTH}/consumers", {"consumer": {
            "description": "d"}})["consumer"]
        self.id, self.secret = self.row["id"], self.row["secret"]

    def sign(self, path, secret=None, **more):
        _, headers, _ = oauth1.Client(
            self.id, client_secret=secret or self.secret, **more).sign(
                f"http://localhost{path}", "POST")
        return headers

    def post(self, path, headers, body=None, **more):
        return Caller(self.wsgi)("POST", path, body, **headers, **more)

    def form(self, path, headers, **more):
        got = self.post(path, headers, **more)
        assert got.status_code == 201, got.text
        assert got.content_type == "application/x-www-form-urlencoded"
        return dict(urllib.parse.parse_qsl(got.text))

    def ask(self, project, **more):
        path = f"{OAUTH}/request_token"
        return self.form(path, self.sign(path, callback_uri="oob", **more),
                         Requested_Project_Id=project["id"])

    def exchange(self, asked, verifier):
        path = f"{OAUTH}/access_token"
        return self.post(path, self.sign(
            path, resource_owner_key=asked["oauth_token"],
            resource_owner_secret=asked["oauth_token_secret"],
            verifier=verifier))

    def token(self, access, **more):
        path = "/v3/auth/tokens"
        headers = self.sign(path, resource_owner_key=access["oauth_token"],
                            resource_owner_secret=access[
                                "oauth_token_secret"], **more)
        return self.post(path, headers, {"auth": {"identity": {
            "methods": ["oauth1"], "oauth1": {}}}})


@pytest.fixture
def site(identity, admin):
    return Site(identity, admin)


@pytest.fixture
def member(identity, project):
    made = identity.person("member", {"project": {"id": project["id"]}})
    made.id = made.ok("GET", "/v3/auth/tokens",
                      X_Subject_Token=made.token)["token"]["user"]["id"]
    return made


def authorize(member, asked, *roles):
    return member("PUT", f"{OAUTH}/authorize/{asked['oauth_token']}", {
        "roles": [{"name": role} for role in roles or ["reader"]]})


@pytest.fixture
def access(site, member, project):
    asked = site.ask(project)
    got = authorize(member, asked)
    verifier = got.json["token"]["oauth_verifier"]
    got = site.exchange(asked, verifier)
    assert got.status_code == 201, got.text
    # It is a ticket for one ride.
    assert site.exchange(asked, verifier).status_code == 401
    return dict(urllib.parse.parse_qsl(got.text))


def test_consumers(identity, admin, site, member):
    one = f"{OAUTH}/consumers/{site.id}"
    row = {name: value for name, value in site.row.items()
           if name != "secret"}
    assert admin.ok("GET", one) == {"consumer": row}
    assert admin.ok("GET", f"{OAUTH}/consumers")["consumers"] == [row]
    changed = admin.ok("PATCH", one, {"consumer": {"description": "e"}})
    assert changed["consumer"]["description"] == "e"
    got = admin("PATCH", one, {"consumer": {"secret": "mine"}})
    assert got.status_code == 400
    for method, path, body in (
            ("GET", one, None), ("GET", f"{OAUTH}/consumers", None),
            ("POST", f"{OAUTH}/consumers", {"consumer": {}}),
            ("PATCH", one, {"consumer": {}}), ("DELETE", one, None)):
        assert member(method, path, body).status_code == 403
    admin.ok("DELETE", one)
    assert admin("GET", one).status_code == 404


def test_token(identity, admin, site, member, project, access):
    got = site.token(access)
    assert got.status_code == 201, got.text
    token = got.json["token"]
    assert token["methods"] == ["oauth1"]
    assert token["user"]["id"] == member.id
    assert token["project"]["id"] == project["id"]
    assert [role["name"] for role in token["roles"]] == ["reader"]
    assert token["OS-OAUTH1"] == {"consumer_id": site.id,
                                  "access_token_id": access["oauth_token"]}
    holder = Caller(identity.wsgi, got.headers["X-Subject-Token"])
    for path, body in (
            (f"/v3/users/{member.id}/application_credentials",
             {"application_credential": {"name": "x"}}),
            ("/v3/OS-TRUST/trusts", {"trust": {
                "trustor_user_id": member.id, "impersonation": True,
                "trustee_user_id": member.id}})):
        assert holder("POST", path, body).status_code == 403
    asked = site.ask(project)
    assert authorize(holder, asked).status_code == 403


def test_access_tokens(identity, admin, site, member, access):
    every = f"/v3/users/{member.id}/OS-OAUTH1/access_tokens"
    one = f"{every}/{access['oauth_token']}"
    holder = Caller(
        identity.wsgi, site.token(access).headers["X-Subject-Token"])
    row = member.ok("GET", one)["access_token"]
    assert row["consumer_id"] == site.id
    assert row["authorizing_user_id"] == member.id
    assert member.ok("GET", every)["access_tokens"] == [row]
    assert access["oauth_token_secret"] not in str(row)
    roles = member.ok("GET", f"{one}/roles")["roles"]
    assert [role["name"] for role in roles] == ["reader"]
    assert member.ok("GET", f"{one}/roles/{roles[0]['id']}") == {
        "role": roles[0]}
    stranger = identity.person("member", {"domain": {"id": "default"}})
    for method in ("GET", "DELETE"):
        assert stranger(method, one).status_code == 403
    assert holder("DELETE", one).status_code == 403
    member.ok("DELETE", one)
    assert holder("GET", "/v3/auth/projects").status_code == 401
    assert site.token(access).status_code == 401


def test_only_what_one_has(identity, site, member, project):
    asked = site.ask(project)
    assert authorize(member, asked, "admin").status_code == 403
    assert authorize(member, asked, "nothing").status_code == 404
    stranger = identity.person("member", {"domain": {"id": "default"}})
    assert authorize(stranger, asked, "member").status_code == 403
    assert authorize(
        member, asked | {"oauth_token": "none"}).status_code == 404


def test_not_authorized(identity, admin, site, member, project):
    asked = site.ask(project)
    assert site.exchange(asked, "guess").status_code == 401
    verifier = authorize(member, asked).json["token"]["oauth_verifier"]
    assert site.exchange(asked, "guess").status_code == 401
    other = Site(identity, admin)
    assert other.exchange(asked, verifier).status_code == 401
    # The first who authorizes it is who it stands for.
    rival = identity.person("member", {"project": {"id": project["id"]}})
    assert authorize(rival, asked).status_code == 403


def test_bad_signatures(identity, site, project, access, monkeypatch):
    path = f"{OAUTH}/request_token"
    where = {"Requested_Project_Id": project["id"]}
    late = {"timestamp": "1000000000"}
    texts = set()
    for headers in (
            {}, {"Authorization": "OAuth nonsense"},
            {"Authorization": "Basic YTpi"}, site.sign(path, "wrong"),
            site.sign(f"{OAUTH}/other"), site.sign(path, **late),
            site.sign(path, signature_method=oauth1.SIGNATURE_PLAINTEXT),
            site.sign(path, resource_owner_key=access["oauth_token"])):
        got = site.post(path, headers, **where)
        assert got.status_code == 401, headers
        texts.add(got.text)
    assert len(texts) == 1
    assert site.post(path, site.sign(path)).status_code == 400
    got = site.token(access | {"oauth_token_secret": "wrong"})
    assert got.status_code == 401


def test_replay(site, project):
    path = f"{OAUTH}/request_token"
    headers = site.sign(path)
    site.form(path, headers, Requested_Project_Id=project["id"])
    got = site.post(path, headers, Requested_Project_Id=project["id"])
    assert got.status_code == 401


def test_expired_are_pruned(identity, admin, site, member, access, project,
                            monkeypatch):
    site.ask(project)
    later = db.utcnow() + datetime.timedelta(days=2)
    monkeypatch.setattr("identity.app.datetime", type("Clock", (), {
        "datetime": type("Now", (), {"now": lambda zone: later}),
        "UTC": datetime.UTC}))
    assert Pruner(identity.db).run_once() >= 5
    every = f"/v3/users/{member.id}/OS-OAUTH1/access_tokens"
    assert member.ok("GET", every)["access_tokens"] == []


def test_secrets_are_sealed(identity, site, access):
    with identity.db.reader() as session:
        for table in ("consumers", "access_tokens"):
            rows = session.connection().exec_driver_sql(
                f"SELECT * FROM oauth_{table}").all()
            assert site.secret not in jsontext.dumps(str(rows)).decode()
            assert access["oauth_token_secret"] not in str(rows)
