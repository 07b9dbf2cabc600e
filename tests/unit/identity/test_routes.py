"""What holds for every route."""

import re

import pytest

from common import bootstrap as ids
from identity import api, policies
from tests.unit.identity.conftest import Caller

PUBLIC = {("GET", "/"), ("GET", "/v3"), ("POST", "/v3/auth/tokens"),
          ("POST", "/v3/users/{user_id}/password"),
          # Signed by who sends them.
          ("POST", "/v3/OS-OAUTH1/request_token"),
          ("POST", "/v3/OS-OAUTH1/access_token")}
#: What anybody may ask with a token, each about their own.
OWN = {("GET", f"/v3/{path}") for path in (
    "auth/projects", "auth/domains", "auth/system", "regions", "limits",
    "limits/model", "registered_limits", "credentials")}

#: What anybody may make, each for themselves: the body is looked at.
MAKE = {("POST", "/v3/credentials"), ("POST", "/v3/OS-TRUST/trusts")}


@pytest.fixture
def table(identity):
    return [(method, path, action.spec)
            for method, path, action in api.routes(identity.env)]


def concrete(path):
    return re.sub(r"\{[^}]*\}", "some", path)


def test_public_ones_are_these(table):
    assert {(method, path) for method, path, spec in table
            if spec.public} == PUBLIC


def test_without_a_token(identity, anybody, table):
    stranger = Caller(identity.wsgi, "no-token")
    for method, path, spec in table:
        if not spec.public:
            for caller in (anybody, stranger):
                got = caller(method, concrete(path), {})
                assert got.status_code == 401, (method, path)


def test_without_a_role(identity, admin, table):
    admin.ok("POST", "/v3/users", {"user": {
        "name": "bare", "password": "x"}})
    caller = identity.login("bare", "x")
    for method, path, spec in table:
        if spec.public or path.startswith("/v3/auth/tokens"):
            continue
        got = caller(method, concrete(path), {})
        allowed = (200,) if (method, path) in OWN else (403, 404)
        if (method, path) in MAKE:
            allowed = (400,)
        assert got.status_code in allowed, (method, path, got.text)


def test_malformed_json(admin, table):
    for method, path, spec in table:
        if spec.body is not None:
            for text in (b"{", b'{"x": NaN}', b"\xff", b"[1" * 40):
                from webob import Request
                req = Request.blank(
                    concrete(path), method=method, body=text,
                    headers={"X-Auth-Token": admin.token})
                got = req.get_response(admin.wsgi)
                assert got.status_code == 400, (method, path, got.text)
                assert got.json["error"]["code"] == 400


def test_wrong_type_of_body(admin, table):
    for method, path, spec in table:
        if spec.body is not None:
            got = admin(method, concrete(path), [1])
            assert got.status_code in (400, 403, 404), (method, path, got.text)


def test_unknown_paths_and_methods(admin):
    assert admin("GET", "/v3/nothing").status_code == 404
    got = admin("PUT", "/v3/users")
    assert got.status_code == 405
    assert got.headers["Allow"] == "GET, POST"


def test_queries_do_not_grow(identity, admin):
    """Lists take as many queries for many rows as for few."""
    from common import db

    def counts():
        found = {}
        for path in ("users", "projects", "domains", "roles", "groups",
                     "role_assignments?effective&include_names",
                     "role_assignments?include_names", "services",
                     "endpoints", "auth/projects", "limits",
                     "registered_limits"):
            admin.ok("GET", f"/v3/{path}")
            with db.count_queries(identity.db) as queries:
                admin.ok("GET", f"/v3/{path}")
            found[path] = queries.count
        return found

    def fill(number):
        role = identity.role_id("member")
        service = admin.ok("POST", "/v3/services", {"service": {
            "type": "x"}})["service"]["id"]
        for i in range(number):
            user = admin.ok("POST", "/v3/users", {"user": {
                "name": f"u{number}-{i}", "password": "x"}})["user"]["id"]
            project = admin.ok("POST", "/v3/projects", {"project": {
                "name": f"p{number}-{i}", "tags": ["a", "b"],
                "domain_id": "default"}})["project"]["id"]
            group = admin.ok("POST", "/v3/groups", {"group": {
                "name": f"g{number}-{i}"}})["group"]["id"]
            admin.ok("PUT", f"/v3/groups/{group}/users/{user}")
            resource = {"service_id": service, "resource_name": f"r{i}"}
            admin.ok("POST", "/v3/registered_limits", {
                "registered_limits": [resource | {"default_limit": 1}]})
            admin.ok("POST", "/v3/limits", {"limits": [resource | {
                "project_id": project, "resource_limit": 1}]})
            for actor in (f"users/{user}", f"groups/{group}"):
                admin.ok("PUT", f"/v3/projects/{project}/{actor}/roles/"
                                f"{role}")
    fill(2)
    few = counts()
    fill(8)
    assert counts() == few
    # One of them is for the sender's token.
    assert max(few.values()) <= 10, few
    assert few["users"] == 2


def test_paging(identity, admin):
    for i in range(5):
        admin.ok("POST", "/v3/projects", {"project": {
            "name": f"page-{i}", "domain_id": "default"}})
    path, seen = "/v3/projects?limit=2&name__startswith=page", []
    while path:
        got = admin.ok("GET", path)
        seen += [p["name"] for p in got["projects"]]
        following = got["links"]["next"]
        path = following and following.removeprefix("http://localhost")
    assert seen == [f"page-{i}" for i in range(5)]
    got = admin("GET", "/v3/projects?marker=none")
    assert got.status_code == 400
    assert admin("GET", "/v3/projects?limit=x").status_code == 400


def test_ids_are_those_of_all_clouds(admin):
    shown = admin.ok("GET", f"/v3/projects/{ids.ADMIN_PROJECT_ID}")
    assert shown["project"]["name"] == "admin"


def test_rules_name_calls_that_exist(table):
    served = {(method, re.sub(r"\{[^}]*\}", "{}", path))
              for method, path, _ in table}
    served |= {("HEAD", path) for method, path in served if method == "GET"}
    missing = [
        (rule.name, call["method"], call["path"])
        for rule in policies.RULES for call in rule.operations
        if (call["method"], re.sub(
            r"\{[^}]*\}", "{}", call["path"].partition("?")[0]))
        not in served]
    assert missing == []
