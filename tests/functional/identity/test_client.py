"""The ``openstack`` command against identity over HTTP."""


def names(rows):
    """Return the names in a table."""
    return {row["Name"] for row in rows}


def value(openstack, *words):
    """Return the value of ``-f value`` without its newline."""
    return openstack.text(*words).strip()


class TestCatalog:

    def test_token(self, openstack):
        token = openstack("token", "issue")
        assert token["project_id"] and token["user_id"]
        openstack.text("token", "revoke", token["id"])

    def test_system_token(self, openstack, keystone):
        from tests.functional.cloud import ADMIN_PASSWORD
        everywhere = openstack.as_user(
            username="admin", password=ADMIN_PASSWORD, system_scope="all")
        assert everywhere("token", "issue")["system"] == "all"

    def test_lists(self, openstack, keystone):
        catalog = openstack("catalog", "list")
        assert catalog[0]["Type"] == "identity"
        urls = {e["URL"] for e in openstack("endpoint", "list")}
        assert urls == {f"{keystone}/v3"}
        assert names(openstack("service", "list")) == {"keystone"}
        openstack("region", "list")

    def test_service_and_endpoint(self, openstack):
        service = openstack("service", "create", "--name", "s3",
                            "--description", "d", "s3")
        assert (service["type"], service["description"]) == ("s3", "d")
        openstack("region", "create", "--description", "far", "r2")
        endpoint = openstack(
            "endpoint", "create", "--region", "r2", "s3", "public",
            "http://127.0.0.1:8080/$(project_id)s")
        shown = openstack("endpoint", "show", endpoint["id"])
        assert shown["region_id"] == "r2"
        project = openstack("token", "issue")["project_id"]
        entry = openstack("catalog", "show", "s3")
        assert project in str(entry["endpoints"])
        openstack.text("endpoint", "set", "--url",
                       "http://127.0.0.1:8081", endpoint["id"])
        openstack.text("endpoint", "delete", endpoint["id"])
        openstack.text("service", "set", "--disable", "s3")
        openstack.text("service", "delete", "s3")
        openstack.text("region", "delete", "r2")
        assert names(openstack("service", "list")) == {"keystone"}


class TestProjects:

    def test_life(self, openstack):
        made = openstack(
            "project", "create", "--description", "d", "--tag", "blue",
            "--property", "k=v", "p-life")
        assert made["description"] == "d"
        assert made["tags"] == ["blue"]
        below = openstack("project", "create", "--parent", "p-life",
                          "p-below")
        assert below["parent_id"] == made["id"]
        openstack.text("project", "set", "--name", "p-new", "--disable",
                       "p-below")
        shown = openstack("project", "show", "p-new")
        assert shown["enabled"] is False
        assert {"p-life", "p-new"} <= names(openstack("project", "list"))
        assert names(openstack("project", "list", "--tags", "blue")) == {
            "p-life"}
        assert "403" in openstack.fails("project", "delete", "p-life")
        openstack.text("project", "delete", "p-new")
        openstack.text("project", "delete", "p-life")
        assert "p-life" not in names(openstack("project", "list"))

    def test_duplicate(self, openstack):
        assert "409" in openstack.fails("project", "create", "admin")
        openstack("project", "create", "--or-show", "admin")


class TestUsers:

    def test_life(self, openstack):
        openstack("project", "create", "p-users")
        made = openstack(
            "user", "create", "--password", "first", "--email", "u@x",
            "--description", "d", "--project", "p-users", "u-life")
        assert made["email"] == "u@x"
        openstack.text("role", "add", "--project", "p-users", "--user",
                       "u-life", "member")
        mine = openstack.as_user(
            username="u-life", password="first", project_name="p-users")
        assert mine("token", "issue")["user_id"] == made["id"]
        assert "403" in mine.fails("user", "list")
        mine.text("user", "password", "set", "--original-password",
                  "first", "--password", "second")
        assert "401" in mine.fails("token", "issue")
        mine = openstack.as_user(
            username="u-life", password="second", project_name="p-users")
        assert names(mine("project", "list", "--my-projects")) == {
            "p-users"}
        rows = openstack("role", "assignment", "list", "--names",
                         "--user", "u-life", "--project", "p-users")
        assert [(r["Role"], r["User"], r["Project"]) for r in rows] == [
            ("member", "u-life@Default", "p-users@Default")]
        rows = openstack("role", "assignment", "list", "--names",
                         "--effective", "--user", "u-life")
        assert {r["Role"] for r in rows} == {"member", "reader"}
        openstack.text("role", "remove", "--project", "p-users", "--user",
                       "u-life", "member")
        assert "401" in mine.fails("token", "issue")
        openstack.text("user", "set", "--disable", "u-life")
        assert openstack("user", "show", "u-life")["enabled"] is False
        assert "u-life" in names(openstack("user", "list"))
        openstack.text("user", "delete", "u-life")
        openstack.text("project", "delete", "p-users")


class TestDomainsGroupsRoles:

    def test_life(self, openstack):
        openstack("domain", "create", "--description", "d", "d-life")
        openstack("group", "create", "--domain", "d-life", "g-life")
        openstack("user", "create", "--domain", "d-life", "--password",
                  "x", "u-dom")
        openstack.text("group", "add", "user", "--group-domain", "d-life",
                       "--user-domain", "d-life", "g-life", "u-dom")
        openstack.text("group", "contains", "user", "--group-domain",
                       "d-life", "--user-domain", "d-life", "g-life",
                       "u-dom")
        openstack("role", "create", "r-life")
        openstack.text("role", "add", "--domain", "d-life", "--group",
                       "g-life", "--group-domain", "d-life", "r-life")
        openstack.text("role", "add", "--domain", "d-life", "--group",
                       "g-life", "--group-domain", "d-life", "--inherited",
                       "manager")
        rows = openstack("role", "assignment", "list", "--names",
                         "--domain", "d-life")
        assert {(r["Role"], r["Group"], r["Inherited"]) for r in rows} == {
            ("r-life", "g-life@d-life", False),
            ("manager", "g-life@d-life", True)}
        openstack("implied", "role", "create", "r-life", "--implied-role",
                  "reader")
        assert any(r["Implied Role Name"] == "reader" and
                   r["Prior Role Name"] == "r-life"
                   for r in openstack("implied", "role", "list"))
        mine = openstack.as_user(
            username="u-dom", password="x", domain_name="d-life",
            user_domain_name="d-life", user_domain_id="")
        assert names(mine("user", "list")) == {"u-dom"}
        assert "403" in openstack.fails("domain", "delete", "d-life")
        openstack.text("domain", "set", "--disable", "d-life")
        assert "401" in mine.fails("token", "issue")
        openstack.text("domain", "delete", "d-life")
        openstack.text("role", "delete", "r-life")
        assert "403" in openstack.fails("role", "delete", "reader")
        assert names(openstack("domain", "list")) == {"Default"}
