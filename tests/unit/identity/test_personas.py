"""System, domain and project x admin, manager, member, reader.

The table says who may do what, as the secure defaults have it: an admin is
one everywhere; a system reader sees all; a domain's reader sees, and its
manager manages, what is in the domain; in a project there is nothing to
manage here.
"""

import pytest

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
    ("PUT", "projects/{project}/tags/x", None,
     MANAGE | {("project", "manager")}),
    ("GET", "projects/{project}/tags", None, SEE_DOMAIN | PROJECT),
    ("GET", "domains", None, SEE_DOMAIN),
    ("GET", "domains/{domain}", None, SEE_DOMAIN | PROJECT),
    ("GET", "domains/default", None, SEE_ALL),
    ("POST", "domains", {"domain": {"name": "n"}}, ADMINS),
    ("PATCH", "domains/{domain}", {"domain": {"description": "x"}}, ADMINS),
    ("DELETE", "domains/{off_domain}", None, ADMINS),
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
    ("PUT", "groups/{group}/users/{other_user}", None, ADMINS),
    ("PUT", "groups/{other_group}/users/{user}", None, ADMINS),
    ("GET", "roles", None, SEE_ALL | MANAGER),
    ("GET", "roles/{reader}", None, SEE_ALL | MANAGER),
    ("POST", "roles", {"role": {"name": "n"}}, ADMINS),
    ("PATCH", "roles/{role}", {"role": {"description": "x"}}, ADMINS),
    ("DELETE", "roles/{role}", None, ADMINS),
    ("GET", "roles/{role}/implies", None, SEE_ALL),
    ("PUT", "roles/{role}/implies/{reader}", None, ADMINS),
    ("GET", "role_inferences", None, SEE_ALL),
    ("GET", "role_assignments", None, SEE_DOMAIN),
    ("GET", "role_assignments?scope.project.id={project}&include_subtree",
     None, SEE_DOMAIN | {("project", "manager")}),
    ("GET", "projects/{project}/users/{user}/roles", None, SEE_DOMAIN),
    ("GET", "projects/{other_project}/users/{user}/roles", None, SEE_ALL),
    ("PUT", "projects/{project}/users/{user}/roles/{member}", None, MANAGE),
    ("PUT", "projects/{project}/users/{user}/roles/{admin}", None, ADMINS),
    ("PUT", "projects/{project}/users/{user}/roles/{service}", None,
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
    ("PUT", "system/users/{user}/roles/{reader}", None, ADMINS),
    ("DELETE", "system/users/{sysuser}/roles/{reader}", None, ADMINS),
    ("GET", "regions", None, ALL),
    ("POST", "regions", {"region": {}}, ADMINS),
    ("GET", "services", None, SEE_ALL),
    ("POST", "services", {"service": {"type": "x"}}, ADMINS),
    ("GET", "endpoints", None, SEE_ALL),
    ("GET", "auth/projects", None, ALL),
    ("GET", "auth/catalog", None, ALL),
]


def fill(value, things):
    if isinstance(value, dict):
        return {key: fill(item, things) for key, item in value.items()}
    if isinstance(value, str) and "{" in value:
        return value.format(**things)
    return value


class World:
    """Two domains with something of each kind."""

    def __init__(self, identity):
        self.identity = identity
        self.admin = identity.admin()
        self.domain = self.make("domain", name="mine")
        self.project = self.make(
            "project", name="mine", domain_id=self.domain)

    def make(self, kind, **body):
        return self.admin.ok("POST", f"/v3/{kind}s", {kind: body})[
            kind]["id"]

    def things(self):
        """Return fresh things, so that each call finds them there."""
        identity, admin = self.identity, self.admin
        n = self.number = getattr(self, "number", 0) + 1
        mine = {"name": f"n{n}", "domain_id": self.domain}
        other = {"name": f"n{n}", "domain_id": "default"}
        made = {
            "domain": self.domain, "project": self.project,
            "user": self.make("user", **mine),
            "sysuser": self.make("user", **mine | {"name": f"s{n}"}),
            "other_user": self.make("user", **other),
            "spare_project": self.make("project", **mine),
            "other_project": self.make("project", **other),
            "group": self.make("group", **mine),
            "other_group": self.make("group", **other),
            "role": self.make("role", name=f"n{n}"),
            "off_domain": self.make("domain", name=f"n{n}",
                                    enabled=False),
        }
        for name in ("admin", "manager", "member", "reader", "service"):
            made[name] = self.roles.setdefault(
                name, self.roles.get(name) or identity.role_id(name))
        admin.ok("PUT", f"/v3/system/users/{made['sysuser']}/roles/"
                        f"{made['reader']}")
        return made

    roles: dict = {}


@pytest.fixture
def world(identity):
    World.roles = {}
    return World(identity)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", SCOPES)
def test_who_may_do_what(world, scope, role):
    where = {"system": {"system": {"all": True}},
             "domain": {"domain": {"id": world.domain}},
             "project": {"project": {"id": world.project}}}[scope]
    persona = world.identity.person(role, where, domain=world.domain)
    wrong = []
    for method, path, body, who in TABLE:
        things = world.things() if method != "GET" else things_of(world)
        got = persona(method, "/v3/" + fill(path, things),
                      fill(body, things))
        may = (scope, role) in who
        missing = "gone" in path
        wanted = {404} if may and missing else (
            {200, 201, 204} if may else {403})
        if got.status_code not in wanted:
            wrong.append((method, path, got.status_code, got.text))
    assert not wrong, wrong


def things_of(world):
    if not hasattr(world, "seen"):
        world.seen = world.things()
    return world.seen


def test_domain_lists_hold_the_domain_only(world):
    things = world.things()
    reader = world.identity.person(
        "reader", {"domain": {"id": world.domain}}, domain=world.domain)
    for kind, mine, other in (
            ("users", "user", "other_user"),
            ("groups", "group", "other_group"),
            ("projects", "project", "other_project")):
        for query in ("", "?domain_id=" + world.domain):
            ids = {row["id"] for row in reader.ok(
                "GET", f"/v3/{kind}{query}")[kind]}
            assert things[mine] in ids and things[other] not in ids
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
