"""Application credentials: what is made, what it allows, how it ends."""

import datetime

import pytest

from common import access, db
from tests.unit.identity.conftest import Caller

METHOD = "application_credential"


@pytest.fixture
def member(identity, project):
    """Return a member of the project; ``path`` is that of what they own."""
    made = identity.person("member", {"project": {"id": project["id"]}})
    user = made.ok("GET", "/v3/auth/tokens",
                   X_Subject_Token=made.token)["token"]["user"]
    made.id, made.name = user["id"], user["name"]
    made.path = f"/v3/users/{made.id}/application_credentials"
    return made


def make(caller, path, **body):
    got = caller.ok("POST", path, {METHOD: {"name": "robot"} | body})
    return got[METHOD]


def claim(made, **other):
    named = other or {"id": made["id"]}
    return {"auth": {"identity": {"methods": [METHOD], METHOD: {
        "secret": made["secret"]} | named}}}


def login(identity, made, **other):
    got = Caller(identity.wsgi)(
        "POST", "/v3/auth/tokens", claim(made, **other))
    assert got.status_code == 201, got.text
    return Caller(identity.wsgi, got.headers["X-Subject-Token"])


def shown(caller, token=None):
    return caller("GET", "/v3/auth/tokens", **{
        "X_Subject_Token": token or caller.token,
        access.HEADER: access.VERSION})


BAD = [
    {"roles": [{"name": "admin"}]}, {"roles": [{"name": "nothing"}]},
    {"roles": [{"id": "nothing"}]}, {"roles": [{}]},
    {"roles": [{"name": "member", "domain_id": "default"}]},
    {"expires_at": "soon"}, {"expires_at": "2001-01-01T00:00:00Z"},
    {"project_id": "p"}, {"secret": ""}, {"name": " "},
    {"access_rules": [{"id": "nothing"}]},
    {"access_rules": [{"service": "compute", "method": "GET"}]},
    {"access_rules": [{"service": "compute", "method": "TRACE",
                       "path": "/"}]},
    {"access_rules": [{"service": "compute", "method": "GET",
                       "path": "v2.1"}]},
]


class TestLife:

    def test_secret_is_shown_once(self, member):
        made = make(member, member.path, description="d")
        assert len(made["secret"]) >= 64
        assert (made["name"], made["description"], made["expires_at"],
                made["unrestricted"]) == ("robot", "d", None, False)
        assert {role["name"] for role in made["roles"]} == {
            "member", "reader"}
        one = member.ok("GET", f"{member.path}/{made['id']}")[METHOD]
        listed = member.ok("GET", f"{member.path}?name=robot")
        del made["secret"]
        assert one == made and listed[f"{METHOD}s"] == [made]
        assert member.ok("GET", f"{member.path}?name=x")[
            f"{METHOD}s"] == []

    def test_name_is_unique_for_each_user(self, member):
        make(member, member.path)
        got = member("POST", member.path, {METHOD: {"name": "robot"}})
        assert got.status_code == 409

    def test_bad_bodies(self, member):
        for body in BAD:
            got = member(
                "POST", member.path, {METHOD: {"name": "x"} | body})
            assert got.status_code == 400, (body, got.text)

    def test_needs_a_project(self, identity, member):
        bare = identity.login(member.name, member.name, "unscoped")
        got = bare("POST", member.path, {METHOD: {"name": "x"}})
        assert got.status_code == 400
        assert "project" in got.text

    def test_others(self, identity, admin, member):
        made = make(member, member.path)
        one = f"{member.path}/{made['id']}"
        stranger = identity.person("member", {"domain": {"id": "default"}})
        for method, path, body in (
                ("GET", member.path, None), ("GET", one, None),
                ("DELETE", one, None),
                ("POST", member.path, {METHOD: {"name": "x"}})):
            assert stranger(method, path, body).status_code == 403
        got = admin("POST", member.path, {METHOD: {"name": "x"}})
        assert got.status_code == 403
        assert "secret" not in admin.ok("GET", one)[METHOD]
        reader = identity.person("reader", {"system": {"all": True}})
        assert len(reader.ok("GET", member.path)[f"{METHOD}s"]) == 1
        assert reader("DELETE", one).status_code == 403
        admin.ok("DELETE", one)
        assert member("GET", one).status_code == 404

    def test_of_another_user_is_not_found(self, identity, member, project):
        other = identity.person("member", {"project": {
            "id": project["id"]}})
        other_id = shown(other).json["token"]["user"]["id"]
        made = make(member, member.path)
        for method in ("GET", "DELETE"):
            got = other(method, f"/v3/users/{other_id}/{METHOD}s/"
                                f"{made['id']}")
            assert got.status_code == 404


class TestLogin:

    def test_token(self, identity, member, project):
        role = {"id": identity.role_id("reader")}
        made = make(member, member.path, roles=[role])
        for other in ({}, {"name": "robot", "user": {"id": member.id}},
                      {"name": "robot", "user": {
                          "name": member.name, "domain": {"id": "default"}}}):
            token = shown(login(identity, made, **other)).json["token"]
            assert token["methods"] == [METHOD]
            assert token["project"]["id"] == project["id"]
            assert token["user"]["id"] == member.id
            assert [r["name"] for r in token["roles"]] == ["reader"]
            assert token[METHOD] == {
                "id": made["id"], "name": "robot", "restricted": True}

    def test_secret_of_the_user(self, identity, member):
        made = make(member, member.path, secret="mine")
        assert made["secret"] == "mine"
        login(identity, made)
        with identity.db.reader() as session:
            assert "mine" not in str(session.connection().exec_driver_sql(
                "SELECT * FROM application_credentials").all())

    def test_all_refusals_look_alike(self, identity, member, anybody):
        made = make(member, member.path)
        texts = set()
        for body in (claim(made | {"secret": "wrong"}),
                     claim(made, id="nothing"),
                     claim(made, name="nothing", user={"id": member.id}),
                     claim(made, name="robot", user={"id": "nobody"})):
            got = anybody("POST", "/v3/auth/tokens", body)
            assert got.status_code == 401
            texts.add(got.text)
        assert len(texts) == 1

    def test_no_other_scope(self, anybody, member):
        made = make(member, member.path)
        body = claim(made)
        body["auth"]["scope"] = {"system": {"all": True}}
        assert anybody("POST", "/v3/auth/tokens", body).status_code == 401

    def test_token_ends_with_the_credential(self, identity, member):
        soon = db.utcnow() + datetime.timedelta(seconds=90)
        made = make(member, member.path, expires_at=soon.isoformat())
        token = shown(login(identity, made)).json["token"]
        assert token["expires_at"] == made["expires_at"] + "Z"

    def test_expired(self, identity, member, anybody, monkeypatch):
        soon = db.utcnow() + datetime.timedelta(seconds=90)
        made = make(member, member.path, expires_at=soon.isoformat())
        robot = login(identity, made)
        monkeypatch.setattr(
            db, "utcnow", lambda: soon + datetime.timedelta(seconds=1))
        got = anybody("POST", "/v3/auth/tokens", claim(made))
        assert got.status_code == 401
        monkeypatch.undo()
        assert shown(robot).status_code == 200


class TestEnd:
    """Whatever ends the right ends the credential and its tokens."""

    @pytest.fixture
    def robot(self, identity, member):
        member.made = make(member, member.path)
        return login(identity, member.made)

    def gone(self, identity, admin, member, robot):
        assert robot("GET", "/v3/auth/projects").status_code == 401
        got = Caller(identity.wsgi)(
            "POST", "/v3/auth/tokens", claim(member.made))
        return got.status_code == 401

    def test_deleted(self, identity, admin, member, robot):
        assert shown(robot).status_code == 200
        member.ok("DELETE", f"{member.path}/{member.made['id']}")
        assert self.gone(identity, admin, member, robot)

    def test_user(self, identity, admin, member, robot):
        admin.ok("PATCH", f"/v3/users/{member.id}", {"user": {
            "enabled": False}})
        assert self.gone(identity, admin, member, robot)
        admin.ok("DELETE", f"/v3/users/{member.id}")
        assert self.gone(identity, admin, member, robot)

    def test_project(self, identity, admin, member, robot, project):
        admin.ok("PATCH", f"/v3/projects/{project['id']}", {"project": {
            "enabled": False}})
        assert self.gone(identity, admin, member, robot)
        admin.ok("DELETE", f"/v3/projects/{project['id']}")
        assert self.gone(identity, admin, member, robot)

    def test_role_of_the_user(self, identity, admin, member, robot,
                              project):
        role = (f"/v3/projects/{project['id']}/users/{member.id}/roles/"
                f"{identity.role_id('member')}")
        admin.ok("DELETE", role)
        assert self.gone(identity, admin, member, robot)
        # It is gone for good, not only while the role is.
        admin.ok("PUT", role)
        assert self.gone(identity, admin, member, robot)

    def test_role_of_the_group(self, identity, admin, member, project):
        role = identity.role_id("manager")
        for take in ("member", "grant"):
            group = admin.ok("POST", "/v3/groups", {"group": {
                "name": f"g-{take}"}})["group"]["id"]
            grant = f"/v3/projects/{project['id']}/groups/{group}/roles/{role}"
            admin.ok("PUT", f"/v3/groups/{group}/users/{member.id}")
            admin.ok("PUT", grant)
            caller = identity.login(
                member.name, member.name,
                {"project": {"id": project["id"]}})
            member.made = make(caller, member.path, name=take)
            robot = login(identity, member.made)
            taken = (grant if take == "grant" else
                     f"/v3/groups/{group}/users/{member.id}")
            admin.ok("DELETE", taken)
            assert self.gone(identity, admin, member, robot)
            admin.ok("PUT", taken)
            assert self.gone(identity, admin, member, robot)
            admin.ok("DELETE", grant)

    def test_role_itself(self, identity, admin, member, project):
        role = admin.ok("POST", "/v3/roles", {"role": {"name": "odd"}})[
            "role"]["id"]
        admin.ok("PUT", f"/v3/projects/{project['id']}/users/{member.id}/"
                        f"roles/{role}")
        caller = identity.login(
            member.name, member.name, {"project": {"id": project["id"]}})
        member.made = make(caller, member.path)
        robot = login(identity, member.made)
        admin.ok("DELETE", f"/v3/roles/{role}")
        assert self.gone(identity, admin, member, robot)


class TestBounds:

    def test_restricted_makes_nothing(self, identity, member):
        made = make(member, member.path)
        robot = login(identity, made)
        own = f"/v3/users/{member.id}"
        for method, path, body in (
                ("POST", member.path, {METHOD: {"name": "x"}}),
                ("DELETE", f"{member.path}/{made['id']}", None),
                ("POST", f"{own}/credentials/OS-EC2",
                 {"tenant_id": made["project_id"]}),
                ("POST", "/v3/credentials", {"credential": {
                    "user_id": member.id, "type": "x", "blob": "b"}})):
            got = robot(method, path, body)
            assert got.status_code == 403, (method, path, got.text)
        assert robot("GET", f"{member.path}/{made['id']}").status_code == 200

    def test_unrestricted_does(self, identity, member):
        made = make(member, member.path, unrestricted=True)
        robot = login(identity, made)
        assert not shown(robot).json["token"][METHOD]["restricted"]
        make(robot, member.path, name="x")

    def test_what_it_makes_stays(self, identity, member):
        """So that a program may replace its own credential, as Keystone's
        users know it; its EC2 keys end with it."""
        first = make(member, member.path, unrestricted=True)
        second = make(login(identity, first), member.path, name="next")
        robot = login(identity, second)
        member.ok("DELETE", f"{member.path}/{first['id']}")
        assert shown(robot).status_code == 200

    def test_begets_no_other_tokens(self, identity, member, anybody):
        robot = login(identity, make(member, member.path))
        got = anybody("POST", "/v3/auth/tokens", {"auth": {"identity": {
            "methods": ["token"], "token": {"id": robot.token}}}})
        assert got.status_code == 403


class TestAccessRules:

    RULE = {"service": "identity", "method": "GET",
            "path": "/v3/users/*/access_rules/**"}

    @pytest.fixture
    def made(self, member):
        return make(member, member.path, access_rules=[self.RULE])

    def test_life(self, member, made):
        rules = f"/v3/users/{member.id}/access_rules"
        rule = made["access_rules"][0]
        assert {k: rule[k] for k in self.RULE} == self.RULE
        again = make(member, member.path, name="b", access_rules=[
            self.RULE, {"id": rule["id"]}])
        assert again["access_rules"] == [rule]
        link = f"http://localhost{rules}/{rule['id']}"
        rule = rule | {"links": {"self": link}}
        assert member.ok("GET", rules)["access_rules"] == [rule]
        assert member.ok("GET", f"{rules}/{rule['id']}") == {
            "access_rule": rule}
        got = member("DELETE", f"{rules}/{rule['id']}")
        assert got.status_code == 403
        for one in (made, again):
            member.ok("DELETE", f"{member.path}/{one['id']}")
        member.ok("DELETE", f"{rules}/{rule['id']}")
        assert member("DELETE", f"{rules}/{rule['id']}").status_code == 404

    def test_are_obeyed(self, identity, member, made):
        robot = login(identity, made)
        rule = made["access_rules"][0]["id"]
        own = f"/v3/users/{member.id}"
        assert robot("GET", f"{own}/access_rules/{rule}").status_code == 200
        for path in (f"{own}/access_rules", own, "/v3/auth/projects"):
            assert robot("GET", path).status_code == 401

    def test_empty_ones_are_none(self, identity, member):
        """As in Keystone: so nothing is bounded by them."""
        made = make(member, member.path, access_rules=[])
        assert "access_rules" not in made
        assert login(identity, made)("GET", "/v3/auth/projects"
                                     ).status_code == 200

    def test_are_not_left_by_making_others(self, identity, member):
        rules = [{"service": "identity", "method": "POST", "path": "/**"}]
        made = make(member, member.path, access_rules=rules,
                    unrestricted=True)
        robot = login(identity, made)
        got = robot("POST", member.path, {METHOD: {"name": "x"}})
        assert got.status_code == 403 and "access rules" in got.text
        got = robot("POST", "/v3/OS-TRUST/trusts", {"trust": {
            "trustor_user_id": member.id, "trustee_user_id": member.id,
            "impersonation": False}})
        assert got.status_code == 403 and "access rules" in got.text

    def test_services_must_know_of_them(self, admin, identity, member,
                                        made):
        robot = login(identity, made)
        assert admin("GET", "/v3/auth/tokens",
                     X_Subject_Token=robot.token).status_code == 404
        token = shown(admin, robot.token).json["token"]
        assert token[METHOD]["access_rules"] == made["access_rules"]

    def test_none_left_allow_nothing(self, identity, admin, member, made):
        robot = login(identity, made)
        with identity.db.writer() as session:
            session.connection().exec_driver_sql("DELETE FROM access_rules")
        assert robot("GET", "/v3/auth/projects").status_code == 401
        assert shown(admin, robot.token).json["token"][METHOD][
            "access_rules"] == []


def test_queries(identity, admin, member):
    def count(robot):
        with db.count_queries(identity.db) as queries:
            robot.ok("GET", "/v3/auth/projects")
        validated = queries.count
        with db.count_queries(identity.db) as queries:
            member.ok("GET", member.path)
        return validated, queries.count
    rules = [{"service": "identity", "method": "GET", "path": f"/{n}"}
             for n in ("v3/auth/*", "b", "c", "d")]
    first = make(member, member.path, access_rules=rules[:1])
    login(identity, first).ok("GET", "/v3/auth/projects")
    few = count(login(identity, first))
    for n in range(4):
        last = make(member, member.path, name=f"n{n}", access_rules=rules)
    assert count(login(identity, last)) == few
    # The token's own, what it was made by, and the list of projects.
    assert few[0] <= 9
