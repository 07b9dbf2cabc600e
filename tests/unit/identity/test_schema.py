"""Migrations and bootstrap."""

from common import conf, daemon, db
from identity import app, bootstrap
from identity.db.models import Endpoint


def test_head_is_what_the_models_say(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    assert db.upgrade(app.SCHEMA, url)
    assert not db.upgrade(app.SCHEMA, url)
    assert db.check(app.SCHEMA, url) == []


def everything(admin):
    """Return all that there is, by kind."""
    found = {}
    for kind in ("users", "projects", "domains", "roles", "services",
                 "endpoints", "regions", "role_assignments",
                 "role_inferences"):
        found[kind] = admin.ok("GET", f"/v3/{kind}")[kind]
    return found


class TestBootstrap:

    def test_result(self, admin):
        found = everything(admin)
        assert {r["name"] for r in found["roles"]} == {
            "admin", "manager", "member", "reader", "service"}
        assert {p["name"] for p in found["projects"]} == {
            "admin", "service"}
        assert [d["id"] for d in found["domains"]] == ["default"]
        assert {e["interface"] for e in found["endpoints"]} == {
            "public", "internal", "admin"}

    def test_nobody_can_lock_services_out(self, identity, admin,
                                          monkeypatch):
        conf.register_service(identity.conf, "other", port=1)
        identity.conf.set_override("password", "x" * 32, group="other")
        monkeypatch.setattr(daemon, "services", lambda: [
            app.SERVICE, daemon.Service("other")])
        bootstrap.run(identity.conf)
        user = admin.ok("GET", "/v3/users?name=other")["users"][0]
        assert user["options"]["ignore_lockout_failure_attempts"] is True
        identity.login("other", "x" * 32)

    def test_again_changes_nothing(self, identity, admin):
        before = everything(admin)
        bootstrap.run(identity.conf)
        assert everything(admin) == before

    def test_mends_what_is_missing(self, identity, admin):
        role = identity.role_id("service")
        admin.ok("PATCH", f"/v3/roles/{role}", {"role": {
            "options": {"immutable": False}}})
        admin.ok("DELETE", f"/v3/roles/{role}")
        bootstrap.run(identity.conf)
        assert identity.role_id("service") == role

    def test_follows_the_address(self, identity, admin):
        identity.conf.set_override("public_url", "https://cloud.example")
        bootstrap.run(identity.conf)
        with identity.db.reader() as session:
            urls = {e.url for e in session.query(Endpoint)}
        assert urls == {"https://cloud.example:5000/v3"}
        catalog = identity.admin().ok("GET", "/v3/auth/catalog")["catalog"]
        assert catalog[0]["endpoints"][0]["url"] in urls

    def test_keeps_the_administrators_password(self, identity, admin):
        me = admin.ok("GET", "/v3/users?name=admin")["users"][0]["id"]
        admin.ok("PATCH", f"/v3/users/{me}", {"user": {"password": "own"}})
        bootstrap.run(identity.conf)
        identity.login("admin", "own")
