"""Domains, projects, users, groups, roles: what they do and refuse."""

import pytest
import sqlalchemy as sa

from identity.db.models import Password, User


def refused(caller, status, method, path, body=None):
    got = caller(method, path, body)
    assert got.status_code == status, (method, path, got.text)
    error = got.json["error"]
    assert error["code"] == status and error["title"] and error["message"]
    return error["message"]


def make_project(admin, name, **more):
    body = {"name": name, "domain_id": "default"} | more
    return admin.ok("POST", "/v3/projects", {"project": body})["project"]


def make_user(admin, name, **more):
    return admin.ok("POST", "/v3/users", {"user": {
        "name": name, "password": name} | more})["user"]


class TestDomains:

    def test_life(self, admin, domain):
        path = f"/v3/domains/{domain['id']}"
        got = admin.ok("PATCH", path, {"domain": {
            "name": "d2", "description": "x", "color": "red"}})["domain"]
        assert (got["name"], got["description"], got["color"]) == (
            "d2", "x", "red")
        refused(admin, 403, "DELETE", path)
        admin.ok("PATCH", path, {"domain": {"enabled": False}})
        assert [d["name"] for d in admin.ok(
            "GET", "/v3/domains?enabled=false")["domains"]] == ["d2"]
        admin.ok("DELETE", path)
        refused(admin, 404, "GET", path)

    def test_delete_takes_all_with_it(self, identity, admin, domain):
        d = domain["id"]
        top = make_project(admin, "p", domain_id=d)
        make_project(admin, "q", domain_id=d, parent_id=top["id"],
                     tags=["t"])
        user = make_user(admin, "u", domain_id=d)
        group = admin.ok("POST", "/v3/groups", {"group": {
            "name": "g", "domain_id": d}})["group"]
        admin.ok("PUT", f"/v3/groups/{group['id']}/users/{user['id']}")
        role = admin.ok("POST", "/v3/roles", {"role": {
            "name": "r", "domain_id": d}})["role"]
        admin.ok("PUT", f"/v3/projects/{top['id']}/users/{user['id']}"
                        f"/roles/{role['id']}")
        admin.ok("PATCH", f"/v3/domains/{d}", {"domain": {
            "enabled": False}})
        admin.ok("DELETE", f"/v3/domains/{d}")
        for path in (f"users/{user['id']}", f"groups/{group['id']}",
                     f"roles/{role['id']}", f"projects/{top['id']}"):
            refused(admin, 404, "GET", f"/v3/{path}")
        assert len(admin.ok("GET", "/v3/role_assignments")[
            "role_assignments"]) == 2

    def test_same_name(self, admin, domain):
        refused(admin, 409, "POST", "/v3/domains", {"domain": {
            "name": "d1"}})
        refused(admin, 409, "PATCH", f"/v3/domains/{domain['id']}", {
            "domain": {"name": "Default"}})

    @pytest.mark.parametrize("body", [
        {"name": ""}, {"name": " "}, {"name": "x" * 65}, {"name": 7}, {},
        {"name": "x", "enabled": "yes"}, {"name": "x", "description": 7}])
    def test_bad(self, admin, body):
        message = refused(admin, 400, "POST", "/v3/domains", {
            "domain": body})
        assert "body.domain" in message


class TestProjects:

    def test_tree(self, identity, admin):
        a = make_project(admin, "a")
        b = make_project(admin, "b", parent_id=a["id"])
        c = make_project(admin, "c", parent_id=b["id"])
        assert a["parent_id"] == "default"
        path = f"/v3/projects/{b['id']}"
        shown = admin.ok("GET", path + "?parents_as_ids&subtree_as_ids")
        assert shown["project"]["parents"] == {a["id"]: {"default": None}}
        assert shown["project"]["subtree"] == {c["id"]: None}
        # Lists show those on which one has a role.
        shown = admin.ok("GET", path + "?parents_as_list&subtree_as_list")
        assert shown["project"]["parents"] == []
        assert shown["project"]["subtree"] == []
        me = admin.ok("GET", "/v3/users?name=admin")["users"][0]["id"]
        for project in (a, c):
            admin.ok("PUT", f"/v3/projects/{project['id']}/users/{me}"
                            f"/roles/{identity.role_id('reader')}")
        shown = admin.ok("GET", path + "?parents_as_list&subtree_as_list")
        assert shown["project"]["parents"] == [{"project": a}]
        assert shown["project"]["subtree"] == [{"project": c}]
        for name in ("parents", "subtree"):
            refused(admin, 400, "GET",
                    f"{path}?{name}_as_list&{name}_as_ids")
        refused(admin, 403, "DELETE", path)
        refused(admin, 403, "PATCH", path, {"project": {"enabled": False}})
        listed = admin.ok("GET", f"/v3/projects?parent_id={a['id']}")
        assert [p["name"] for p in listed["projects"]] == ["b"]

    def test_depth(self, admin):
        parent = {"id": "default"}
        for level in range(5):
            parent = make_project(admin, f"l{level}",
                                  parent_id=parent["id"])
        refused(admin, 403, "POST", "/v3/projects", {"project": {
            "name": "l5", "parent_id": parent["id"]}})

    def test_below_disabled(self, admin, project):
        path = f"/v3/projects/{project['id']}"
        admin.ok("PATCH", path, {"project": {"enabled": False}})
        refused(admin, 403, "POST", "/v3/projects", {"project": {
            "name": "x", "parent_id": project["id"]}})

    def test_names_are_of_a_domain(self, admin, project, domain):
        refused(admin, 409, "POST", "/v3/projects", {"project": {
            "name": project["name"], "domain_id": "default"}})
        make_project(admin, project["name"], domain_id=domain["id"])

    def test_wrong_place(self, admin, project, domain):
        for body in ({"domain_id": "gone"}, {"parent_id": "gone"},
                     {"domain_id": domain["id"],
                      "parent_id": project["id"]},
                     {"is_domain": True, "domain_id": domain["id"]},
                     {"is_domain": True, "parent_id": domain["id"]}):
            refused(admin, 400, "POST", "/v3/projects", {"project": {
                "name": "x"} | body})
        refused(admin, 400, "PATCH", f"/v3/projects/{project['id']}", {
            "project": {"domain_id": domain["id"]}})
        refused(admin, 400, "PATCH", f"/v3/projects/{project['id']}", {
            "project": {"is_domain": True}})
        refused(admin, 403, "PATCH", f"/v3/projects/{project['id']}", {
            "project": {"parent_id": domain["id"]}})

    def test_acting_as_domain(self, identity, admin):
        made = make_project(admin, "d", domain_id=None, is_domain=True)
        path = f"/v3/projects/{made['id']}"
        assert (made["domain_id"], made["parent_id"]) == (None, None)
        assert admin.ok("GET", f"/v3/domains/{made['id']}")["domain"][
            "name"] == "d"
        # The rules for domains hold at this door, too.
        manager = identity.person(
            "manager", {"domain": {"id": made["id"]}}, domain=made["id"])
        for body in ({"name": "x"}, {"enabled": False}):
            refused(manager, 403, "PATCH", path, {"project": body})
        refused(manager, 403, "DELETE", path)
        refused(manager, 403, "PUT", path + "/tags/x")
        refused(manager, 403, "POST", "/v3/projects", {"project": {
            "name": "e", "is_domain": True}})
        refused(admin, 400, "DELETE", path)
        admin.ok("PATCH", path, {"project": {"enabled": False}})
        assert manager("GET", path).status_code == 401
        admin.ok("DELETE", path)
        refused(admin, 404, "GET", f"/v3/domains/{made['id']}")

    def test_domains_are_listed_when_asked(self, admin, project):
        listed = admin.ok("GET", "/v3/projects")["projects"]
        assert {p["name"] for p in listed} == {"admin", "service", "p1"}
        listed = admin.ok("GET", "/v3/projects?is_domain=true")["projects"]
        assert {p["name"] for p in listed} == {"Default"}

    def test_filters(self, admin):
        for name in ("Blue_one", "blue-two", "red%"):
            make_project(admin, name)
        for query, wanted in (
                ("name=blue-two", {"blue-two"}),
                ("name__contains=_", {"Blue_one"}),
                ("name__contains=%25", {"red%"}),
                ("name__istartswith=blue", {"Blue_one", "blue-two"}),
                ("name__endswith=two", {"blue-two"}),
                ("name__iequals=blue_ONE", {"Blue_one"}),
                ("name=none", set())):
            listed = admin.ok("GET", f"/v3/projects?{query}")["projects"]
            assert {p["name"] for p in listed} == wanted, query

    def test_tags(self, admin, project):
        path = f"/v3/projects/{project['id']}/tags"
        assert admin.ok("PUT", path, {"tags": ["b", "a"]})["tags"] == [
            "a", "b"]
        admin.ok("PUT", path + "/c")
        admin.ok("GET", path + "/c")
        admin.ok("DELETE", path + "/a")
        refused(admin, 404, "GET", path + "/a")
        assert admin.ok("GET", path)["tags"] == ["b", "c"]
        make_project(admin, "other", tags=["c"])
        for query, wanted in (
                ("tags=b,c", {"p1"}), ("tags-any=b,c", {"p1", "other"}),
                ("not-tags=b,c", {"other", "admin", "service"}),
                ("not-tags-any=b,c", {"admin", "service"})):
            listed = admin.ok("GET", f"/v3/projects?{query}")["projects"]
            assert {p["name"] for p in listed} == wanted, query
        refused(admin, 400, "PUT", path, {"tags": ["x,y"]})
        admin.ok("DELETE", path)
        assert admin.ok("GET", path)["tags"] == []

    def test_immutable(self, admin, project):
        path = f"/v3/projects/{project['id']}"
        admin.ok("PATCH", path, {"project": {"options": {
            "immutable": True}}})
        refused(admin, 403, "PATCH", path, {"project": {"name": "x"}})
        refused(admin, 403, "PATCH", path, {"project": {
            "color": "red", "options": {"immutable": False}}})
        refused(admin, 403, "DELETE", path)
        refused(admin, 403, "PUT", path + "/tags/x")
        admin.ok("PATCH", path, {"project": {"options": {
            "immutable": None}}})
        admin.ok("DELETE", path)

    def test_default_project_goes_with_it(self, admin, project):
        user = make_user(admin, "u", default_project_id=project["id"])
        admin.ok("DELETE", f"/v3/projects/{project['id']}")
        shown = admin.ok("GET", f"/v3/users/{user['id']}")["user"]
        assert "default_project_id" not in shown


class TestUsers:

    def test_view(self, admin):
        user = make_user(admin, "u", email="u@x", description="d")
        assert set(user) == {
            "id", "name", "domain_id", "enabled", "options", "links",
            "password_expires_at", "email", "description"}
        path = f"/v3/users/{user['id']}"
        got = admin.ok("PATCH", path, {"user": {
            "email": None, "options": {"lock_password": True}}})["user"]
        assert "email" not in got
        assert got["options"] == {"lock_password": True}
        refused(admin, 400, "POST", path + "/password", {"user": {
            "password": "x", "original_password": "u"}})

    def test_passwords_are_never_shown(self, admin, identity):
        user = make_user(admin, "u", password="s3cret-word")
        for path in ("/v3/users", f"/v3/users/{user['id']}"):
            assert "s3cret-word" not in admin("GET", path).text
        with identity.db.reader() as session:
            assert "s3cret-word" not in str(session.execute(
                sa.select(Password.hash, User.extra)
                .join(User, User.id == Password.user_id)).all())

    def test_members_that_are_ours_cannot_be_stored(self, admin):
        user = make_user(admin, "u", id="mine", links={},
                         password_expires_at="x", federated=[])
        assert user["id"] != "mine"
        assert user["links"] and user["password_expires_at"] is None
        assert "federated" not in user
        # What one got may be sent back, but to no other place.
        path = f"/v3/users/{user['id']}"
        assert admin.ok("PATCH", path, {"user": user})["user"] == user
        refused(admin, 400, "PATCH", path, {"user": {"id": "other"}})

    @pytest.mark.parametrize("body", [
        {}, {"name": ""}, {"name": "u", "password": ""},
        {"name": "u", "password": "x" * 5000},
        {"name": "u", "options": {"other": True}},
        {"name": "u", "options": {"lock_password": "yes"}},
        {"name": "u", "options": {"multi_factor_auth_rules": ["totp"]}},
        {"name": "u", "options": {"multi_factor_auth_rules": [[]]}},
        {"name": "u", "options": {"multi_factor_auth_rules": [
            ["password"], ["password"]]}},
        {"name": "u", "options": {"multi_factor_auth_rules": [
            ["password", "password"]]}},
        {"name": "u", "default_project_id": "default"},
        {"name": "u", "enabled": "x"}])
    def test_bad(self, admin, body):
        refused(admin, 400, "POST", "/v3/users", {"user": body})

    def test_unknown_domain(self, admin):
        for kind in ("user", "group"):
            refused(admin, 404, "POST", f"/v3/{kind}s", {kind: {
                "name": "u", "domain_id": "gone"}})

    def test_options(self, admin):
        rules = [["password", "totp"], ["password"]]
        user = make_user(admin, "u", options={
            "multi_factor_auth_rules": rules,
            "multi_factor_auth_enabled": True, "lock_password": None})
        assert user["options"] == {
            "multi_factor_auth_rules": rules,
            "multi_factor_auth_enabled": True}
        got = admin.ok("PATCH", f"/v3/users/{user['id']}", {"user": {
            "options": {"multi_factor_auth_rules": None,
                        "ignore_password_expiry": True}}})["user"]
        assert got["options"] == {"multi_factor_auth_enabled": True,
                                  "ignore_password_expiry": True}

    def test_filters(self, admin, domain):
        one = make_user(admin, "One_u", enabled=False)
        make_user(admin, "two%", domain_id=domain["id"])
        for query, wanted in (
                ("name=One_u", {"One_u"}),
                ("enabled=false", {"One_u"}),
                ("enabled=true&name__endswith=%25", {"two%"}),
                (f"domain_id={domain['id']}", {"two%"}),
                ("name__contains=one", set()),
                ("name__icontains=one", {"One_u"}),
                ("name__startswith=one", set()),
                ("name__istartswith=ONE", {"One_u"}),
                ("name__iequals=one_U", {"One_u"}),
                (f"id={one['id']}", {"One_u"}),
                ("idp_id=x", set()), ("protocol_id=x", set()),
                ("unique_id=x", set())):
            found = admin.ok("GET", f"/v3/users?{query}")["users"]
            assert {u["name"] for u in found} == wanted, query

    def test_list_shows_what_show_does(self, admin, project):
        made = make_user(admin, "u", default_project_id=project["id"],
                         email="e", options={"lock_password": True})
        shown = admin.ok("GET", f"/v3/users/{made['id']}")["user"]
        listed = admin.ok("GET", "/v3/users?name=u")["users"]
        assert made == shown and listed == [shown]

    def test_same_name(self, admin, domain):
        make_user(admin, "u")
        refused(admin, 409, "POST", "/v3/users", {"user": {"name": "u"}})
        make_user(admin, "u", domain_id=domain["id"])

    def test_projects_and_groups(self, identity, admin, project):
        user = make_user(admin, "u")
        group = admin.ok("POST", "/v3/groups", {"group": {
            "name": "g", "description": "x"}})["group"]
        admin.ok("PUT", f"/v3/groups/{group['id']}/users/{user['id']}")
        admin.ok("PUT", f"/v3/projects/{project['id']}/groups/"
                        f"{group['id']}/roles/{identity.role_id('reader')}")
        path = f"/v3/users/{user['id']}"
        assert [p["id"] for p in admin.ok(
            "GET", path + "/projects")["projects"]] == [project["id"]]
        assert [g["id"] for g in admin.ok(
            "GET", path + "/groups")["groups"]] == [group["id"]]
        members = admin.ok("GET", f"/v3/groups/{group['id']}/users")
        assert [u["id"] for u in members["users"]] == [user["id"]]
        # Here, unlike at log-in, disabled ones too.
        admin.ok("PATCH", f"/v3/projects/{project['id']}", {"project": {
            "enabled": False, "tags": ["t"]}})
        listed = admin.ok("GET", path + "/projects")["projects"]
        assert listed == [admin.ok(
            "GET", f"/v3/projects/{project['id']}")["project"]]
        assert admin.ok("GET", path + "/projects?name=x")["projects"] == []
        admin.ok("DELETE", f"/v3/groups/{group['id']}")
        assert admin.ok("GET", path + "/projects")["projects"] == []

    @pytest.mark.parametrize("what", ["member", "group"])
    def test_leaving_a_group_ends_tokens(self, identity, admin, project,
                                         what):
        user = make_user(admin, "u")
        for path in (f"projects/{project['id']}", "domains/default"):
            admin.ok("PUT", f"/v3/{path}/users/{user['id']}/roles/"
                            f"{identity.role_id('reader')}")
        group = admin.ok("POST", "/v3/groups", {"group": {
            "name": "g", "color": "red"}})["group"]
        assert group["color"] == "red"
        path = f"/v3/groups/{group['id']}"
        admin.ok("PUT", f"{path}/users/{user['id']}")
        admin.ok("PUT", f"/v3/projects/{project['id']}/groups/"
                        f"{group['id']}/roles/{identity.role_id('member')}")
        caller = identity.login("u", "u", {"project": {
            "id": project["id"]}})
        caller.ok("GET", "/v3/auth/projects")
        admin.ok("DELETE", f"{path}/users/{user['id']}"
                 if what == "member" else path)
        assert caller("GET", "/v3/auth/projects").status_code == 401

    def test_inherited_projects(self, identity, admin, project, domain):
        """Roles on a domain for all below it reach its projects."""
        user = make_user(admin, "u")
        below = make_project(admin, "below", parent_id=project["id"])
        admin.ok("PUT", f"/v3/OS-INHERIT/domains/default/users/"
                        f"{user['id']}/roles/{identity.role_id('member')}"
                        "/inherited_to_projects")
        found = admin.ok("GET", f"/v3/users/{user['id']}/projects")
        names = {p["name"] for p in found["projects"]}
        assert names == {"admin", "service", "p1", "below"}
        caller = identity.login("u", "u", {"project": {"id": below["id"]}})
        token = caller.ok("GET", "/v3/auth/tokens",
                          X_Subject_Token=caller.token)["token"]
        assert {r["name"] for r in token["roles"]} == {"member", "reader"}
        with pytest.raises(AssertionError):
            identity.login("u", "u", {"domain": {"id": "default"}})


class TestRoles:

    def test_implied(self, identity, admin):
        one = admin.ok("POST", "/v3/roles", {"role": {"name": "one"}})
        one = one["role"]["id"]
        reader = identity.role_id("reader")
        path = f"/v3/roles/{one}/implies"
        admin.ok("PUT", f"{path}/{reader}")
        assert admin("HEAD", f"{path}/{reader}").status_code == 204
        shown = admin.ok("GET", path)["role_inference"]
        assert [r["name"] for r in shown["implies"]] == ["reader"]
        refused(admin, 400, "PUT", f"/v3/roles/{reader}/implies/{one}")
        refused(admin, 400, "PUT", f"{path}/{one}")
        refused(admin, 403, "PUT",
                f"{path}/{identity.role_id('admin')}")
        admin.ok("DELETE", f"{path}/{reader}")
        refused(admin, 404, "DELETE", f"{path}/{reader}")

    def test_of_a_domain(self, identity, admin, domain, project):
        role = admin.ok("POST", "/v3/roles", {"role": {
            "name": "member", "domain_id": domain["id"]}})["role"]
        listed = admin.ok("GET", f"/v3/roles?domain_id={domain['id']}")
        assert [r["id"] for r in listed["roles"]] == [role["id"]]
        assert role["id"] not in [
            r["id"] for r in admin.ok("GET", "/v3/roles")["roles"]]
        user = make_user(admin, "u")
        refused(admin, 403, "PUT", f"/v3/projects/{project['id']}/users/"
                                   f"{user['id']}/roles/{role['id']}")
        admin.ok("PUT", f"/v3/roles/{role['id']}/implies/"
                        f"{identity.role_id('reader')}")
        inside = make_project(admin, "in", domain_id=domain["id"])
        admin.ok("PUT", f"/v3/projects/{inside['id']}/users/{user['id']}"
                        f"/roles/{role['id']}")
        caller = identity.login("u", "u", {"project": {"id": inside["id"]}})
        token = caller.ok("GET", "/v3/auth/tokens",
                          X_Subject_Token=caller.token)["token"]
        assert [r["name"] for r in token["roles"]] == ["reader"]

    def test_bad(self, admin):
        for body in ({}, {"name": ""}, {"name": "x", "other": 1}):
            refused(admin, 400, "POST", "/v3/roles", {"role": body})
        refused(admin, 409, "POST", "/v3/roles", {"role": {
            "name": "admin"}})


class TestAssignments:

    def listed(self, admin, query=""):
        return admin.ok("GET", f"/v3/role_assignments?{query}")[
            "role_assignments"]

    def test_life(self, identity, admin, project):
        user = make_user(admin, "u")
        role = identity.role_id("member")
        for on in (f"projects/{project['id']}", "domains/default",
                   "system"):
            path = f"/v3/{on}/users/{user['id']}/roles"
            refused(admin, 404, "GET", f"{path}/{role}")
            for _ in range(2):
                assert admin("PUT", f"{path}/{role}").status_code == 204
            assert admin("HEAD", f"{path}/{role}").status_code == 204
            assert [r["name"] for r in admin.ok("GET", path)["roles"]] == [
                "member"]
        assert len(self.listed(admin, f"user.id={user['id']}")) == 3
        assert len(self.listed(
            admin, f"user.id={user['id']}&scope.system=all")) == 1
        for on in (f"projects/{project['id']}", "domains/default",
                   "system"):
            path = f"/v3/{on}/users/{user['id']}/roles/{role}"
            admin.ok("DELETE", path)
            refused(admin, 404, "DELETE", path)

    def test_unknown_parts(self, identity, admin, project):
        role, user = identity.role_id("member"), make_user(admin, "u")
        for path in (f"projects/{project['id']}/users/x/roles/{role}",
                     f"projects/x/users/{user['id']}/roles/{role}",
                     f"projects/{project['id']}/users/{user['id']}/roles/x",
                     f"domains/{project['id']}/users/{user['id']}/roles/"
                     f"{role}"):
            refused(admin, 404, "PUT", f"/v3/{path}")

    def test_effective_with_names(self, identity, admin, project):
        user = make_user(admin, "u")
        group = admin.ok("POST", "/v3/groups", {"group": {
            "name": "g"}})["group"]
        admin.ok("PUT", f"/v3/groups/{group['id']}/users/{user['id']}")
        admin.ok("PUT", f"/v3/OS-INHERIT/domains/default/groups/"
                        f"{group['id']}/roles/{identity.role_id('member')}"
                        "/inherited_to_projects")
        query = (f"effective&include_names&user.id={user['id']}"
                 f"&scope.project.id={project['id']}")
        found = {e["role"]["name"]: e for e in self.listed(admin, query)}
        assert set(found) == {"member", "reader"}
        entry = found["reader"]
        assert entry["user"]["name"] == "u"
        assert entry["user"]["domain"]["name"] == "Default"
        assert entry["scope"]["project"]["name"] == "p1"
        assert entry["scope"]["OS-INHERIT:inherited_to"] == "projects"
        assert "membership" in entry["links"]
        assert "prior_role" in entry["links"]
        assert "inherited_to_projects" in entry["links"]["assignment"]
        made = self.listed(
            admin, "scope.OS-INHERIT:inherited_to=projects")
        assert [e["group"]["id"] for e in made] == [group["id"]]

    def test_subtree(self, identity, admin, project):
        below = make_project(admin, "below", parent_id=project["id"])
        user, role = make_user(admin, "u"), identity.role_id("reader")
        for p in (project, below):
            admin.ok("PUT", f"/v3/projects/{p['id']}/users/{user['id']}"
                            f"/roles/{role}")
        query = f"scope.project.id={project['id']}"
        assert len(self.listed(admin, query)) == 1
        assert len(self.listed(admin, query + "&include_subtree=1")) == 2

    @pytest.mark.parametrize("query", [
        "effective&group.id=x", "user.id=x&group.id=y",
        "scope.project.id=x&scope.domain.id=y", "include_subtree"])
    def test_contradictions(self, admin, query):
        refused(admin, 400, "GET", f"/v3/role_assignments?{query}")


class TestCatalog:

    def test_regions(self, admin):
        top = admin.ok("POST", "/v3/regions", {"region": {"id": "r"}})
        assert top["region"]["parent_region_id"] is None
        low = admin.ok("POST", "/v3/regions", {"region": {
            "parent_region_id": "r"}})["region"]["id"]
        refused(admin, 409, "POST", "/v3/regions", {"region": {"id": "r"}})
        refused(admin, 400, "POST", "/v3/regions", {"region": {
            "parent_region_id": "gone"}})
        refused(admin, 400, "PATCH", "/v3/regions/r", {"region": {
            "parent_region_id": low}})
        refused(admin, 403, "DELETE", "/v3/regions/RegionOne")
        admin.ok("DELETE", "/v3/regions/r")
        refused(admin, 404, "GET", f"/v3/regions/{low}")

    def test_deleted_service_takes_its_endpoints(self, admin):
        service = admin.ok("POST", "/v3/services", {"service": {
            "type": "x"}})["service"]["id"]
        endpoint = admin.ok("POST", "/v3/endpoints", {"endpoint": {
            "service_id": service, "interface": "public",
            "url": "http://x/", "region": "new"}})["endpoint"]
        assert endpoint["region_id"] == "new"
        assert len(admin.ok(
            "GET", f"/v3/endpoints?service_id={service}")["endpoints"]) == 1
        admin.ok("DELETE", f"/v3/services/{service}")
        refused(admin, 404, "GET", f"/v3/endpoints/{endpoint['id']}")

    @pytest.mark.parametrize("body", [
        {"interface": "secret"}, {"url": "nothing"}, {"url": "http://"},
        {"url": "http://x y"}, {"service_id": "gone"},
        {"region_id": "gone"}])
    def test_bad_endpoints(self, admin, body):
        service = admin.ok("GET", "/v3/services")["services"][0]["id"]
        refused(admin, 400, "POST", "/v3/endpoints", {"endpoint": {
            "service_id": service, "interface": "public",
            "url": "http://x"} | body})

    def test_disabled_is_not_in_the_catalog(self, identity, admin):
        service = admin.ok("GET", "/v3/services")["services"][0]["id"]
        admin.ok("PATCH", f"/v3/services/{service}", {"service": {
            "enabled": False}})
        assert admin.ok("GET", "/v3/auth/catalog")["catalog"] == []
