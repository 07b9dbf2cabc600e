"""Stored credentials, EC2 keys, and requests signed with them."""

import base64
import datetime
import hashlib
import hmac

import pytest
from click.testing import CliRunner
from keystoneclient.contrib.ec2 import utils as ec2_utils

from common import bootstrap as ids
from common import db
from identity import cli
from identity.db import credentials as rows
from tests.unit.identity.conftest import Caller

PATH = "/v3/credentials"


@pytest.fixture
def member(identity, project):
    made = identity.person("member", {"project": {"id": project["id"]}})
    made.id = made.ok("GET", "/v3/auth/tokens",
                      X_Subject_Token=made.token)["token"]["user"]["id"]
    made.ec2 = f"/v3/users/{made.id}/credentials/OS-EC2"
    return made


@pytest.fixture
def key(member, project):
    return member.ok("POST", member.ec2, {"tenant_id": project["id"]})[
        "credential"]


@pytest.fixture
def service(identity):
    return identity.person("service", {"project": {
        "id": ids.SERVICE_PROJECT_ID}})


def make(caller, user_id, **more):
    body = {"user_id": user_id, "type": "totp", "blob": "seed"} | more
    return caller.ok("POST", PATH, {"credential": body})["credential"]


BODIES = [
    {"type": "ec2", "blob": '{"access": "a", "secret": "s"}'},
    {"type": "ec2", "project_id": "p", "blob": "a"},
    {"type": "ec2", "project_id": "p", "blob": "[]"},
    {"type": "ec2", "project_id": "p", "blob": '{"access": "a"}'},
    {"type": "ec2", "project_id": "p",
     "blob": '{"access": 1, "secret": "s"}'},
    {"blob": {"access": "a"}}, {"type": ""}, {"color": "red"},
    {"user_id": "nobody"}, {"blob": "x" * 40000}
]


class TestCredentials:

    def test_life(self, identity, member, admin):
        made = make(member, member.id)
        one = f"{PATH}/{made['id']}"
        assert member.ok("GET", one) == {"credential": made}
        changed = member.ok("PATCH", one, {"credential": {
            "blob": "other", "project_id": "p"}})["credential"]
        assert changed == made | {"blob": "other", "project_id": "p"}
        brief = {k: v for k, v in changed.items() if k != "blob"}
        for query in ("", "?type=totp", f"?user_id={member.id}"):
            for caller in (member, admin):
                assert caller.ok("GET", PATH + query)["credentials"] == [
                    brief]
        assert admin.ok("GET", f"{PATH}?type=x")["credentials"] == []
        member.ok("DELETE", one)
        assert admin("GET", one).status_code == 404
        assert member("GET", one).status_code == 403

    def test_others(self, identity, member, admin):
        made = make(member, member.id)
        one = f"{PATH}/{made['id']}"
        stranger = identity.person("member", {"domain": {"id": "default"}})
        for method, path, body in (
                ("GET", one, None), ("DELETE", one, None),
                ("PATCH", one, {"credential": {"blob": "x"}}),
                ("POST", PATH, {"credential": {
                    "user_id": member.id, "type": "x", "blob": "x"}})):
            assert stranger(method, path, body).status_code == 403
        assert stranger.ok("GET", PATH)["credentials"] == []
        query = f"{PATH}?user_id={member.id}"
        assert stranger.ok("GET", query)["credentials"] == []
        # Who may see all sees no secrets of others.
        reader = identity.person("reader", {"system": {"all": True}})
        seen = reader.ok("GET", one)["credential"]
        assert "blob" not in seen and seen["id"] == made["id"]
        assert reader("DELETE", one).status_code == 403
        assert admin.ok("GET", one) == {"credential": made}

    def test_bad_bodies(self, admin, member):
        for body in BODIES:
            got = admin("POST", PATH, {"credential": {
                "user_id": member.id, "type": "x", "blob": "b"} | body})
            assert got.status_code == 400, (body, got.text)

    def test_the_owner_stays(self, admin, member):
        made = make(member, member.id)
        got = admin("PATCH", f"{PATH}/{made['id']}", {"credential": {
            "user_id": "other"}})
        assert got.status_code == 400

    def test_ec2(self, admin, member):
        blob = '{"access": "a1", "secret": "s"}'
        made = make(member, member.id, type="ec2", blob=blob,
                    project_id="p")
        assert made["id"] == hashlib.sha256(b"a1").hexdigest()
        got = member("POST", PATH, {"credential": {
            "user_id": member.id, "type": "ec2", "blob": blob,
            "project_id": "p"}})
        assert got.status_code == 409
        changed = member.ok("PATCH", f"{PATH}/{made['id']}", {
            "credential": {"blob": blob.replace("a1", "a2")}})["credential"]
        assert changed["id"] == made["id"]
        member.ok("GET", f"{member.ec2}/a2")
        assert member("GET", f"{member.ec2}/a1").status_code == 404

    def test_not_without_bound(self, member, monkeypatch):
        monkeypatch.setattr(rows, "MAX_PER_USER", 1)
        make(member, member.id)
        got = member("POST", PATH, {"credential": {
            "user_id": member.id, "type": "x", "blob": "b"}})
        assert got.status_code == 403

    def test_keys_rotate(self, identity, member, tmp_path):
        made = [make(member, member.id, blob=f"seed-{n}") for n in range(3)]
        conf = tmp_path / "pileus.conf"
        conf.write_text(f"[DEFAULT]\nstate_dir = {tmp_path}\n[identity]\n"
                        f"database = {identity.conf.identity.database}\n")

        def stored():
            with identity.db.reader() as session:
                return set(session.connection().exec_driver_sql(
                    "SELECT sealed_blob FROM credentials").scalars())
        before = stored()
        assert "seed-1" not in str(before)
        for _ in range(4):
            done = CliRunner().invoke(cli.identity, [
                "rotate-credential-keys", "--config", str(conf)])
            assert done.exit_code == 0, done.output
            assert "3 secrets" in done.output
            assert not before & stored()
            before = stored()
        for row in made:
            assert member.ok("GET", f"{PATH}/{row['id']}") == {
                "credential": row}
        names = (tmp_path / "identity" / "credential-keys").iterdir()
        assert len(list(names)) == 3


class TestKeys:

    def test_life(self, identity, member, key, project, admin):
        one = f"{member.ec2}/{key['access']}"
        assert key["tenant_id"] == project["id"]
        assert key["user_id"] == member.id
        assert member.ok("GET", one) == {"credential": key}
        brief = {k: v for k, v in key.items() if k != "secret"}
        for caller in (member, admin):
            assert caller.ok("GET", member.ec2)["credentials"] == [brief]
        reader = identity.person("reader", {"system": {"all": True}})
        assert reader.ok("GET", one) == {"credential": brief}
        stranger = identity.person("member", {"domain": {"id": "default"}})
        for method, path in (("GET", one), ("GET", member.ec2),
                             ("DELETE", one)):
            assert stranger(method, path).status_code == 403
        mine = f"/v3/users/{ids_of(stranger)}/credentials/OS-EC2"
        assert stranger(
            "GET", f"{mine}/{key['access']}").status_code == 404
        member.ok("DELETE", one)
        assert member("GET", one).status_code == 404

    def test_ends_with_the_project(self, admin, member, key, project):
        admin.ok("DELETE", f"/v3/projects/{project['id']}")
        assert admin.ok("GET", member.ec2)["credentials"] == []

    def test_only_where_one_has_a_role(self, member, admin):
        for project_id in (ids.ADMIN_PROJECT_ID, "nowhere"):
            got = member("POST", member.ec2, {"tenant_id": project_id})
            assert got.status_code == 404
        admin.ok("POST", member.ec2, {"tenant_id": ids.ADMIN_PROJECT_ID})


def ids_of(caller):
    return caller.ok("GET", "/v3/auth/tokens", X_Subject_Token=caller.token)[
        "token"]["user"]["id"]


def stamp(seconds=0):
    moment = db.utcnow() + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def old(key, version, seconds=0, **more):
    """Return a request of EC2's query API, signed by the known client."""
    params = {"Action": "DescribeInstances", "SignatureVersion": version,
              "AWSAccessKeyId": key["access"],
              "Timestamp": stamp(seconds)} | more
    params = {k: v for k, v in params.items() if v is not None}
    body = {"access": key["access"], "params": params, "verb": "GET",
            "host": "ec2.example:8788", "path": "/services/Cloud"}
    body["signature"] = ec2_utils.Ec2Signer(key["secret"]).generate(body)
    return body


def new(key, seconds=0, **more):
    """Return a request with a header of version 4."""
    moment = db.utcnow() + datetime.timedelta(seconds=seconds)
    date = moment.strftime("%Y%m%dT%H%M%SZ")
    body = {"access": key["access"], "verb": "GET", "path": "/",
            "host": "ec2.example", "params": {"Action": "x", "b": "ü /"},
            "body_hash": hashlib.sha256(b"").hexdigest(),
            "headers": {
                "Host": "ec2.example", "X-Amz-Date": date,
                "Authorization": "AWS4-HMAC-SHA256 Credential="
                f"{key['access']}/{date[:8]}/r/ec2/aws4_request, "
                "SignedHeaders=host;x-amz-date, Signature=x"}} | more
    body["signature"] = ec2_utils.Ec2Signer(key["secret"]).generate(body)
    return body


def link(key, seconds=0, expires="60"):
    """Return a request whose query is signed with version 4."""
    moment = db.utcnow() + datetime.timedelta(seconds=seconds)
    date = moment.strftime("%Y%m%dT%H%M%SZ")
    return new(key, headers={"Host": "ec2.example"}, params={
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": date,
        "X-Amz-Credential":
            f"{key['access']}/{date[:8]}/r/ec2/aws4_request",
        "X-Amz-Expires": expires, "X-Amz-SignedHeaders": "host"})


def s3(key, text, digest="sha1"):
    signature = base64.b64encode(hmac.digest(
        key["secret"].encode(), text.encode(), digest)).decode()
    return {"access": key["access"], "signature": signature,
            "token": base64.urlsafe_b64encode(text.encode()).decode()}


GOOD = [
    lambda key: old(key, "2"), new, link,
    lambda key: old(key, "2", Timestamp=None, Expires=stamp(60)),
    lambda key: old(key, "2") | {"host": "ec2.example:8788"},
    lambda key: link(key, -600, "900")
]
BAD = [
    lambda key: old(key, "0"), lambda key: old(key, "1"),
    lambda key: old(key, "2") | {"signature": "wrong"},
    lambda key: old(key, "2") | {"access": "other"},
    lambda key: old(key, "2") | {"path": "/other"},
    lambda key: old(key, "2", -1000), lambda key: old(key, "2", 1000),
    lambda key: old(key, "2", Timestamp="now"),
    lambda key: old(key, "2", Timestamp=None),
    lambda key: old(key, "2", Expires=stamp(60)),
    lambda key: old(key, "2", Timestamp=None, Expires=stamp(-60)),
    lambda key: old(key, "1") | {"params": {"SignatureVersion": "7"}},
    lambda key: new(key, -1000), lambda key: new(key, 1000),
    lambda key: new(key) | {"body_hash": "other"},
    lambda key: new(key) | {"params": {"Action": "y"}},
    lambda key: new(key) | {"verb": "POST"},
    lambda key: with_header(new(key), "X-Amz-Target", "y"),
    lambda key: link(key, -600, "300"), lambda key: link(key, -60, "0"),
    lambda key: link(key, 0, "604801"), lambda key: link(key, 0, "x"),
    lambda key: link(key) | {"headers": new(key)["headers"]}
]


class TestSigned:

    def ec2(self, service, body):
        return service("POST", "/v3/ec2tokens", {"credentials": body})

    def test_good(self, service, member, key, project):
        for number, sign in enumerate(GOOD):
            got = self.ec2(service, sign(key))
            assert got.status_code == 200, (number, got.text)
            token = got.json["token"]
            assert token["user"]["id"] == member.id
            assert token["project"]["id"] == project["id"]
            assert token["methods"] == ["ec2credential"]
            assert {r["name"] for r in token["roles"]} == {
                "member", "reader"}
            assert key["secret"] not in got.text

    def test_bad(self, service, key):
        for number, sign in enumerate(BAD):
            got = self.ec2(service, sign(key))
            assert got.status_code == 401, (number, got.text)
            assert key["secret"] not in got.text

    def test_weak_versions_where_they_are_wanted(
            self, identity, service, key):
        identity.conf.set_override(
            "weak_ec2_signatures", True, group="identity")
        identity.rebuild()
        service.wsgi = identity.wsgi
        for version in ("0", "1"):
            assert self.ec2(service, old(key, version)).status_code == 200
            late = old(key, version, -1000)
            assert self.ec2(service, late).status_code == 401

    def test_s3(self, service, key, member):
        for body in (s3(key, "GET\n\n\nThu, 01 Jan\n/bucket"),
                     s3_v4(key), s3_v4(key, -3600)):
            got = service("POST", "/v3/s3tokens", {"credentials": body})
            assert got.status_code == 200, got.text
            assert got.json["token"]["user"]["id"] == member.id
            assert "X-Subject-Token" not in got.headers
        good = s3(key, "GET")
        for body in (good | {"signature": "x"}, good | {"access": "x"},
                     good | {"token": "***"}, s3_v4(key, 8 * 86400),
                     s3_v4(key, -9 * 86400), s3(key, "AWS4\nx"),
                     s3(key, "GET", "sha256")):
            got = service("POST", "/v3/s3tokens", {"credentials": body})
            assert got.status_code == 401, body

    def test_for_services_alone(self, member, key):
        assert self.ec2(member, old(key, "2")).status_code == 403
        got = member("POST", "/v3/s3tokens", {"credentials": s3(key, "x")})
        assert got.status_code == 403

    def test_bad_bodies(self, service, key):
        for body in ({}, {"credentials": {}}, {"ec2Credentials": []},
                     {"credentials": old(key, "2") | {"params": []}}):
            got = service("POST", "/v3/ec2tokens", body)
            assert got.status_code == 400

    def test_token_makes_nothing_and_ends_with_the_key(
            self, identity, service, member, key, project):
        got = service("POST", "/v3/ec2tokens", {
            "ec2Credentials": old(key, "2")})
        holder = Caller(identity.wsgi, got.headers["X-Subject-Token"])
        holder.ok("GET", "/v3/auth/projects")
        one = f"{member.ec2}/{key['access']}"
        for method, path, body in (
                ("POST", member.ec2, {"tenant_id": project["id"]}),
                ("GET", one, None),
                ("POST", f"/v3/users/{member.id}/application_credentials",
                 {"application_credential": {"name": "x"}})):
            assert holder(method, path, body).status_code == 403
        member.ok("DELETE", one)
        assert holder("GET", "/v3/auth/projects").status_code == 401
        assert self.ec2(service, old(key, "2")).status_code == 401


class TestMadeByProgram:
    """Keys made with an application credential are worth no more."""

    def test(self, identity, service, member, project):
        path = f"/v3/users/{member.id}/application_credentials"
        made = member.ok("POST", path, {"application_credential": {
            "name": "robot", "unrestricted": True,
            "roles": [{"name": "reader"}]}})["application_credential"]
        got = Caller(identity.wsgi)("POST", "/v3/auth/tokens", {"auth": {
            "identity": {"methods": ["application_credential"],
                         "application_credential": {
                             "id": made["id"], "secret": made["secret"]}}}})
        robot = Caller(identity.wsgi, got.headers["X-Subject-Token"])
        key = robot.ok("POST", member.ec2, {"tenant_id": project["id"]})[
            "credential"]
        got = robot("POST", member.ec2, {
            "tenant_id": ids.ADMIN_PROJECT_ID})
        assert got.status_code == 403
        # What it stores lets nobody log in as the whole user.
        seed = {"user_id": member.id, "type": "totp", "blob": "GEZDGNBV"}
        got = robot("POST", PATH, {"credential": seed})
        assert got.status_code == 403
        note = make(robot, member.id, type="note")["id"]
        got = robot("PATCH", f"{PATH}/{note}", {"credential": {
            "type": "totp"}})
        assert got.status_code == 403
        # It sees, and changes, what it made and no more.
        kept = make(member, member.id)
        mine = member.ok("POST", member.ec2, {"tenant_id": project["id"]})[
            "credential"]["access"]
        for method, where, body in (
                ("GET", f"{PATH}/{kept['id']}", None),
                ("PATCH", f"{PATH}/{kept['id']}", {"credential": {
                    "blob": "x"}}),
                ("DELETE", f"{PATH}/{kept['id']}", None),
                ("GET", f"{member.ec2}/{mine}", None),
                ("DELETE", f"{member.ec2}/{mine}", None)):
            assert robot(method, where, body).status_code == 403
        member.ok("DELETE", f"{member.ec2}/{mine}")
        robot.ok("GET", f"{member.ec2}/{key['access']}")
        signed = {"credentials": old(key, "2")}
        got = service("POST", "/v3/ec2tokens", signed)
        token = got.json["token"]
        assert [role["name"] for role in token["roles"]] == ["reader"]
        assert token["application_credential"]["id"] == made["id"]
        member.ok("DELETE", f"{path}/{made['id']}")
        assert service("POST", "/v3/ec2tokens", signed).status_code == 401
        assert member.ok("GET", member.ec2)["credentials"] == []


def with_header(body, name, value):
    return body | {"headers": body["headers"] | {name: value}}


def s3_v4(key, seconds=0):
    moment = db.utcnow() + datetime.timedelta(seconds=seconds)
    date = moment.strftime("%Y%m%dT%H%M%SZ")
    scope = (date[:8], "r", "s3", "aws4_request")
    text = "\n".join(("AWS4-HMAC-SHA256", date, "/".join(scope), "0" * 64))
    signing = b"AWS4" + key["secret"].encode()
    for part in scope:
        signing = hmac.digest(signing, part.encode(), "sha256")
    return s3(key, text) | {"signature": hmac.digest(
        signing, text.encode(), "sha256").hex()}


def test_queries(identity, service, member, key):
    body = {"credentials": old(key, "2")}
    service.ok("POST", "/v3/ec2tokens", body)
    with db.count_queries(identity.db) as queries:
        service.ok("POST", "/v3/ec2tokens", body)
    assert queries.count <= 11
    counts = set()
    for _ in range(3):
        with db.count_queries(identity.db) as queries:
            member.ok("GET", member.ec2)
            member.ok("GET", PATH)
        counts.add(queries.count)
        make(member, member.id, type="ec2", project_id="p",
             blob=f'{{"access": "a{len(counts)}{_}", "secret": "s"}}')
    assert len(counts) == 1
