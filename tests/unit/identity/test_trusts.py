"""Trusts: who may make them, what they allow, how they end."""

import datetime

import pytest

from common import concurrency, db
from tests.unit.identity.conftest import Caller

TRUSTS = "/v3/OS-TRUST/trusts"


class Person:
    """A user with a password like their name, and a token."""

    def __init__(self, identity, caller):
        self.identity, self.caller = identity, caller
        user = caller.ok("GET", "/v3/auth/tokens",
                         X_Subject_Token=caller.token)["token"]["user"]
        self.id, self.name = user["id"], user["name"]

    def login(self, scope):
        return Caller(self.identity.wsgi)(
            "POST", "/v3/auth/tokens",
            self.identity.auth(self.name, self.name, scope))

    def use(self, trust):
        return self.login({"OS-TRUST:trust": {"id": trust["id"]}})

    def by(self, trust):
        """Return who sends requests by the trust."""
        got = self.use(trust)
        assert got.status_code == 201, got.text
        caller = Caller(self.identity.wsgi, got.headers["X-Subject-Token"])
        caller.shown = got.json["token"]
        return caller


@pytest.fixture
def trustor(identity, project):
    made = Person(identity, identity.person(
        "member", {"project": {"id": project["id"]}}))
    made.project_id = project["id"]
    return made


@pytest.fixture
def trustee(identity):
    return Person(identity, identity.person(
        "reader", {"domain": {"id": "default"}}))


@pytest.fixture
def third(identity):
    return Person(identity, identity.person(
        "reader", {"domain": {"id": "default"}}))


@pytest.fixture
def trust(trustor, trustee, project):
    """Return what makes a trust of a reader."""
    def make(caller=None, status=201, **more):
        body = {"trustor_user_id": trustor.id,
                "trustee_user_id": trustee.id, "impersonation": False,
                "project_id": project["id"],
                "roles": [{"name": "reader"}]} | more
        got = (caller or trustor.caller)("POST", TRUSTS, {"trust": body})
        assert got.status_code == status, got.text
        return got.json.get("trust", got.json)
    return make


REFUSED = [
    (400, {"expires_at": "bad.123Z"}),
    (400, {"expires_at": "2001-01-01T00:00:00Z"}),
    (400, {"remaining_uses": 0}), (400, {"impersonation": None}),
    (400, {"remaining_uses": 1, "allow_redelegation": True}),
    (400, {"color": "red"}), (403, {"roles": []}),
    (403, {"project_id": None}), (403, {"roles": [{"name": "admin"}]}),
    (404, {"roles": [{"name": "nothing"}]}),
    (404, {"trustee_user_id": "nobody"}),
    (404, {"project_id": "nowhere"}),
    (403, {"trustor_user_id": "nobody"}),
    (403, {"redelegated_trust_id": "none"}),
    (403, {"allow_redelegation": True, "redelegation_count": 9}),
]


class TestLife:

    def test_views(self, identity, trustor, trustee, third, admin, trust):
        made = trust(remaining_uses=3, expires_at="2099-01-01T00:00:00Z")
        assert made["expires_at"] == "2099-01-01T00:00:00.000000Z"
        assert (made["remaining_uses"], made["redelegation_count"],
                made["deleted_at"]) == (3, 0, None)
        assert [role["name"] for role in made["roles"]] == ["reader"]
        one = f"{TRUSTS}/{made['id']}"
        for side in (trustor.caller, trustee.caller, admin):
            assert side.ok("GET", one) == {"trust": made}
            assert side.ok("GET", f"{one}/roles")["roles"] == made["roles"]
            role = made["roles"][0]
            assert side.ok("GET", f"{one}/roles/{role['id']}") == {
                "role": role}
            assert side("GET", f"{one}/roles/none").status_code == 404
        assert third.caller("GET", one).status_code == 403
        for side in (third.caller, admin):
            assert side("GET", f"{TRUSTS}/none").status_code == 404

    def test_lists(self, trustor, trustee, third, admin, trust):
        made = trust()
        brief = {name: value for name, value in made.items()
                 if not name.startswith("roles")}
        for side, query in (
                (trustor, f"?trustor_user_id={trustor.id}"),
                (trustee, f"?trustee_user_id={trustee.id}")):
            assert side.caller.ok("GET", TRUSTS + query)["trusts"] == [
                brief]
            assert side.caller("GET", TRUSTS).status_code == 403
            assert third.caller("GET", TRUSTS + query).status_code == 403
        assert admin.ok("GET", TRUSTS)["trusts"] == [brief]
        both = (f"?trustor_user_id={trustor.id}"
                f"&trustee_user_id={third.id}")
        assert trustor.caller.ok("GET", TRUSTS + both)["trusts"] == []

    def test_delete(self, trustor, trustee, third, admin, trust):
        made = trust()
        one = f"{TRUSTS}/{made['id']}"
        holder = trustee.by(made)
        for other in (trustee, third):
            assert other.caller("DELETE", one).status_code == 403
        trustor.caller.ok("DELETE", one)
        for side in (trustor.caller, admin):
            assert side("GET", one).status_code == 404
        assert admin.ok("GET", TRUSTS)["trusts"] == []
        assert holder("GET", "/v3/auth/projects").status_code == 401
        assert trustee.use(made).status_code == 403

    def test_refused(self, trust):
        for status, body in REFUSED:
            trust(status=status, **body)

    def test_made_by_the_trustor_alone(self, trustee, admin, trust):
        for other in (trustee.caller, admin):
            trust(other, 403)


class TestToken:

    def test_without_impersonation(self, trustor, trustee, trust, project):
        token = trustee.by(trust()).shown
        assert token["user"]["id"] == trustee.id
        assert token["project"]["id"] == project["id"]
        assert [role["name"] for role in token["roles"]] == ["reader"]
        shown = token["OS-TRUST:trust"]
        assert shown["trustor_user"] == {"id": trustor.id}
        assert shown["trustee_user"] == {"id": trustee.id}
        assert shown["impersonation"] is False

    def test_with_impersonation(self, trustor, trustee, trust):
        token = trustee.by(trust(impersonation=True)).shown
        assert token["user"]["id"] == trustor.id
        assert [role["name"] for role in token["roles"]] == ["reader"]

    def test_without_a_project(self, trustor, trustee, trust):
        made = trust(project_id=None, roles=[], impersonation=True)
        token = trustee.by(made).shown
        assert token["user"]["id"] == trustor.id
        assert "roles" not in token and "project" not in token

    def test_for_the_trustee_alone(self, trustor, third, trust):
        made = trust()
        for other in (trustor, third):
            assert other.use(made).status_code == 403

    def test_ends_with_the_trust(self, trustee, trust):
        soon = db.utcnow() + datetime.timedelta(seconds=60)
        made = trust(expires_at=soon.isoformat())
        assert trustee.by(made).shown["expires_at"] == made["expires_at"]

    def test_uses_are_counted_without_a_race(self, trustor, trustee, trust):
        made = trust(remaining_uses=2)
        statuses = []

        def use():
            statuses.append(trustee.use(made).status_code)
        concurrency.gather(*[use] * 5)
        assert sorted(statuses) == [201, 201, 403, 403, 403]
        left = trustor.caller.ok("GET", f"{TRUSTS}/{made['id']}")["trust"]
        assert left["remaining_uses"] == 0

    def test_makes_nothing(self, trustor, trustee, trust, project):
        holder = trustee.by(trust(impersonation=True))
        mine = f"/v3/users/{trustor.id}"
        for path, body in (
                (TRUSTS, {"trust": {
                    "trustor_user_id": trustor.id, "impersonation": True,
                    "trustee_user_id": trustee.id}}),
                (f"{mine}/application_credentials",
                 {"application_credential": {"name": "x"}}),
                (f"{mine}/credentials/OS-EC2",
                 {"tenant_id": project["id"]}),
                ("/v3/credentials", {"credential": {
                    "user_id": trustor.id, "type": "x", "blob": "b"}}),
                ("/v3/auth/tokens", {"auth": {"identity": {
                    "methods": ["token"],
                    "token": {"id": holder.token}}}})):
            got = holder("POST", path, body)
            assert got.status_code == 403, (path, got.text)

    def test_sees_no_secrets(self, trustor, trustee, trust):
        kept = trustor.caller.ok("POST", "/v3/credentials", {"credential": {
            "user_id": trustor.id, "type": "totp", "blob": "seed"}})[
                "credential"]
        holder = trustee.by(trust(impersonation=True))
        got = holder("GET", f"/v3/credentials/{kept['id']}")
        assert got.status_code == 403 and "seed" not in got.text


def back_in(person):
    """Return who sends requests with a fresh token of the person."""
    scope = {"project": {"id": person.project_id}}
    got = person.login(scope)
    return Caller(person.identity.wsgi, got.headers["X-Subject-Token"])


class TestEnd:

    @pytest.mark.parametrize("who", ["trustor", "trustee"])
    def test_of_a_user(self, admin, trustor, trustee, trust, who):
        path = f"/v3/users/{(trustor if who == 'trustor' else trustee).id}"
        name = (trustor if who == "trustor" else trustee).name
        for change in ({"password": name}, {"enabled": False}, None):
            if change is None:
                admin.ok("PATCH", path, {"user": {"enabled": True}})
            made = [trust(back_in(trustor), impersonation=flag)
                    for flag in (True, False)]
            holders = [trustee.by(each) for each in made]
            if change is None:
                admin.ok("DELETE", path)
            else:
                admin.ok("PATCH", path, {"user": change})
            for holder in holders:
                assert holder("GET", "/v3/auth/projects").status_code == 401
            if change != {"password": name}:
                assert trustee.use(made[0]).status_code in (401, 403)

    def test_of_the_role(self, identity, admin, trustor, trustee, trust,
                         project):
        made = trust(roles=[{"name": "reader"}, {"name": "member"}])
        holder = trustee.by(made)
        path = f"/v3/projects/{project['id']}/users/{trustor.id}/roles"
        admin.ok("PUT", f"{path}/{identity.role_id('reader')}")
        admin.ok("DELETE", f"{path}/{identity.role_id('member')}")
        # The trustor has kept one of them only.
        assert holder("GET", "/v3/auth/projects").status_code == 401
        assert trustee.use(made).status_code in (401, 403)

    def test_of_the_project(self, admin, trustee, trust, project):
        made = trust()
        holder = trustee.by(made)
        path = f"/v3/projects/{project['id']}"
        admin.ok("PATCH", path, {"project": {"enabled": False}})
        assert holder("GET", "/v3/auth/projects").status_code == 401
        assert trustee.use(made).status_code == 401
        admin.ok("DELETE", path)
        assert trustee.use(made).status_code == 403


class TestRedelegation:

    @pytest.fixture
    def first(self, trust):
        return trust(impersonation=True, allow_redelegation=True,
                     redelegation_count=2,
                     expires_at="2099-01-01T00:00:00Z",
                     roles=[{"name": "member"}, {"name": "reader"}])

    @pytest.fixture
    def hand_on(self, trust, third):
        def make(holder, status=201, **more):
            return trust(holder, status, **{
                "trustee_user_id": third.id, "impersonation": True} | more)
        return make

    def test_chain(self, trustor, trustee, third, first, hand_on):
        assert first["redelegation_count"] == 2
        second = hand_on(trustee.by(first), allow_redelegation=True)
        assert second["redelegated_trust_id"] == first["id"]
        assert second["redelegation_count"] == 1
        assert second["expires_at"] == first["expires_at"]
        holder = third.by(second)
        assert holder.shown["user"]["id"] == trustor.id
        last = hand_on(holder, allow_redelegation=True,
                       trustee_user_id=trustee.id)
        assert last["redelegation_count"] == 0
        hand_on(trustee.by(last), 403)
        # All end with the first.
        trustor.caller.ok("DELETE", f"{TRUSTS}/{first['id']}")
        assert holder("GET", "/v3/auth/projects").status_code == 401
        assert third.use(second).status_code == 403

    def test_never_more_than_the_source(self, trustee, first, hand_on):
        holder = trustee.by(first)
        for more in (
                {"roles": [{"name": "admin"}]},
                {"expires_at": "2100-01-01T00:00:00Z"},
                {"allow_redelegation": True, "redelegation_count": 2},
                {"project_id": None, "roles": []},
                {"redelegated_trust_id": "other"}):
            hand_on(holder, 403, **more)

    def test_needs_leave(self, trustee, trust, hand_on):
        hand_on(trustee.by(trust(impersonation=True)), 403)

    def test_no_new_impersonation(self, trustee, trust, hand_on):
        first = trust(allow_redelegation=True)
        holder = trustee.by(first)
        hand_on(holder, 403, trustor_user_id=trustee.id)
        made = hand_on(holder, trustor_user_id=trustee.id,
                       impersonation=False)
        holder.ok("DELETE", f"{TRUSTS}/{made['id']}")
        assert holder("DELETE", f"{TRUSTS}/{first['id']}").status_code == 403


def test_queries(identity, trustor, trustee, trust):
    def count(holder):
        with db.count_queries(identity.db) as queries:
            holder.ok("GET", "/v3/auth/projects")
        with db.count_queries(identity.db) as listing:
            trustor.caller.ok(
                "GET", f"{TRUSTS}?trustor_user_id={trustor.id}")
        return queries.count, listing.count
    trustee.by(trust()).ok("GET", "/v3/auth/projects")
    few = count(trustee.by(trust()))
    for _ in range(4):
        made = trust(roles=[{"name": "reader"}, {"name": "member"}])
    assert count(trustee.by(made)) == few
    assert few[0] <= 9
