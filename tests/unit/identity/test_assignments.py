"""Roles, who has them where, and how that came about."""

import pytest

from common import db
from tests.unit.identity.test_resources import (
    make_project,
    make_user,
    refused,
)


def make_role(admin, name, **more):
    return admin.ok("POST", "/v3/roles", {"role": {
        "name": name} | more})["role"]["id"]


def make_group(admin, name, *members):
    group = admin.ok("POST", "/v3/groups", {"group": {"name": name}})
    for user in members:
        admin.ok("PUT", f"/v3/groups/{group['group']['id']}/users/{user}")
    return group["group"]["id"]


def listed(caller, query):
    return caller.ok("GET", f"/v3/role_assignments?{query}")[
        "role_assignments"]


def roles_of(rows):
    return sorted(row["role"]["name"] for row in rows)


@pytest.fixture
def domain(admin):
    return admin.ok("POST", "/v3/domains", {"domain": {
        "name": "d1"}})["domain"]["id"]


class TestRoles:

    def test_immutable(self, admin):
        path = f"/v3/roles/{make_role(admin, 'r', description='x')}"
        admin.ok("PATCH", path, {"role": {"options": {"immutable": True}}})
        refused(admin, 403, "PATCH", path, {"role": {"name": "s"}})
        refused(admin, 403, "PATCH", path, {"role": {
            "name": "s", "options": {"immutable": False}}})
        refused(admin, 403, "DELETE", path)
        admin.ok("PATCH", path, {"role": {"options": {"immutable": None}}})
        got = admin.ok("PATCH", path, {"role": {"name": "s"}})["role"]
        assert (got["name"], got["description"], got["options"]) == (
            "s", "x", {})
        admin.ok("DELETE", path)

    def test_of_domains_imply_within_only(self, identity, admin, domain):
        inside = make_role(admin, "in", domain_id=domain)
        other = make_role(admin, "also", domain_id=domain)
        everywhere = make_role(admin, "all")
        refused(admin, 403, "PUT",
                f"/v3/roles/{everywhere}/implies/{inside}")
        for implied in (other, everywhere, identity.role_id("reader")):
            path = f"/v3/roles/{inside}/implies/{implied}"
            made = admin("PUT", path)
            assert made.status_code == 201
            assert admin.ok("GET", path) == made.json
        refused(admin, 400, "PUT", f"/v3/roles/{other}/implies/{inside}")
        # It would be a ring, too; that it may never be weighs more.
        refused(admin, 403, "PUT",
                f"/v3/roles/{everywhere}/implies/{inside}")
        found = {row["prior_role"]["id"]: len(row["implies"])
                 for row in admin.ok("GET", "/v3/role_inferences")[
                     "role_inferences"]}
        assert found[inside] == 3
        admin.ok("DELETE", f"/v3/roles/{inside}")
        assert inside not in str(admin.ok("GET", "/v3/role_inferences"))

    def test_of_domains_are_not_for_the_system(self, admin, domain):
        role, user = make_role(
            admin, "r", domain_id=domain), make_user(admin, "u")["id"]
        refused(admin, 400, "PUT", f"/v3/system/users/{user}/roles/{role}")

    def test_deleted_role_ends_what_it_gave(self, identity, admin, project):
        role = make_role(admin, "r")
        scope = {"project": {"id": project["id"]}}
        user = make_user(admin, "u")["id"]
        admin.ok("PUT", f"/v3/projects/{project['id']}/users/{user}/roles/"
                        f"{role}")
        caller = identity.login("u", "u", scope)
        admin.ok("DELETE", f"/v3/roles/{role}")
        assert caller("GET", "/v3/regions").status_code == 401
        assert listed(admin, f"user.id={user}") == []


class TestGrants:

    def test_every_kind(self, identity, admin, project, domain):
        """All 28 calls, and the 10 on the system."""
        user, role = make_user(admin, "u")["id"], identity.role_id("member")
        group = make_group(admin, "g")
        on = [f"projects/{project['id']}", f"domains/{domain}"]
        paths = [f"/v3/{o}/{a}/roles/{role}" for o in (*on, "system")
                 for a in (f"users/{user}", f"groups/{group}")]
        paths += [f"/v3/OS-INHERIT/{o}/{a}/roles/{role}"
                  "/inherited_to_projects" for o in on
                  for a in (f"users/{user}", f"groups/{group}")]
        for path in paths:
            of = path.replace(f"/{role}", "")
            for method, status in (
                    ("HEAD", 404), ("PUT", 204), ("HEAD", 204),
                    ("GET", 204)):
                assert admin(method, path).status_code == status, path
            # Only this one of them all: what is inherited is another.
            assert [r["id"] for r in admin.ok("GET", of)["roles"]] == [role]
            assert len(listed(admin, f"role.id={role}")) == 1
            assert admin("DELETE", path).status_code == 204
            assert admin.ok("GET", of)["roles"] == []

    def test_taken_back_at_once(self, identity, admin, project):
        scope = {"project": {"id": project["id"]}}
        user = make_user(admin, "u")["id"]
        group = make_group(admin, "g", user)
        path = (f"/v3/projects/{project['id']}/groups/{group}/roles/"
                f"{identity.role_id('member')}")
        admin.ok("PUT", path)
        caller = identity.login("u", "u", scope)
        caller.ok("GET", "/v3/regions")
        admin.ok("DELETE", path)
        assert caller("GET", "/v3/regions").status_code == 401


class TestListing:

    @pytest.mark.parametrize("query", [
        "effective&scope.domain.id=x&scope.OS-INHERIT:inherited_to=projects",
        "scope.OS-INHERIT:inherited_to=domains",
        "scope.system=all&scope.project.id=x",
        "scope.system=all&scope.domain.id=x"])
    def test_contradictions(self, admin, query):
        refused(admin, 400, "GET", f"/v3/role_assignments?{query}")

    def test_links_lead_to_what_was_given(self, identity, admin, project):
        user = make_user(admin, "u")["id"]
        group = make_group(admin, "g", user)
        below = make_project(admin, "below", parent_id=project["id"])["id"]
        given = identity.role_id("manager")
        admin.ok("PUT", f"/v3/OS-INHERIT/projects/{project['id']}/groups/"
                        f"{group}/roles/{given}/inherited_to_projects")
        admin.ok("PUT", f"/v3/system/users/{user}/roles/{given}")
        found = listed(admin, f"effective&include_names&user.id={user}")
        assert len(found) == 6
        for row in found:
            for name in ("assignment", "membership"):
                if name in row["links"]:
                    path = row["links"][name].removeprefix(
                        "http://localhost")
                    assert admin("HEAD", path).status_code == 204, path
        prior = {row["role"]["name"]: row["links"].get("prior_role")
                 for row in found if "project" in row["scope"]}
        member = identity.role_id("member")
        assert prior["manager"] is None
        assert prior["member"].endswith(
            f"/v3/prior_role/{given}/implies/{member}")
        assert prior["reader"].endswith(
            f"/v3/prior_role/{member}/implies/{identity.role_id('reader')}")
        assert all(row["scope"]["project"]["id"] == below
                   for row in found if "project" in row["scope"])

    def test_effective_filters(self, identity, admin, project):
        one, two = (make_user(admin, name)["id"] for name in "ab")
        group = make_group(admin, "g", one, two)
        below = make_project(admin, "below", parent_id=project["id"])["id"]
        member = identity.role_id("member")
        reader = identity.role_id("reader")
        top = project["id"]
        for path in (f"projects/{top}/users/{one}/roles/{reader}",
                     f"OS-INHERIT/projects/{top}/groups/{group}/roles/"
                     f"{member}/inherited_to_projects",
                     f"OS-INHERIT/domains/default/users/{two}/roles/"
                     f"{reader}/inherited_to_projects",
                     f"domains/default/groups/{group}/roles/{reader}"):
            admin.ok("PUT", f"/v3/{path}")
        for query, wanted in (
                (f"scope.project.id={top}", ["reader", "reader"]),
                (f"scope.project.id={below}",
                 ["member", "member", "reader", "reader", "reader"]),
                (f"scope.project.id={below}&user.id={one}",
                 ["member", "reader"]),
                (f"scope.project.id={below}&role.id={member}",
                 ["member", "member"]),
                (f"scope.project.id={top}&include_subtree&user.id={one}",
                 ["member", "reader", "reader"]),
                ("scope.domain.id=default", ["reader", "reader"]),
                (f"scope.domain.id=default&user.id={two}", ["reader"]),
                (f"scope.OS-INHERIT:inherited_to=projects&user.id={one}",
                 ["member", "reader"]),
                (f"scope.system=all&user.id={one}", [])):
            found = listed(admin, f"effective&include_names&{query}")
            assert roles_of(found) == wanted, query

    def test_made_filters(self, identity, admin, project):
        user = make_user(admin, "u")["id"]
        below = make_project(admin, "below", parent_id=project["id"])["id"]
        role = identity.role_id("reader")
        direct = f"projects/{below}/users/{user}/roles/{role}"
        inherited = (f"OS-INHERIT/projects/{project['id']}/users/{user}"
                     f"/roles/{role}/inherited_to_projects")
        for path in (direct, inherited):
            admin.ok("PUT", f"/v3/{path}")
        of = f"scope.project.id={project['id']}"
        for query, wanted in (
                (of, [inherited]), (f"scope.project.id={below}", [direct]),
                (f"{of}&include_subtree", [direct, inherited]),
                (f"{of}&include_subtree&"
                 "scope.OS-INHERIT:inherited_to=projects", [inherited]),
                (f"user.id={user}", [direct, inherited])):
            found = [row["links"]["assignment"].partition("/v3/")[2]
                     for row in listed(admin, query)]
            assert sorted(found) == sorted(wanted), query

    def test_names_of_roles_of_domains(self, admin, domain):
        role = make_role(admin, "r", domain_id=domain)
        user = make_user(admin, "u")["id"]
        admin.ok("PUT", f"/v3/domains/{domain}/users/{user}/roles/{role}")
        row, = listed(admin, f"user.id={user}&include_names")
        assert row["role"] == {"id": role, "name": "r", "domain": {
            "id": domain, "name": "d1"}}
        assert row["scope"] == {"domain": {"id": domain, "name": "d1"}}
        assert listed(admin, f"user.id={user}&effective") == []

    def test_queries(self, identity, admin, project):
        user = make_user(admin, "u")["id"]
        for query, most in (
                ("", 1), ("include_names", 5), ("effective", 5),
                ("effective&include_names", 9),
                (f"effective&scope.project.id={project['id']}"
                 f"&user.id={user}", 5)):
            listed(admin, query)
            with db.count_queries(identity.db) as few:
                admin.ok("GET", "/v3/regions")
            with db.count_queries(identity.db) as queries:
                listed(admin, query)
            # Regions take one beside those for the sender's token.
            assert queries.count - (few.count - 1) == most, query
