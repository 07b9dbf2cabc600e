"""Commands that the lives of things elsewhere leave out, and that all run."""

import ast
import importlib.metadata
import json
import pathlib

#: Of what this identity service has not: other clouds to trust.
FEDERATION = ("federation", "identity provider", "mapping",
              "service provider")


def names(rows):
    """Return the names in a table."""
    return {row["Name"] for row in rows}


def ids(rows):
    """Return the ids in a table."""
    return [row["ID"] for row in rows]


def test_which_endpoints_a_project_sees(openstack, tmp_path):
    project = openstack("project", "create", "shown")["id"]
    endpoint = openstack("endpoint", "list", "--interface", "public")[0]["ID"]
    filters = tmp_path / "filters.json"
    filters.write_text(json.dumps({"interface": "internal"}))
    group = openstack("endpoint", "group", "create", "--description", "d",
                      "inside", str(filters))["id"]
    assert ids(openstack("endpoint", "group", "list")) == [group]
    openstack.text("endpoint", "group", "set", "--name", "within", group)
    shown = openstack("endpoint", "group", "show", group)
    assert (shown["name"], shown["filters"]) == (
        "within", {"interface": "internal"})
    openstack.text("endpoint", "group", "add", "project", group, project)
    openstack.text("endpoint", "add", "project", endpoint, project)
    assert ids(openstack("endpoint", "group", "list", "--project", project)
               ) == [group]
    seen = openstack("endpoint", "list", "--project", project)
    assert {row["Interface"] for row in seen} == {"internal", "public"}
    openstack.text("endpoint", "group", "remove", "project", group, project)
    assert ids(openstack("endpoint", "list", "--project", project)) == [
        endpoint]
    openstack.text("endpoint", "remove", "project", endpoint, project)
    openstack.text("endpoint", "group", "delete", group)
    openstack.text("project", "delete", project)


def test_policies(openstack, tmp_path):
    rules = tmp_path / "rules"
    rules.write_text("first")
    policy = openstack("policy", "create", "--type", "text/plain",
                       str(rules))["id"]
    rules.write_text("second")
    openstack.text("policy", "set", "--rules", str(rules), policy)
    assert openstack("policy", "show", policy)["rules"] == "second"
    assert ids(openstack("policy", "list")) == [policy]
    openstack.text("policy", "delete", policy)
    assert openstack("policy", "list") == []


def test_limits(openstack):
    project = openstack("project", "create", "bounded")["id"]
    general = openstack("registered", "limit", "create", "--service",
                        "identity", "--default-limit", "9", "things")["id"]
    openstack.text("registered", "limit", "set", "--default-limit", "8",
                   general)
    assert openstack("registered", "limit", "show", general)[
        "default_limit"] == 8
    assert ids(openstack("registered", "limit", "list")) == [general]
    own = openstack("limit", "create", "--project", project, "--service",
                    "identity", "--resource-limit", "5", "things")["id"]
    openstack.text("limit", "set", "--resource-limit", "4", own)
    assert openstack("limit", "show", own)["resource_limit"] == 4
    assert ids(openstack("limit", "list", "--project", project)) == [own]
    assert "403" in openstack.fails(
        "registered", "limit", "delete", general)
    openstack.text("limit", "delete", own)
    openstack.text("registered", "limit", "delete", general)
    openstack.text("project", "delete", project)


def test_groups(openstack):
    openstack("user", "create", "u-group")
    openstack("group", "create", "g-one")
    openstack.text("group", "set", "--name", "g-two", "--description", "d",
                   "g-one")
    assert openstack("group", "show", "g-two")["description"] == "d"
    openstack.text("group", "add", "user", "g-two", "u-group")
    assert names(openstack("group", "list", "--user", "u-group")) == {
        "g-two"}
    openstack.text("group", "remove", "user", "g-two", "u-group")
    assert "not in group" in openstack.run(
        "group", "contains", "user", "g-two", "u-group")[2]
    openstack.text("group", "delete", "g-two")
    openstack.text("user", "delete", "u-group")


def test_roles(openstack):
    openstack("role", "create", "r-one")
    openstack.text("role", "set", "--name", "r-two", "r-one")
    assert "r-two" in names(openstack("role", "list"))
    openstack("implied", "role", "create", "r-two", "--implied-role",
              "reader")
    openstack.text("implied", "role", "delete", "r-two", "--implied-role",
                   "reader")
    assert "r-two" not in {row["Prior Role Name"] for row in openstack(
        "implied", "role", "list")}
    openstack.text("role", "delete", "r-two")


def test_places(openstack):
    assert openstack("domain", "show", "default")["name"] == "Default"
    assert openstack("service", "show", "identity")["name"] == "keystone"
    openstack("region", "create", "r-place")
    openstack.text("region", "set", "--description", "far", "r-place")
    assert openstack("region", "show", "r-place")["description"] == "far"
    openstack.text("region", "delete", "r-place")


def leading_words(call):
    """Return the words that a call begins with."""
    words = []
    for word in call.args:
        if not isinstance(word, ast.Constant):
            break
        words.append(str(word.value))
    return " ".join([*words, ""])


def test_no_command_was_left_out():
    calls = {
        leading_words(node)
        for path in pathlib.Path(__file__).parent.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)}
    known = [point.name.replace("_", " ") + " " for point
             in importlib.metadata.entry_points(
                 group="openstack.identity.v3")]
    assert len(known) > 100
    assert not [name for name in known if not name.startswith(FEDERATION)
                and not any(call.startswith(name) for call in calls)]
