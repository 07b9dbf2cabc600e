"""Options of single domains."""

import pytest
import sqlalchemy as sa

from identity.db.models import DomainSecret
from tests.unit.identity.test_resources import refused

CONFIG = {"identity": {"driver": "ldap"},
          "ldap": {"url": "ldap://x", "user_tree_dn": "ou=x",
                   "user_attribute_ignore": ["a", "b"], "page_size": 7}}


@pytest.fixture
def path(domain):
    return f"/v3/domains/{domain['id']}/config"


@pytest.fixture
def config(admin, path):
    assert admin("PUT", path, {"config": CONFIG}).status_code == 201
    return path


def test_show(admin, config):
    assert admin.ok("GET", config) == {"config": CONFIG}
    assert admin.ok("GET", config + "/ldap") == {"config": {
        "ldap": CONFIG["ldap"]}}
    assert admin.ok("GET", config + "/ldap/url") == {"config": {
        "url": "ldap://x"}}
    assert admin("HEAD", config + "/ldap/url").status_code == 200


def test_replace(admin, config):
    got = admin("PUT", config, {"config": {"identity": {"driver": "sql"}}})
    assert got.status_code == 200
    assert admin.ok("GET", config) == {"config": {
        "identity": {"driver": "sql"}}}
    refused(admin, 403, "PUT", config, {"config": {"identity": {"x": 1}}})
    assert admin.ok("GET", config + "/identity/driver")


def test_update(admin, config):
    got = admin.ok("PATCH", config, {"config": {
        "identity": {"list_limit": 5}}})["config"]
    assert got == CONFIG | {"identity": {"driver": "ldap", "list_limit": 5}}
    got = admin.ok("PATCH", config + "/ldap", {"config": {
        "ldap": {"url": None}}})["config"]
    assert got["ldap"] == CONFIG["ldap"] | {"url": None}
    got = admin.ok("PATCH", config + "/identity/driver", {"config": {
        "driver": "other"}})["config"]
    assert got["identity"]["driver"] == "other"


def test_delete(admin, config):
    admin.ok("DELETE", config + "/ldap/url")
    refused(admin, 404, "DELETE", config + "/ldap/url")
    refused(admin, 404, "GET", config + "/ldap/url")
    refused(admin, 404, "PATCH", config + "/ldap/url", {"config": {
        "url": "x"}})
    admin.ok("DELETE", config + "/ldap")
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {
            "config": {"ldap": {"url": "x"}}})):
        refused(admin, 404, method, config + "/ldap", body)
    for _ in range(2):
        admin.ok("DELETE", config)
    refused(admin, 404, "GET", config)


def test_secrets(identity, admin, path, domain):
    body = {"config": {"ldap": {"password": "s3cret", "url": "x"}}}
    for method in ("PUT", "PATCH"):
        assert "s3cret" not in admin(method, path, body).text
    for shown in (path, path + "/ldap"):
        assert "password" not in admin("GET", shown).text
    refused(admin, 404, "GET", path + "/ldap/password")
    with identity.db.reader() as session:
        sealed = session.scalar(sa.select(DomainSecret.sealed_value))
    assert identity.env.vault.open(sealed) == '"s3cret"'
    admin.ok("PATCH", path + "/ldap/password", {"config": {
        "password": "n3w"}})
    admin.ok("PATCH", f"/v3/domains/{domain['id']}", {"domain": {
        "enabled": False}})
    admin.ok("DELETE", f"/v3/domains/{domain['id']}")
    with identity.db.reader() as session:
        assert not session.scalars(sa.select(DomainSecret)).all()


@pytest.mark.parametrize("where,body,status", [
    ("", {}, 403), ("", {"ldap": {}}, 403), ("", {"sql": {"x": 1}}, 403),
    ("", {"ldap": {"x": 1}}, 403), ("", {"ldap": "x"}, 400),
    ("", {"ldap": {"url": {"x": 1}}}, 400), ("", [1], 400),
    ("/ldap", {"identity": {"driver": "x"}}, 403),
    ("/sql", {"sql": {"x": 1}}, 403),
    ("/ldap/url", {"suffix": "x"}, 403), ("/ldap/x", {"x": 1}, 403)])
def test_bad(admin, config, where, body, status):
    refused(admin, status, "PATCH", config + where, {"config": body})
    assert admin.ok("GET", config) == {"config": CONFIG}


def test_unknown_domain(admin):
    for method, body in (("GET", None), ("DELETE", None),
                         ("PUT", {"config": CONFIG}),
                         ("PATCH", {"config": CONFIG})):
        refused(admin, 404, method, "/v3/domains/gone/config", body)


def test_defaults(admin):
    root = "/v3/domains/config"
    found = admin.ok("GET", root + "/default")["config"]
    assert found["ldap"]["url"] == "ldap://localhost"
    assert "password" not in found["ldap"]
    for group, options in found.items():
        assert admin.ok("GET", f"{root}/{group}/default") == {
            "config": {group: options}}
        for option, value in options.items():
            assert admin.ok("GET", f"{root}/{group}/{option}/default") == {
                "config": {option: value}}
    for path in ("sql", "ldap/x", "ldap/password"):
        refused(admin, 403, "GET", f"{root}/{path}/default")


def test_what_is_demanded_of_passwords_is_told_to_all(make):
    identity = make(password_regex="^.{9}", password_regex_description="9")
    admin = identity.admin()
    admin.ok("POST", "/v3/users", {"user": {
        "name": "bare", "password": "long enough"}})
    bare = identity.login("bare", "long enough")
    path = "/v3/domains/default/config/security_compliance"
    wanted = {"password_regex": "^.{9}", "password_regex_description": "9"}
    assert bare.ok("GET", path) == {"config": {
        "security_compliance": wanted}}
    for option, value in wanted.items():
        assert bare.ok("GET", f"{path}/{option}") == {"config": {
            option: value}}
    refused(bare, 403, "GET", path + "/lockout_duration")
    refused(bare, 403, "GET", "/v3/domains/x/config/security_compliance")
    refused(bare, 403, "GET", "/v3/domains/default/config/ldap")
    refused(admin, 403, "PATCH", path, {"config": {
        "security_compliance": {"password_regex": ""}}})
