"""The commands of the ``openstack`` client by which others act for one."""

import json

import pytest


@pytest.fixture
def people(openstack):
    """Return the ids of a trustor, a trustee, a project and a role."""
    made = {name: openstack("user", "create", "--password", name, name)["id"]
            for name in ("trustor", "trustee")}
    made["project"] = openstack("project", "create", "shared")["id"]
    made["role"] = openstack("role", "show", "reader")["id"]
    openstack.text("role", "add", "--user", "trustor", "--project",
                   "shared", "reader")
    yield made
    openstack.text("user", "delete", "trustor", "trustee")
    openstack.text("project", "delete", "shared")


def test_application_credentials(openstack):
    rules = [{"service": "identity", "method": "GET",
              "path": "/v3/users/**"}]
    made = openstack(
        "application", "credential", "create", "robot", "--role", "reader",
        "--expiration", "2099-01-01T00:00:00",
        "--access-rules", json.dumps(rules))
    assert made["Secret"]
    rule = openstack("access", "rule", "list")[0]["ID"]
    assert openstack("access", "rule", "show", rule)["Path"] == (
        "/v3/users/**")
    openstack.fails("access", "rule", "delete", rule)
    shown = openstack("application", "credential", "show", "robot")
    assert "Secret" not in shown
    me = openstack("token", "issue")["user_id"]
    robot = openstack.as_user(
        auth_type="v3applicationcredential",
        application_credential_id=made["ID"],
        application_credential_secret=made["Secret"])
    assert robot("user", "show", me)["id"] == me
    assert "401" in robot.fails("project", "list")
    openstack.text("application", "credential", "delete", "robot")
    openstack.text("access", "rule", "delete", rule)
    assert openstack("application", "credential", "list") == []


def test_trusts(openstack, people):
    trustor = openstack.as_user(username="trustor", password="trustor",
                                project_name="shared")
    trust = trustor(
        "trust", "create", "--project", people["project"], "--role",
        people["role"], "--impersonate", people["trustor"],
        people["trustee"])["id"]
    assert trustor("trust", "show", trust)["id"] == trust
    trustee = openstack.as_user(username="trustee", password="trustee",
                                trust_id=trust)
    assert trustee("token", "issue")["user_id"] == people["trustor"]
    assert [row["ID"] for row in openstack("trust", "list")] == [trust]
    trustor.text("trust", "delete", trust)
    trustee.fails("token", "issue")


def test_credentials(openstack):
    made = openstack("credential", "create", "--type", "cert", "admin", "b")
    openstack.text("credential", "set", "--type", "cert", "--data", "c",
                   "--user", "admin", made["id"])
    assert openstack("credential", "show", made["id"])["blob"] == "c"
    assert openstack("credential", "list")[0]["ID"] == made["id"]
    openstack.text("credential", "delete", made["id"])
    key = openstack("ec2", "credentials", "create")
    shown = openstack("ec2", "credentials", "show", key["access"])
    assert shown["secret"] == key["secret"]
    assert [row["Access"] for row in openstack(
        "ec2", "credentials", "list")] == [key["access"]]
    openstack.text("ec2", "credentials", "delete", key["access"])


def test_oauth(openstack):
    consumer = openstack("consumer", "create", "--description", "d")
    key = ("--consumer-key", consumer["id"],
           "--consumer-secret", consumer["secret"])
    openstack.text("consumer", "set", "--description", "e", consumer["id"])
    assert openstack("consumer", "show", consumer["id"])[
        "description"] == "e"
    asked = openstack("request", "token", "create", *key, "--project",
                      "admin")
    verifier = openstack("request", "token", "authorize", "--request-key",
                         asked["id"], "--role", "reader")["oauth_verifier"]
    access = openstack(
        "access", "token", "create", *key, "--request-key", asked["id"],
        "--request-secret", asked["secret"], "--verifier", verifier)
    assert access["secret"]
    openstack.text("consumer", "delete", consumer["id"])
    assert openstack("consumer", "list") == []
