"""Registered limits, and those of projects and domains."""

import pytest

from identity import limits
from tests.unit.identity.test_resources import make_project, refused


@pytest.fixture
def service(admin):
    return admin.ok("POST", "/v3/services", {"service": {
        "type": "x"}})["service"]["id"]


def register(admin, service, **more):
    body = {"service_id": service, "resource_name": "cores",
            "default_limit": 10} | more
    return admin.ok("POST", "/v3/registered_limits", {
        "registered_limits": [body]})["registered_limits"][0]


def item(service, **more):
    return {"service_id": service, "resource_name": "cores",
            "resource_limit": 5} | more


def limit(admin, service, **more):
    return admin.ok("POST", "/v3/limits", {
        "limits": [item(service, **more)]})["limits"][0]


def listed(caller, kind, query=""):
    return {row["id"] for row in caller.ok(
        "GET", f"/v3/{kind}?{query}")[kind]}


class TestRegistered:

    def test_life(self, admin, service):
        one = register(admin, service)
        two = register(admin, service, region_id="RegionOne",
                       description="there", default_limit=-1)
        assert set(one) == {
            "id", "service_id", "region_id", "resource_name",
            "default_limit", "description", "links"}
        for query, wanted in (
                ("", {one["id"], two["id"]}),
                ("region_id=RegionOne", {two["id"]}),
                ("resource_name=ram", set()), ("service_id=y", set())):
            assert listed(admin, "registered_limits", query) == wanted
        path = f"/v3/registered_limits/{one['id']}"
        assert admin("HEAD", path).status_code == 200
        got = admin.ok("PATCH", path, {"registered_limit": {
            "resource_name": "ram", "default_limit": 7}})
        assert got["registered_limit"]["default_limit"] == 7
        refused(admin, 409, "PATCH",
                f"/v3/registered_limits/{two['id']}", {"registered_limit": {
                    "region_id": None, "resource_name": "ram"}})
        admin.ok("DELETE", path)
        refused(admin, 404, "GET", path)

    def test_all_or_none(self, admin, service):
        body = {"service_id": service, "resource_name": "cores",
                "default_limit": 1}
        refused(admin, 409, "POST", "/v3/registered_limits", {
            "registered_limits": [body, body]})
        assert listed(admin, "registered_limits") == set()

    @pytest.mark.parametrize("more", [
        {"service_id": "gone"}, {"region_id": "gone"},
        {"default_limit": -2}, {"default_limit": 1 << 31}, {"other": 1},
        {"default_limit": "1"}])
    def test_bad(self, admin, service, more):
        body = {"service_id": service, "resource_name": "cores",
                "default_limit": 1} | more
        refused(admin, 400, "POST", "/v3/registered_limits", {
            "registered_limits": [body]})
        refused(admin, 400, "POST", "/v3/registered_limits", {
            "registered_limits": []})

    def test_stays_while_used(self, admin, service, project):
        one = register(admin, service)
        path = f"/v3/registered_limits/{one['id']}"
        own = limit(admin, service, project_id=project["id"])
        refused(admin, 403, "DELETE", path)
        refused(admin, 403, "PATCH", path, {"registered_limit": {
            "resource_name": "ram"}})
        admin.ok("PATCH", path, {"registered_limit": {
            "resource_name": "cores", "default_limit": 3}})
        admin.ok("DELETE", f"/v3/limits/{own['id']}")
        admin.ok("DELETE", path)


class TestLimits:

    def test_life(self, admin, service, project):
        register(admin, service)
        one = limit(admin, service, project_id=project["id"])
        two = limit(admin, service, domain_id="default", resource_limit=-1)
        assert set(one) == {
            "id", "project_id", "domain_id", "service_id", "region_id",
            "resource_name", "resource_limit", "description", "links"}
        assert (one["project_id"], one["domain_id"]) == (
            project["id"], None)
        assert (two["project_id"], two["domain_id"]) == (None, "default")
        for query, wanted in (
                (f"project_id={project['id']}", {one["id"]}),
                ("domain_id=default", {two["id"]}),
                (f"service_id={service}", {one["id"], two["id"]}),
                ("resource_name=ram", set())):
            assert listed(admin, "limits", query) == wanted
        path = f"/v3/limits/{one['id']}"
        got = admin.ok("PATCH", path, {"limit": {"resource_limit": 8}})
        assert got["limit"]["resource_limit"] == 8
        refused(admin, 400, "PATCH", path, {"limit": {"project_id": "x"}})
        refused(admin, 409, "POST", "/v3/limits", {"limits": [
            item(service, project_id=project["id"])]})
        admin.ok("DELETE", path)
        refused(admin, 404, "GET", path)

    @pytest.mark.parametrize("more, status", [
        ({}, 400), ({"project_id": "gone"}, 400),
        ({"domain_id": "gone"}, 400), ({"service_id": "gone"}, 400),
        ({"domain_id": "default", "project_id": "default"}, 400),
        ({"domain_id": "default", "region_id": "RegionOne"}, 403),
        ({"domain_id": "default", "resource_name": "ram"}, 403)])
    def test_bad(self, admin, service, more, status):
        register(admin, service)
        refused(admin, status, "POST", "/v3/limits", {
            "limits": [item(service, **more)]})

    def test_who_sees_which(self, identity, admin, service, project):
        register(admin, service)
        domain = admin.ok("POST", "/v3/domains", {"domain": {
            "name": "d"}})["domain"]["id"]
        inside = make_project(admin, "in", domain_id=domain)["id"]
        mine, theirs, own, other = (
            limit(admin, service, **of)["id"] for of in (
                {"project_id": project["id"]}, {"project_id": inside},
                {"domain_id": domain}, {"domain_id": "default"}))
        everything = {mine, theirs, own, other}
        for scope, wanted in (
                ({"project": {"id": project["id"]}}, {mine}),
                ({"domain": {"id": domain}}, {theirs, own}),
                ({"system": {"all": True}}, everything)):
            caller = identity.person("reader", scope)
            assert listed(caller, "limits") == wanted, scope
            for one in everything:
                got = caller("GET", f"/v3/limits/{one}").status_code
                assert got == (200 if one in wanted else 403)

    def test_goes_with_its_project(self, admin, service, project):
        register(admin, service)
        limit(admin, service, project_id=project["id"])
        admin.ok("DELETE", f"/v3/projects/{project['id']}")
        assert listed(admin, "limits") == set()
        admin.ok("DELETE", f"/v3/services/{service}")
        assert listed(admin, "registered_limits") == set()


    def test_shown_with_projects(self, identity, admin, service, project):
        register(admin, service)
        below = make_project(admin, "below", parent_id=project["id"])["id"]
        made = limit(admin, service, project_id=below)
        me = admin.ok("GET", "/v3/users?name=admin")["users"][0]["id"]
        for on in (below, project["id"]):
            admin.ok("PUT", f"/v3/projects/{on}/users/{me}/roles/"
                            f"{identity.role_id('member')}")
        for query, name, wanted in (
                (f"{project['id']}?subtree_as_list", "subtree", [made]),
                (f"{below}?parents_as_list", "parents", [])):
            path = f"/v3/projects/{query}"
            shown = admin.ok("GET", f"{path}&include_limits")["project"]
            found = [one["project"] for one in shown[name]
                     if one["project"]["id"] in (below, project["id"])]
            assert [one["limits"] for one in found] == [wanted]
            assert "limits" not in str(admin.ok("GET", path))


class TestModels:

    def test_flat(self, admin):
        model = admin.ok("GET", "/v3/limits/model")["model"]
        assert model["name"] == "flat" and model["description"]

    def test_strict_two_level(self, identity, service, tmp_path):
        identity.conf.set_override(
            "limit_model", "strict_two_level", group="identity")
        identity.rebuild()
        admin = identity.admin()
        assert admin.ok("GET", "/v3/limits/model")["model"]["name"] == (
            "strict_two_level")
        project = make_project(admin, "p")["id"]
        refused(admin, 403, "POST", "/v3/projects", {"project": {
            "name": "below", "parent_id": project}})
        register(admin, service, default_limit=10)
        over = item(service, project_id=project, resource_limit=11)
        refused(admin, 403, "POST", "/v3/limits", {"limits": [over]})
        made = admin.ok("POST", "/v3/limits", {"limits": [
            over, item(service, domain_id="default", resource_limit=12)]})
        one, domain = (f"/v3/limits/{row['id']}" for row in made["limits"])
        refused(admin, 403, "PATCH", domain, {"limit": {
            "resource_limit": 10}})
        refused(admin, 403, "PATCH", one, {"limit": {"resource_limit": 13}})
        refused(admin, 403, "PATCH", one, {"limit": {
            "resource_limit": limits.UNLIMITED}})
        admin.ok("PATCH", domain, {"limit": {
            "resource_limit": limits.UNLIMITED}})
        admin.ok("PATCH", one, {"limit": {
            "resource_limit": limits.UNLIMITED}})
