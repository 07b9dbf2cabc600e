"""System, domain and project x admin, manager, member, reader.

The table says who may do what, as the secure defaults have it: an admin is
one everywhere; a system reader sees all; a domain's reader sees, and its
manager manages, what is in the domain; in a project there is nothing to
manage here.
"""

import re

import pytest

from identity import policies
from identity.policies import auth
from tests.unit.identity import test_delegation_personas as delegations

SCOPES = ("system", "domain", "project")
ROLES = ("admin", "manager", "member", "reader")

ALL = {(s, r) for s in SCOPES for r in ROLES}
ADMINS = {(s, "admin") for s in SCOPES}
SYSTEM = {("system", r) for r in ROLES}
DOMAIN = {("domain", r) for r in ROLES}
PROJECT = {("project", r) for r in ROLES}
MANAGER = {("domain", "manager")}

SEE_ALL = ADMINS | SYSTEM
SEE_DOMAIN = SEE_ALL | DOMAIN
MANAGE = ADMINS | MANAGER

#: method, path, body, who may; {..} are things of the personas' domain,
#: {other_..} things of another.
TABLE = [
    ("GET", "users", None, SEE_DOMAIN),
    ("GET", "users/{user}", None, SEE_DOMAIN),
    ("GET", "users/{other_user}", None, SEE_ALL),
    ("GET", "users/gone", None, SEE_ALL),
    ("GET", "users/{user}/projects", None, SEE_DOMAIN),
    ("GET", "users/{other_user}/projects", None, SEE_ALL),
    ("GET", "users/{user}/groups", None, SEE_DOMAIN),
    ("POST", "users", {"user": {"name": "n", "domain_id": "{domain}"}},
     MANAGE),
    ("POST", "users", {"user": {"name": "n", "domain_id": "default"}},
     ADMINS),
    ("PATCH", "users/{user}", {"user": {"description": "x"}}, MANAGE),
    ("PATCH", "users/{other_user}", {"user": {"password": "x"}}, ADMINS),
    ("DELETE", "users/{user}", None, MANAGE),
    ("DELETE", "users/{other_user}", None, ADMINS),
    ("GET", "projects", None, SEE_DOMAIN),
    ("GET", "projects/{project}", None, SEE_DOMAIN | PROJECT),
    ("GET", "projects/{other_project}", None, SEE_ALL),
    ("POST", "projects", {"project": {
        "name": "n", "domain_id": "{domain}"}}, MANAGE),
    ("POST", "projects", {"project": {
        "name": "n", "domain_id": "default"}}, ADMINS),
    ("PATCH", "projects/{project}", {"project": {"description": "x"}},
     MANAGE),
    ("PATCH", "projects/{other_project}", {"project": {"enabled": False}},
     ADMINS),
    ("DELETE", "projects/{spare_project}", None, MANAGE),
    ("DELETE", "projects/{other_project}", None, ADMINS),
    ("PUT", "projects/{project}/tags/x", None, MANAGE),
    ("GET", "projects/{project}/tags", None, SEE_DOMAIN | PROJECT),
    ("GET", "projects/{other_project}/tags", None, SEE_ALL),
    ("GET", "domains", None, SEE_DOMAIN),
    ("GET", "domains/{domain}", None, SEE_DOMAIN | PROJECT),
    ("GET", "domains/default", None, SEE_ALL),
    ("POST", "domains", {"domain": {"name": "n"}}, ADMINS),
    ("PATCH", "domains/{domain}", {"domain": {"description": "x"}}, ADMINS),
    ("DELETE", "domains/{off_domain}", None, ADMINS),
    ("PUT", "domains/{domain}/config", {"config": {
        "ldap": {"url": "x"}}}, ADMINS),
    ("GET", "domains/{domain}/config/sql", None, SEE_ALL, 403),
    ("PATCH", "domains/{domain}/config", {"config": {
        "ldap": {"url": "x"}}}, ADMINS),
    ("DELETE", "domains/{domain}/config", None, ADMINS),
    ("GET", "domains/config/ldap/default", None, SEE_ALL),
    ("GET", "domains/default/config/security_compliance", None, ALL),
    ("GET", "groups", None, SEE_DOMAIN),
    ("GET", "groups/{group}", None, SEE_DOMAIN),
    ("GET", "groups/{other_group}", None, SEE_ALL),
    ("POST", "groups", {"group": {"name": "n", "domain_id": "{domain}"}},
     MANAGE),
    ("POST", "groups", {"group": {"name": "n", "domain_id": "default"}},
     ADMINS),
    ("PATCH", "groups/{group}", {"group": {"description": "x"}}, MANAGE),
    ("DELETE", "groups/{group}", None, MANAGE),
    ("DELETE", "groups/{other_group}", None, ADMINS),
    ("GET", "groups/{group}/users", None, SEE_DOMAIN),
    ("PUT", "groups/{group}/users/{user}", None, MANAGE),
    ("GET", "groups/{group}/users/{user}", None, SEE_DOMAIN, 404),
    ("DELETE", "groups/{group}/users/{user}", None, MANAGE, 404),
    ("DELETE", "groups/{other_group}/users/{user}", None, ADMINS, 404),
    ("PUT", "groups/{group}/users/{other_user}", None, ADMINS),
    ("PUT", "groups/{other_group}/users/{user}", None, ADMINS),
    ("GET", "roles", None, SEE_ALL | MANAGER),
    ("GET", "roles?domain_id={domain}", None, SEE_ALL),
    ("GET", "roles/{reader}", None,
     SEE_ALL | MANAGER | {("project", "manager")}),
    ("GET", "roles/{admin_role}", None, SEE_ALL),
    ("GET", "roles/{role}", None, SEE_ALL),
    ("GET", "roles/{domain_role}", None, SEE_ALL),
    ("GET", "roles/gone", None, SEE_ALL),
    ("POST", "roles", {"role": {"name": "{new}"}}, ADMINS),
    ("POST", "roles", {"role": {
        "name": "{new}", "domain_id": "{domain}"}}, ADMINS),
    ("PATCH", "roles/{role}", {"role": {"description": "x"}}, ADMINS),
    ("PATCH", "roles/{domain_role}", {"role": {"description": "x"}},
     ADMINS),
    ("DELETE", "roles/{role}", None, ADMINS),
    ("DELETE", "roles/{domain_role}", None, ADMINS),
    ("GET", "roles/{role}/implies", None, SEE_ALL),
    ("GET", "roles/{manager}/implies/{member}", None, SEE_ALL),
    ("HEAD", "roles/{manager}/implies/{member}", None, SEE_ALL),
    ("PUT", "roles/{role}/implies/{reader}", None, ADMINS),
    ("DELETE", "roles/{implying}/implies/{reader}", None, ADMINS),
    ("GET", "role_inferences", None, SEE_ALL),
    ("GET", "role_assignments", None, SEE_DOMAIN),
    ("GET", "role_assignments?scope.project.id={project}&include_subtree",
     None, SEE_DOMAIN),
    ("GET", "role_assignments?scope.project.id={other_project}"
            "&include_subtree", None, SEE_ALL),
    ("GET", "projects/{project}/users/{user}/roles", None, SEE_DOMAIN),
    ("GET", "projects/{other_project}/users/{user}/roles", None, SEE_ALL),
    ("GET", "projects/{project}/users/{with_role}/roles/{reader}", None,
     SEE_DOMAIN),
    ("DELETE", "projects/{project}/users/{with_role}/roles/{reader}", None,
     MANAGE),
    ("DELETE", "projects/{project}/users/{with_admin}/roles/{admin_role}",
     None, ADMINS),
    ("PUT", "projects/{project}/users/{user}/roles/{member}", None, MANAGE),
    ("PUT", "projects/{project}/users/{user}/roles/{admin_role}", None,
     ADMINS),
    ("PUT", "projects/{project}/users/{user}/roles/{service_role}", None,
     ADMINS),
    ("PUT", "projects/{project}/users/{user}/roles/{role}", None, ADMINS),
    ("PUT", "projects/{other_project}/users/{user}/roles/{member}", None,
     ADMINS),
    ("PUT", "projects/{project}/users/{other_user}/roles/{member}", None,
     ADMINS),
    ("PUT", "domains/{domain}/users/{user}/roles/{manager}", None, MANAGE),
    ("PUT", "domains/default/users/{user}/roles/{reader}", None, ADMINS),
    ("PUT", "OS-INHERIT/domains/{domain}/groups/{group}/roles/{member}"
            "/inherited_to_projects", None, MANAGE),
    ("GET", "system/users/{user}/roles", None, SEE_ALL),
    ("GET", "system/users/{sysuser}/roles/{reader}", None, SEE_ALL),
    ("PUT", "system/users/{user}/roles/{reader}", None, ADMINS),
    ("DELETE", "system/users/{sysuser}/roles/{reader}", None, ADMINS),
    ("GET", "system/groups/{group}/roles", None, SEE_ALL),
    ("GET", "system/groups/{sysgroup}/roles/{reader}", None, SEE_ALL),
    ("PUT", "system/groups/{group}/roles/{reader}", None, ADMINS),
    ("DELETE", "system/groups/{sysgroup}/roles/{reader}", None, ADMINS),
    ("GET", "regions", None, ALL),
    ("GET", "regions/RegionOne", None, ALL),
    ("POST", "regions", {"region": {}}, ADMINS),
    ("PUT", "regions/{new}", {"region": {}}, ADMINS),
    ("PATCH", "regions/{region}", {"region": {}}, ADMINS),
    ("DELETE", "regions/{region}", None, ADMINS),
    ("GET", "services", None, SEE_ALL),
    ("GET", "services/{service}", None, SEE_ALL),
    ("POST", "services", {"service": {"type": "x"}}, ADMINS),
    ("PATCH", "services/{service}", {"service": {}}, ADMINS),
    ("DELETE", "services/{service}", None, ADMINS),
    ("GET", "endpoints", None, SEE_ALL),
    ("GET", "endpoints/{endpoint}", None, SEE_ALL),
    ("POST", "endpoints", {"endpoint": {
        "service_id": "{service}", "url": "http://x",
        "interface": "public"}}, ADMINS),
    ("PATCH", "endpoints/{endpoint}", {"endpoint": {}}, ADMINS),
    ("DELETE", "endpoints/{endpoint}", None, ADMINS),
    ("GET", "OS-EP-FILTER/endpoint_groups", None, SEE_ALL),
    ("GET", "OS-EP-FILTER/endpoint_groups/{ep_group}", None, SEE_ALL),
    ("POST", "OS-EP-FILTER/endpoint_groups", {"endpoint_group": {
        "name": "n", "filters": {}}}, ADMINS),
    ("PATCH", "OS-EP-FILTER/endpoint_groups/{ep_group}",
     {"endpoint_group": {}}, ADMINS),
    ("DELETE", "OS-EP-FILTER/endpoint_groups/{ep_group}", None, ADMINS),
    ("GET", "OS-EP-FILTER/endpoint_groups/{ep_group}/projects", None,
     SEE_ALL),
    ("GET", "OS-EP-FILTER/endpoint_groups/{ep_group}/endpoints", None,
     SEE_ALL),
    ("PUT", "OS-EP-FILTER/endpoint_groups/{ep_group}/projects"
            "/{spare_project}", None, ADMINS),
    ("GET", "OS-EP-FILTER/endpoint_groups/{ep_group_in}", None, SEE_ALL),
    ("DELETE", "OS-EP-FILTER/endpoint_groups/{ep_group_in}", None, ADMINS),
    ("GET", "OS-EP-FILTER/projects/{project}/endpoint_groups", None,
     SEE_ALL),
    ("GET", "OS-EP-FILTER/projects/{project}/endpoints", None, SEE_ALL),
    ("GET", "OS-EP-FILTER/endpoints/{endpoint}/projects", None, SEE_ALL),
    ("PUT", "OS-EP-FILTER/projects/{spare_project}/endpoints/{endpoint}",
     None, ADMINS),
    ("GET", "OS-EP-FILTER/projects/{endpoint_in}", None, SEE_ALL),
    ("DELETE", "OS-EP-FILTER/projects/{endpoint_in}", None, ADMINS),
    ("GET", "policies", None, SEE_ALL),
    ("GET", "policies/{policy}", None, SEE_ALL),
    ("POST", "policies", {"policy": {"type": "x", "blob": "x"}}, ADMINS),
    ("PATCH", "policies/{policy}", {"policy": {}}, ADMINS),
    ("DELETE", "policies/{policy}", None, ADMINS),
    ("GET", "policies/{policy}/OS-ENDPOINT-POLICY/endpoints", None,
     SEE_ALL),
    ("GET", "endpoints/{ruled}/OS-ENDPOINT-POLICY/policy", None, SEE_ALL),
    *(row for place in (
        "endpoints/{endpoint}", "services/{service}",
        "services/{service}/regions/RegionOne") for row in (
        ("PUT", "policies/{policy}/OS-ENDPOINT-POLICY/" + place, None,
         ADMINS),
        ("GET", "policies/{policy}/OS-ENDPOINT-POLICY/" + place, None,
         SEE_ALL, 204, 404),
        ("DELETE", "policies/{policy}/OS-ENDPOINT-POLICY/" + place, None,
         ADMINS, 404))),
    ("GET", "registered_limits", None, ALL),
    ("GET", "registered_limits/{registered}", None, ALL),
    ("POST", "registered_limits", {"registered_limits": [{
        "service_id": "{service}", "resource_name": "{new}",
        "default_limit": 1}]}, ADMINS),
    ("PATCH", "registered_limits/{registered}", {"registered_limit": {}},
     ADMINS),
    ("DELETE", "registered_limits/{registered}", None, ADMINS),
    ("GET", "limits/model", None, ALL),
    ("GET", "limits", None, ALL),
    ("GET", "limits/{limit}", None, SEE_DOMAIN | PROJECT),
    ("GET", "limits/{other_limit}", None, SEE_ALL),
    ("POST", "limits", {"limits": [{
        "service_id": "{service}", "resource_name": "cores",
        "project_id": "{project}", "resource_limit": 1}]}, ADMINS, 403),
    ("PATCH", "limits/{limit}", {"limit": {}}, ADMINS),
    ("DELETE", "limits/{limit}", None, ADMINS),
    ("GET", "auth/projects", None, ALL),
    ("GET", "auth/domains", None, ALL),
    ("GET", "auth/system", None, ALL),
    ("GET", "auth/catalog", None, ALL),
    # The token of somebody else.
    ("GET", "auth/tokens", None, SEE_ALL),
    ("DELETE", "auth/tokens", None, ADMINS),
]


#: What nobody is denied, or not in so many words: those who may make no
#: role may make no domain's, and a HEAD is denied without a word.
OPEN = {
    "identity:get_region", "identity:list_regions",
    "identity:get_registered_limit", "identity:list_registered_limits",
    "identity:get_limit_model", "identity:list_limits",
    "identity:create_domain_role", "identity:check_implied_role",
    "identity:get_security_compliance_domain_config",
    auth.CATALOG, auth.PROJECTS, auth.DOMAINS, auth.SYSTEM}
#: All but those that the other table walks.
RULES = {rule.name for rule in policies.RULES} - delegations.RULES


def fill(value, things):
    if isinstance(value, dict):
        return {key: fill(item, things) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, things) for item in value]
    if isinstance(value, str) and "{" in value:
        return value.format_map(things)
    return value


class Things(dict):
    """What paths name, made when it is first asked for."""

    def __init__(self, world):
        super().__init__(world.fixed)
        self.world = world
        world.number += 1
        self.name = f"n{world.number}"

    def __missing__(self, key):
        self[key] = getattr(self, f"make_{key}")()
        return self[key]

    def make(self, kind, **body):
        return self.world.make(kind, **body)

    def put(self, path):
        self.world.admin.ok("PUT", f"/v3/{path}")
        return path

    def make_new(self):
        return self.name

    def mine(self, kind, name=None, **more):
        return self.make(kind, name=name or self.name,
                         domain_id=self["domain"], **more)

    def make_user(self):
        return self.mine("user")

    def make_sysuser(self):
        user = self.mine("user", f"s{self.name}")
        self.put(f"system/users/{user}/roles/{self['reader']}")
        return user

    def make_with_role(self):
        user = self.mine("user", f"r{self.name}")
        self.put(f"projects/{self['project']}/users/{user}/roles/"
                 f"{self['reader']}")
        return user

    def make_with_admin(self):
        user = self.mine("user", f"a{self.name}")
        self.put(f"projects/{self['project']}/users/{user}/roles/"
                 f"{self['admin_role']}")
        return user

    def make_token(self):
        self.mine("user", f"t{self.name}", password="t")
        return self.world.identity.login(
            f"t{self.name}", "t", "unscoped", self["domain"]).token

    def make_other_user(self):
        return self.make("user", name=self.name, domain_id="default")

    def make_spare_project(self):
        return self.mine("project")

    def make_other_project(self):
        return self.make("project", name=self.name, domain_id="default")

    def make_group(self):
        return self.mine("group")

    def make_sysgroup(self):
        group = self.mine("group", f"s{self.name}")
        self.put(f"system/groups/{group}/roles/{self['reader']}")
        return group

    def make_other_group(self):
        return self.make("group", name=self.name, domain_id="default")

    def make_role(self):
        return self.make("role", name=self.name)

    def make_domain_role(self):
        return self.mine("role")

    def make_implying(self):
        role = self.make("role", name=f"i{self.name}")
        self.put(f"roles/{role}/implies/{self['reader']}")
        return role

    def make_off_domain(self):
        return self.make("domain", name=self.name, enabled=False)

    def make_region(self):
        return self.make("region", id=self.name)

    def make_service(self):
        return self.make("service", type="x")

    def make_endpoint(self):
        return self.make("endpoint", service_id=self["service"],
                         url="http://x", interface="public")

    def make_ep_group(self):
        return self.make("endpoint_group", at="OS-EP-FILTER/endpoint_groups",
                         name="n", filters={})

    def make_ep_group_in(self):
        path = f"{self['ep_group']}/projects/{self['spare_project']}"
        self.put(f"OS-EP-FILTER/endpoint_groups/{path}")
        return path

    def make_endpoint_in(self):
        path = f"{self['spare_project']}/endpoints/{self['endpoint']}"
        self.put(f"OS-EP-FILTER/projects/{path}")
        return path

    def make_policy(self):
        return self.make("policy", at="policies", type="x", blob="x")

    def make_ruled(self):
        self.put(f"policies/{self['policy']}/OS-ENDPOINT-POLICY/endpoints/"
                 f"{self['endpoint']}")
        return self["endpoint"]

    def make_registered(self):
        return self.world.batch("registered_limits", {
            "service_id": self["service"], "resource_name": "cores",
            "default_limit": 9})

    def limit_of(self, project):
        if "registered" not in self:
            self["registered"] = self.make_registered()
        return self.world.batch("limits", {
            "service_id": self["service"], "resource_name": "cores",
            "project_id": project, "resource_limit": 9})

    def make_limit(self):
        return self.limit_of(self["project"])

    def make_other_limit(self):
        return self.limit_of(self["other_project"])


class World:
    """Two domains with something of each kind."""

    def __init__(self, identity):
        self.identity = identity
        self.admin = identity.admin()
        self.number = 0
        self.domain = self.make("domain", name="mine")
        self.project = self.make(
            "project", name="mine", domain_id=self.domain)
        self.fixed = {"domain": self.domain, "project": self.project,
                      "admin_role": identity.role_id("admin"),
                      "service_role": identity.role_id("service")}
        self.fixed |= {name: identity.role_id(name) for name in (
            "manager", "member", "reader")}
        self.seen = Things(self)

    def make(self, kind, at=None, **body):
        return self.admin.ok("POST", f"/v3/{at or kind + 's'}", {
            kind: body})[kind]["id"]

    def batch(self, kind, item):
        return self.admin.ok("POST", f"/v3/{kind}", {kind: [item]})[
            kind][0]["id"]

    def things(self):
        """Return fresh things, so that each call finds them there."""
        return Things(self)


@pytest.fixture
def world(identity):
    return World(identity)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", SCOPES)
def test_who_may_do_what(world, scope, role):
    where = {"system": {"system": {"all": True}},
             "domain": {"domain": {"id": world.domain}},
             "project": {"project": {"id": world.project}}}[scope]
    persona = world.identity.person(role, where, domain=world.domain)
    wrong, denied = [], set()
    for method, path, body, who, *done in TABLE:
        things = world.things() if method != "GET" else world.seen
        headers = {}
        if path == "auth/tokens":
            headers = {"X_Subject_Token": things["token"]}
        got = persona(method, "/v3/" + fill(path, things),
                      fill(body, things), **headers)
        rule = re.search(r"Policy does not allow ([\w:]+)", got.text)
        denied |= {rule[1]} if rule else set()
        if method == "HEAD":
            rule = got.status_code == 403
        may = (scope, role) in who
        wanted = {*done} or ({404} if "gone" in path else {200, 201, 204})
        if bool(rule) is may or (may and got.status_code not in wanted):
            wrong.append((method, path, got.status_code, got.text))
    assert not wrong, wrong
    if (scope, role) == ("project", "member"):
        assert RULES - denied == OPEN


def test_domain_lists_hold_the_domain_only(world):
    things = world.things()
    reader = world.identity.person(
        "reader", {"domain": {"id": world.domain}}, domain=world.domain)
    for kind, mine, other in (
            ("users", "user", "other_user"),
            ("groups", "group", "other_group"),
            ("projects", "project", "other_project")):
        inside, outside = things[mine], things[other]
        for query in ("", "?domain_id=" + world.domain):
            ids = {row["id"] for row in reader.ok(
                "GET", f"/v3/{kind}{query}")[kind]}
            assert inside in ids and outside not in ids
        got = reader("GET", f"/v3/{kind}?domain_id=default")
        assert got.status_code == 403
    assert [d["id"] for d in reader.ok("GET", "/v3/domains")[
        "domains"]] == [world.domain]
    world.admin.ok("PUT", f"/v3/projects/{things['other_project']}/users/"
                          f"{things['user']}/roles/{things['reader']}")
    for query in ("", "?effective", "?include_names"):
        rows = reader.ok("GET", f"/v3/role_assignments{query}")[
            "role_assignments"]
        assert rows and things["other_project"] not in str(rows)


def test_managers_do_not_rise(world):
    """What makes them somebody with more rights is an administrator's."""
    things = world.things()
    manager = world.identity.person(
        "manager", {"domain": {"id": world.domain}}, domain=world.domain)
    group, sysgroup = things["group"], things["sysgroup"]
    world.admin.ok("PUT", f"/v3/projects/{world.project}/groups/{group}/"
                          f"roles/{things['service_role']}")
    through = things["user"]
    world.admin.ok("PUT", f"/v3/groups/{group}/users/{through}")
    for user in (things["with_admin"], things["sysuser"], through):
        path = f"/v3/users/{user}"
        for caller, status in ((manager, 403), (world.admin, 200)):
            got = caller("PATCH", path, {"user": {"password": "stolen"}})
            assert got.status_code == status, got.text
        assert manager("DELETE", path).status_code == 403
    for path in (f"groups/{group}", f"groups/{sysgroup}"):
        path = f"/v3/{path}/users/{things['with_role']}"
        assert manager("PUT", path).status_code == 403
        world.admin.ok("PUT", path)
        assert manager("DELETE", path).status_code == 403
    assert manager("DELETE", f"/v3/groups/{group}").status_code == 403


@pytest.mark.parametrize("name,domain,implied", [
    ("ADMIN", None, None), ("above", None, "service_role"),
    ("inside", "domain", "service_role")])
def test_managers_do_not_rise_by_roles_that_amount_to_it(
        world, name, domain, implied):
    things = world.things()
    manager = world.identity.person(
        "manager", {"domain": {"id": world.domain}}, domain=world.domain)
    role = world.admin.ok("POST", "/v3/roles", {"role": {
        "name": name, "domain_id": domain and world.domain}})["role"]["id"]
    if implied:
        world.admin.ok("PUT", f"/v3/roles/{role}/implies/{things[implied]}")
    path = f"/v3/users/{things['user']}"
    change = {"user": {"password": "stolen"}}
    assert manager("PATCH", path, change).status_code == 200
    world.admin.ok("PUT", f"/v3/projects/{world.project}/users/"
                          f"{things['user']}/roles/{role}")
    assert manager("PATCH", path, change).status_code == 403


def test_users_see_themselves(world):
    things = world.things()
    me = world.identity.person(
        "reader", {"project": {"id": world.project}}, name="me",
        domain=world.domain)
    token = me.ok("GET", "/v3/auth/tokens", X_Subject_Token=me.token)
    my_id = token["token"]["user"]["id"]
    for path in ("", "/projects", "/groups"):
        me.ok("GET", f"/v3/users/{my_id}{path}")
        assert me("GET", f"/v3/users/{things['user']}{path}"
                  ).status_code == 403
