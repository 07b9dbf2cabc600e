"""Regions, services, endpoints, and what is said about them."""

import pytest

from tests.unit.identity.test_resources import make_project, refused


def make(admin, kind, **body):
    path = "OS-EP-FILTER/endpoint_groups" if (
        kind == "endpoint_group") else f"{kind[:-1]}ies" if (
        kind == "policy") else f"{kind}s"
    return admin.ok("POST", f"/v3/{path}", {kind: body})[kind]


@pytest.fixture
def service(admin):
    return make(admin, "service", type="x", name="one")["id"]


@pytest.fixture
def endpoint(admin, service):
    return make(admin, "endpoint", service_id=service, url="http://x/",
                interface="public", region="RegionOne")["id"]


def ids(rows):
    return {row["id"] for row in rows}


class TestRegions:

    def test_named_by_the_path(self, admin):
        path = "/v3/regions/here"
        refused(admin, 400, "PUT", path, {"region": {"id": "there"}})
        admin.ok("PUT", path, {"region": {
            "parent_region_id": "RegionOne"}})
        refused(admin, 409, "PUT", path, {"region": {}})
        listed = admin.ok(
            "GET", "/v3/regions?parent_region_id=RegionOne")["regions"]
        assert ids(listed) == {"here"}


class TestEndpoints:

    def test_lists(self, admin, service, endpoint):
        other = make(admin, "endpoint", service_id=service, url="http://y",
                     interface="internal", enabled=False)["id"]
        for query, wanted in (
                (f"service_id={service}", {endpoint, other}),
                (f"service_id={service}&interface=public", {endpoint}),
                (f"service_id={service}&region_id=RegionOne", {endpoint}),
                (f"service_id={service}&enabled=false", {other})):
            found = admin.ok("GET", f"/v3/endpoints?{query}")["endpoints"]
            assert ids(found) == wanted, query
        for query in ("name=one", "type=x"):
            found = admin.ok("GET", f"/v3/services?{query}")["services"]
            assert ids(found) == {service}

    @pytest.mark.parametrize("mark", [
        "$(port)s", "%(public_bind_host)s", "$(project_id)", "$(project_id"])
    def test_unknown_marks(self, admin, endpoint, mark):
        path = f"/v3/endpoints/{endpoint}"
        message = refused(admin, 400, "PATCH", path, {"endpoint": {
            "url": f"http://x/{mark}"}})
        assert "body.endpoint.url" in message
        admin.ok("PATCH", path, {"endpoint": {
            "url": "http://x/$(tenant_id)s/%(user_id)s"}})


class TestEndpointFilter:

    def catalog(self, identity, project):
        caller = identity.person("member", {"project": {"id": project}})
        catalog = caller.ok("GET", "/v3/auth/catalog")["catalog"]
        return {endpoint["id"] for service in catalog
                for endpoint in service["endpoints"]}

    def test_one_by_one(self, identity, admin, project, endpoint):
        p = project["id"]
        path = f"/v3/OS-EP-FILTER/projects/{p}/endpoints"
        before = self.catalog(identity, p)
        assert endpoint in before and len(before) > 1
        refused(admin, 404, "GET", f"{path}/{endpoint}")
        for _ in range(2):
            assert admin("PUT", f"{path}/{endpoint}").status_code == 204
        assert admin("HEAD", f"{path}/{endpoint}").status_code == 204
        assert ids(admin.ok("GET", path)["endpoints"]) == {endpoint}
        assert ids(admin.ok(
            "GET", f"/v3/OS-EP-FILTER/endpoints/{endpoint}/projects")[
                "projects"]) == {p}
        assert self.catalog(identity, p) == {endpoint}
        other = make_project(admin, "other")["id"]
        assert self.catalog(identity, other) == before
        admin.ok("DELETE", f"{path}/{endpoint}")
        refused(admin, 404, "DELETE", f"{path}/{endpoint}")
        assert self.catalog(identity, p) == before

    def test_groups(self, identity, admin, project, service, endpoint):
        p = project["id"]
        group = make(admin, "endpoint_group", name="g", filters={
            "service_id": service, "interface": "public"})
        assert group["links"]["self"].endswith(
            f"/v3/OS-EP-FILTER/endpoint_groups/{group['id']}")
        path = f"/v3/OS-EP-FILTER/endpoint_groups/{group['id']}"
        assert ids(admin.ok("GET", f"{path}/endpoints")["endpoints"]) == {
            endpoint}
        link = f"{path}/projects/{p}"
        refused(admin, 404, "GET", link)
        assert admin("PUT", link).status_code == 204
        assert admin.ok("GET", link)["project"]["id"] == p
        assert ids(admin.ok("GET", f"{path}/projects")["projects"]) == {p}
        of_project = f"/v3/OS-EP-FILTER/projects/{p}"
        assert ids(admin.ok("GET", f"{of_project}/endpoint_groups")[
            "endpoint_groups"]) == {group["id"]}
        assert ids(admin.ok("GET", f"{of_project}/endpoints")[
            "endpoints"]) == {endpoint}
        assert self.catalog(identity, p) == {endpoint}
        kept = admin.ok("PATCH", path, {"endpoint_group": {
            "name": "h", "filters": None}})["endpoint_group"]
        assert (kept["name"], kept["filters"]) == ("h", group["filters"])
        admin.ok("PATCH", path, {"endpoint_group": {
            "name": None, "filters": {"interface": "admin"}}})
        assert endpoint not in self.catalog(identity, p)
        admin.ok("DELETE", path)
        assert endpoint in self.catalog(identity, p)

    @pytest.mark.parametrize("body", [
        {"filters": {"url": "x"}}, {"filters": {"service_id": "gone"}},
        {"filters": {"interface": "secret"}}, {"name": ""}])
    def test_bad_groups(self, admin, body):
        refused(admin, 400, "POST", "/v3/OS-EP-FILTER/endpoint_groups", {
            "endpoint_group": {"name": "g", "filters": {}} | body})

    def test_goes_with_the_project(self, admin, project, endpoint):
        p = project["id"]
        admin.ok("PUT", f"/v3/OS-EP-FILTER/projects/{p}/endpoints/"
                        f"{endpoint}")
        admin.ok("DELETE", f"/v3/projects/{p}")
        assert admin.ok(
            "GET", f"/v3/OS-EP-FILTER/endpoints/{endpoint}/projects")[
                "projects"] == []


class TestPolicies:

    def test_life(self, admin):
        made = make(admin, "policy", type="text/plain", blob="{}",
                    project_id="p")
        assert set(made) == {"id", "type", "blob", "links", "project_id"}
        path = f"/v3/policies/{made['id']}"
        got = admin.ok("PATCH", path, {"policy": {
            "type": "application/json", "project_id": None}})["policy"]
        assert (got["type"], got["blob"]) == ("application/json", "{}")
        assert "project_id" not in got
        for query, wanted in (("application/json", {made["id"]}),
                              ("text/plain", set())):
            assert ids(admin.ok("GET", f"/v3/policies?type={query}")[
                "policies"]) == wanted
        refused(admin, 400, "PATCH", path, {"policy": {"id": "x"}})
        refused(admin, 400, "POST", "/v3/policies", {"policy": {
            "type": "x"}})
        admin.ok("DELETE", path)
        refused(admin, 404, "GET", path)

    def test_nearest_one_holds(self, admin, service):
        low = admin.ok("POST", "/v3/regions", {"region": {
            "parent_region_id": "RegionOne"}})["region"]["id"]
        endpoint = make(admin, "endpoint", service_id=service, url="http://x",
                        interface="public", region_id=low)["id"]
        of = f"/v3/endpoints/{endpoint}/OS-ENDPOINT-POLICY/policy"
        refused(admin, 404, "GET", of)
        places = (f"services/{service}",
                  f"services/{service}/regions/RegionOne",
                  f"services/{service}/regions/{low}",
                  f"endpoints/{endpoint}")
        paths = []
        for place in places:
            policy = make(admin, "policy", type="x", blob="x")["id"]
            where = f"/v3/policies/{policy}/OS-ENDPOINT-POLICY"
            refused(admin, 404, "GET", f"{where}/{place}")
            assert admin("PUT", f"{where}/{place}").status_code == 204
            assert admin("HEAD", f"{where}/{place}").status_code == 204
            assert admin.ok("GET", of)["policy"]["id"] == policy
            assert ids(admin.ok("GET", f"{where}/endpoints")[
                "endpoints"]) == {endpoint}
            paths.append(f"{where}/{place}")
        for path in reversed(paths):
            admin.ok("DELETE", path)
            refused(admin, 404, "DELETE", path)
        refused(admin, 404, "GET", of)

    def test_a_place_has_one(self, admin, endpoint):
        one, two = (make(admin, "policy", type="x", blob=blob)["id"]
                    for blob in "ab")
        where = f"OS-ENDPOINT-POLICY/endpoints/{endpoint}"
        for policy in (one, two):
            admin.ok("PUT", f"/v3/policies/{policy}/{where}")
        refused(admin, 404, "GET", f"/v3/policies/{one}/{where}")
        admin.ok("DELETE", f"/v3/policies/{two}")
        refused(admin, 404, "GET",
                f"/v3/endpoints/{endpoint}/OS-ENDPOINT-POLICY/policy")
        refused(admin, 404, "PUT", f"/v3/policies/{one}/OS-ENDPOINT-POLICY/"
                                   "services/gone")
