"""Tokens, from login to their end."""

import datetime
import os
import stat

import pytest

from common import auth, concurrency, db, exceptions
from common import bootstrap as ids
from identity import app, env, tokens
from identity.exceptions import TokenNotFound
from tests.unit.identity.conftest import Caller

ADMIN = {"project": {"id": ids.ADMIN_PROJECT_ID}}


def shown(caller, **headers):
    """Return what identity says of the sender's own token."""
    return caller("GET", "/v3/auth/tokens", X_Subject_Token=caller.token,
                  **headers)


class TestLogin:

    def test_project_by_name(self, identity, anybody):
        got = anybody("POST", "/v3/auth/tokens", identity.auth(scope={
            "project": {"name": "admin", "domain": {"name": "Default"}}}))
        assert got.status_code == 201
        token = got.json["token"]
        assert token["methods"] == ["password"]
        assert token["project"] == {
            "id": ids.ADMIN_PROJECT_ID, "name": "admin",
            "domain": {"id": "default", "name": "Default"}}
        assert token["is_domain"] is False
        assert [r["name"] for r in token["roles"]] == [
            "admin", "manager", "member", "reader"]
        assert token["catalog"][0]["type"] == "identity"
        assert len(token["catalog"][0]["endpoints"]) == 3
        assert token["user"]["domain"]["id"] == "default"
        for name in ("issued_at", "expires_at"):
            datetime.datetime.strptime(token[name], "%Y-%m-%dT%H:%M:%S.%fZ")
        assert len(token["audit_ids"]) == 1
        assert len(got.headers["X-Subject-Token"]) < 400

    def test_unscoped(self, identity, anybody):
        for scope in ("unscoped", {"unscoped": {}}):
            token = anybody.ok("POST", "/v3/auth/tokens",
                               identity.auth(scope=scope))["token"]
            for name in ("project", "domain", "system", "roles", "catalog"):
                assert name not in token

    def test_system(self, identity, anybody):
        token = anybody.ok("POST", "/v3/auth/tokens", identity.auth(
            scope={"system": {"all": True}}))["token"]
        assert token["system"] == {"all": True}
        assert "admin" in [r["name"] for r in token["roles"]]

    def test_domain(self, identity, admin):
        caller = identity.person("reader", {"domain": {"id": "default"}})
        token = shown(caller).json["token"]
        assert token["domain"] == {"id": "default", "name": "Default"}
        assert [r["name"] for r in token["roles"]] == ["reader"]
        assert "project" not in token

    def test_nocatalog(self, identity, anybody):
        token = anybody.ok("POST", "/v3/auth/tokens?nocatalog",
                           identity.auth(scope=ADMIN))["token"]
        assert "catalog" not in token

    def test_default_project(self, identity, admin, anybody):
        me = shown(admin).json["token"]["user"]["id"]
        admin.ok("PATCH", f"/v3/users/{me}", {"user": {
            "default_project_id": ids.ADMIN_PROJECT_ID}})
        token = anybody.ok("POST", "/v3/auth/tokens",
                           identity.auth())["token"]
        assert token["project"]["id"] == ids.ADMIN_PROJECT_ID

    def test_useless_default_project(self, identity, admin, anybody):
        me = shown(admin).json["token"]["user"]["id"]
        for project_id in (ids.SERVICE_PROJECT_ID, "gone"):
            admin = identity.admin()
            admin.ok("PATCH", f"/v3/users/{me}", {"user": {
                "default_project_id": project_id}})
            token = anybody.ok("POST", "/v3/auth/tokens",
                               identity.auth())["token"]
            assert "project" not in token

    def test_all_refusals_look_alike(self, identity, admin, anybody,
                                     project):
        off = admin.ok("POST", "/v3/users", {"user": {
            "name": "off", "password": "x", "enabled": False}})["user"]
        admin.ok("POST", "/v3/users", {"user": {"name": "bare"}})
        texts = set()
        for body in (
                identity.auth(password="wrong"),
                identity.auth(user="nobody"),
                identity.auth(user="off", password="x"),
                identity.auth(user="bare", password=""),
                identity.auth(user="bare", password="x"),
                identity.auth(domain="nowhere"),
                identity.auth(scope={"project": {"id": project["id"]}}),
                identity.auth(scope={"project": {"id": "gone"}}),
                identity.auth(scope={"project": {
                    "name": "gone", "domain": {"id": "default"}}}),
                identity.auth(scope={"domain": {"id": "default"}}),
                {"auth": {"identity": {"methods": ["password"], "password": {
                    "user": {"id": off["id"], "password": "x"}}}}},
                {"auth": {"identity": {"methods": ["magic"],
                                       "magic": {}}}}):
            got = anybody("POST", "/v3/auth/tokens", body)
            assert got.status_code == 401, (body, got.text)
            texts.add(got.text)
        assert len(texts) == 1
        assert got.json["error"]["title"] == "Unauthorized"
        assert "WWW-Authenticate" in got.headers

    @pytest.mark.parametrize("body", [
        {}, [], {"auth": {}}, {"auth": {"identity": {}}},
        {"auth": {"identity": {"methods": []}}},
        {"auth": {"identity": {"methods": ["password"]}}},
        {"auth": {"identity": {"methods": ["password"], "password": {}}}},
        {"auth": {"identity": {"methods": ["password"], "password": {
            "user": {"id": 7, "password": "x"}}}}},
        {"auth": {"identity": {"methods": ["password"], "password": {
            "user": {"name": "admin", "password": "x"}}}}},
        {"auth": {"identity": {"methods": ["token"], "token": {}}}},
        {"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}},
                  "scope": {"project": {}}}},
        {"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}},
                  "scope": {"project": {"id": "x"},
                            "domain": {"id": "x"}}}},
    ])
    def test_bad_bodies(self, anybody, body):
        got = anybody("POST", "/v3/auth/tokens", body)
        assert got.status_code == 400, got.text
        assert "body" in got.json["error"]["message"]


class TestTokenMethod:

    def rescoped(self, caller, scope, anybody):
        return anybody("POST", "/v3/auth/tokens", {"auth": {
            "identity": {"methods": ["token"],
                         "token": {"id": caller.token}},
            "scope": scope}})

    def test_chain_and_end(self, identity, anybody):
        unscoped = identity.login(scope="unscoped")
        old = shown(unscoped).json["token"]
        got = self.rescoped(unscoped, ADMIN, anybody)
        new = got.json["token"]
        assert new["expires_at"] == old["expires_at"]
        assert new["audit_ids"][1] == old["audit_ids"][0]
        assert set(new["methods"]) == {"password", "token"}
        assert new["project"]["id"] == ids.ADMIN_PROJECT_ID

    def test_revoked_or_garbled(self, identity, anybody):
        caller = identity.admin()
        caller.ok("DELETE", "/v3/auth/tokens", X_Subject_Token=caller.token)
        got = self.rescoped(caller, ADMIN, anybody)
        assert got.status_code == 404
        caller.token = "x" * 100
        assert self.rescoped(caller, ADMIN, anybody).status_code == 404


class TestValidation:

    def test_head_and_get(self, admin):
        assert shown(admin).status_code == 200
        got = admin("HEAD", "/v3/auth/tokens", X_Subject_Token=admin.token)
        assert (got.status_code, got.body) == (200, b"")
        assert got.headers["X-Subject-Token"] == admin.token

    def test_needs_subject(self, admin):
        assert admin("GET", "/v3/auth/tokens").status_code == 400

    def test_unknown_subject(self, admin):
        got = admin("GET", "/v3/auth/tokens", X_Subject_Token="nonsense")
        assert got.status_code == 404

    def test_foreign_subject(self, identity, admin, project):
        scope = {"project": {"id": project["id"]}}
        one = identity.person("member", scope)
        other = identity.person("member", scope)
        service = identity.person("service", scope)
        assert shown(one).status_code == 200
        for caller, wanted in ((other, 403), (admin, 200), (service, 200)):
            got = caller("GET", "/v3/auth/tokens",
                         X_Subject_Token=one.token)
            assert got.status_code == wanted

    def test_queries(self, identity, admin):
        """One glance for both tokens, if nothing was written since."""
        def cost(act):
            with db.count_queries(identity.db) as queries:
                act()
            return queries.count
        admin.ok("GET", "/v3/auth/tokens", X_Subject_Token=admin.token)
        assert cost(lambda: shown(admin)) == 1
        other = env.make(identity.conf, identity.db, None)
        there = Caller(app.make_app(identity.conf, other), admin.token)
        # What the user is and may on the project; roles, implications,
        # services, endpoints and two kinds of filters: once per process.
        assert cost(lambda: shown(there)) == 10
        unseen = identity.admin().token
        assert cost(lambda: there(
            "GET", "/v3/auth/tokens", X_Subject_Token=unseen)) == 2
        # A change of no matter what: the user is read again.
        admin.ok("POST", "/v3/users", {"user": {"name": "new"}})
        assert cost(lambda: shown(there)) == 4

    def test_queries_of_a_login(self, identity, anybody):
        body = identity.auth(scope=ADMIN)
        anybody.ok("POST", "/v3/auth/tokens", body)
        with db.count_queries(identity.db) as queries:
            anybody.ok("POST", "/v3/auth/tokens", body)
        # A glance before the password is compared, and one after it.
        assert queries.count == 2, queries.statements

    def test_other_spellings_are_refused(self, identity, admin):
        codec = identity.env.authority._codec
        codec.unpack(admin.token)
        for text in (admin.token + "=", admin.token + "\n",
                     admin.token[:-1], " " + admin.token,
                     admin.token.replace("_", "/").replace("-", "+") + "A"):
            with pytest.raises(TokenNotFound):
                codec.unpack(text)

    def test_expired(self, identity, project):
        codec = identity.env.authority._codec
        scope = {"project": {"id": project["id"]}}
        member = identity.person("member", scope)
        service = identity.person("service", scope)
        good = codec.unpack(member.token)
        ago = datetime.timedelta(hours=2)
        old = codec.pack(tokens.dataclasses.replace(
            good, issued_at=good.issued_at - ago,
            expires_at=good.expires_at - ago))
        ancient = codec.pack(tokens.dataclasses.replace(
            good, expires_at=good.expires_at - ago * 100))
        path = "/v3/auth/tokens?allow_expired=1"
        for caller, text, where, wanted in (
                (service, old, "/v3/auth/tokens", 404),
                (service, old, path, 200),
                (service, ancient, path, 404),
                (identity.admin(), old, path, 404)):
            got = caller("GET", where, X_Subject_Token=text)
            assert got.status_code == wanted
        member.token = old
        assert shown(member).status_code == 401


class TestEnd:
    """Everything that must end a token does, at once."""

    @pytest.fixture
    def scope(self, project):
        return {"project": {"id": project["id"]}}

    @pytest.fixture
    def elsewhere(self, identity):
        """Return another process's view of tokens."""
        database = db.Database(identity.conf.identity.database)
        yield env.make(identity.conf, database, None).authority
        database.dispose()

    @pytest.fixture
    def member(self, identity, scope, elsewhere):
        made = identity.person("member", scope)
        elsewhere.validate(made.token)
        return made

    def user_id(self, caller):
        return shown(caller).json["token"]["user"]["id"]

    @pytest.fixture
    def alive(self, elsewhere):
        """Return what says whether a token is good: all must agree."""
        def ask(caller, admin):
            own = self.alive_here(caller, admin)
            try:
                elsewhere.validate(caller.token)
            except TokenNotFound:
                assert not own
            else:
                assert own
            return own
        return ask

    def alive_here(self, caller, admin):
        own = shown(caller).status_code
        asked = admin("GET", "/v3/auth/tokens",
                      X_Subject_Token=caller.token).status_code
        assert (own, asked) in ((200, 200), (401, 404))
        return own == 200

    def test_deleted(self, alive, member, admin, identity, scope):
        user_id = self.user_id(member)
        member.ok("DELETE", "/v3/auth/tokens", X_Subject_Token=member.token)
        assert not alive(member, admin)
        again = admin("DELETE", "/v3/auth/tokens",
                      X_Subject_Token=member.token)
        assert again.status_code == 404
        user = admin.ok("GET", f"/v3/users/{user_id}")["user"]
        other = identity.login(user["name"], user["name"], scope)
        assert alive(other, admin)

    def test_revoking_survives_a_restart(self, member, admin, identity):
        member.ok("DELETE", "/v3/auth/tokens", X_Subject_Token=member.token)
        other = env.make(identity.conf, identity.db, None)
        with pytest.raises(TokenNotFound):
            other.authority.validate(member.token)

    @pytest.mark.parametrize("change", [
        {"enabled": False}, {"password": "new"}])
    def test_user_changed(self, alive, member, admin, change):
        path = f"/v3/users/{self.user_id(member)}"
        admin.ok("PATCH", path, {"user": change})
        assert not alive(member, admin)
        admin.ok("PATCH", path, {"user": {"enabled": True}})
        assert not alive(member, admin)

    def test_harmless_change(self, alive, member, admin):
        path = f"/v3/users/{self.user_id(member)}"
        admin.ok("PATCH", path, {"user": {"description": "x"}})
        assert alive(member, admin)

    def test_user_deleted(self, alive, member, admin):
        admin.ok("DELETE", f"/v3/users/{self.user_id(member)}")
        assert not alive(member, admin)

    def test_own_password_changed(self, alive, member, admin, identity, scope):
        user = shown(member).json["token"]["user"]
        path = f"/v3/users/{user['id']}/password"
        got = member("POST", path, {"user": {
            "password": "new", "original_password": "wrong"}})
        assert got.status_code == 401
        assert alive(member, admin)
        member.ok("POST", path, {"user": {
            "password": "new", "original_password": user["name"]}})
        assert not alive(member, admin)
        assert alive(identity.login(user["name"], "new", scope), admin)
        with pytest.raises(AssertionError):
            identity.login(user["name"], user["name"], scope)

    def test_project_disabled(self, alive, member, admin, project):
        path = f"/v3/projects/{project['id']}"
        admin.ok("PATCH", path, {"project": {"enabled": False}})
        assert not alive(member, admin)
        admin.ok("PATCH", path, {"project": {"enabled": True}})
        assert not alive(member, admin)

    def test_project_deleted(self, alive, member, admin, project):
        admin.ok("DELETE", f"/v3/projects/{project['id']}")
        assert not alive(member, admin)

    def test_role_taken_back(self, alive, member, admin, identity, project):
        path = (f"/v3/projects/{project['id']}/users/"
                f"{self.user_id(member)}/roles/")
        admin.ok("PUT", path + identity.role_id("reader"))
        admin.ok("DELETE", path + identity.role_id("member"))
        roles = shown(member).json["token"]["roles"]
        assert [r["name"] for r in roles] == ["reader"]
        admin.ok("DELETE", path + identity.role_id("reader"))
        assert not alive(member, admin)

    def test_domain_disabled(self, alive, identity, admin):
        domain = admin.ok("POST", "/v3/domains", {"domain": {
            "name": "d1"}})["domain"]
        caller = identity.person(
            "reader", {"domain": {"id": domain["id"]}},
            domain=domain["id"])
        assert alive(caller, admin)
        path = f"/v3/domains/{domain['id']}"
        admin.ok("PATCH", path, {"domain": {"enabled": False}})
        assert not alive(caller, admin)
        admin.ok("PATCH", path, {"domain": {"enabled": True}})
        assert not alive(caller, admin)

    def test_left_group(self, alive, identity, admin, project):
        group = admin.ok("POST", "/v3/groups", {"group": {
            "name": "g"}})["group"]
        user = admin.ok("POST", "/v3/users", {"user": {
            "name": "in-group", "password": "x"}})["user"]
        member = f"/v3/groups/{group['id']}/users/{user['id']}"
        admin.ok("PUT", member)
        admin.ok("PUT", f"/v3/projects/{project['id']}/groups/"
                        f"{group['id']}/roles/{identity.role_id('member')}")
        caller = identity.login(
            "in-group", "x", {"project": {"id": project["id"]}})
        roles = shown(caller).json["token"]["roles"]
        assert [r["name"] for r in roles] == ["member", "reader"]
        admin.ok("DELETE", member)
        assert not alive(caller, admin)

    def test_chain(self, alive, identity, admin, anybody):
        """What was exchanged for a token ends with it, and not before."""
        def exchanged(text):
            got = anybody("POST", "/v3/auth/tokens", {"auth": {
                "identity": {"methods": ["token"], "token": {"id": text}},
                "scope": ADMIN}})
            return Caller(identity.wsgi, got.headers["X-Subject-Token"])
        first = identity.login(scope="unscoped")
        second = exchanged(first.token)
        third, fourth = (exchanged(second.token) for _ in range(2))
        second.ok("DELETE", "/v3/auth/tokens", X_Subject_Token=third.token)
        assert not alive(third, admin)
        for caller in (first, second, fourth):
            assert alive(caller, admin)
        admin.ok("DELETE", "/v3/auth/tokens", X_Subject_Token=first.token)
        for caller in (first, second, fourth):
            assert not alive(caller, admin)

    def test_pruned_when_over(self, identity, admin):
        caller = identity.admin()
        caller.ok("DELETE", "/v3/auth/tokens", X_Subject_Token=caller.token)
        pruner = app.Pruner(identity.db)
        assert pruner.run_once() == 0
        with identity.db.writer() as session:
            from identity.db import authority
            authority.revoke(session, "old", db.utcnow())
        assert pruner.run_once() == 1


class TestKeys:

    @pytest.fixture
    def keys(self, tmp_path):
        made = tokens.KeyRepository(str(tmp_path / "a" / "keys"))
        made.ensure()
        return made

    def test_made_private(self, keys, tmp_path):
        path = tmp_path / "a" / "keys"
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert sorted(os.listdir(path)) == ["0", "1"]
        assert all(stat.S_IMODE((path / name).stat().st_mode) == 0o600
                   for name in ("0", "1"))
        before = (path / "1").read_bytes()
        keys.ensure()
        assert (path / "1").read_bytes() == before

    def test_open_directory_is_refused(self, keys, tmp_path):
        (tmp_path / "a" / "keys").chmod(0o755)
        with pytest.raises(PermissionError):
            keys.ensure()

    def test_rotation(self, keys, tmp_path):
        elsewhere = tokens.KeyRepository(str(tmp_path / "a" / "keys"))
        sealed = [keys.box().encrypt(b"0")]
        for turn in range(1, 4):
            keys.rotate(3)
            sealed.append(keys.box().encrypt(str(turn).encode()))
            assert elsewhere.box().decrypt(sealed[-1]) == (
                str(turn).encode())
            assert keys.box().decrypt(sealed[-2])
        assert len(os.listdir(tmp_path / "a" / "keys")) == 3
        with pytest.raises(tokens.fernet.InvalidToken):
            keys.box().decrypt(sealed[0])

    def test_staged_key_opens(self, keys, tmp_path):
        """A host that got the new keys first is understood by the rest."""
        import shutil
        shutil.copytree(tmp_path / "a" / "keys", tmp_path / "b" / "keys")
        other = tokens.KeyRepository(str(tmp_path / "b" / "keys"))
        other.rotate(3)
        assert keys.box().decrypt(other.box().encrypt(b"x")) == b"x"


class TestAnnouncements:
    """Other processes hear at once what has ended."""

    @pytest.fixture
    def elsewhere(self, identity, admin):
        """Return the cache of another process, that knows the admin."""
        cache = auth.TokenCache(10, 60)
        identity.bus.serve(cache, "elsewhere")
        known = shown(admin).json["token"]
        cache.get(admin.token, lambda: known)
        return cache

    def forgotten(self, cache, token):
        asked = []
        with concurrency.Timeout(5):
            while not asked:
                cache.get(token, lambda: asked.append(1) or {
                    "user": {"id": "x"}})
                concurrency.sleep(0.01)
        return True

    def test_token(self, elsewhere, admin):
        admin.ok("DELETE", "/v3/auth/tokens", X_Subject_Token=admin.token)
        assert self.forgotten(elsewhere, admin.token)

    def test_user(self, elsewhere, admin):
        user = shown(admin).json["token"]["user"]["id"]
        admin.ok("PATCH", f"/v3/users/{user}", {"user": {"password": "x"}})
        assert self.forgotten(elsewhere, admin.token)

    def test_role(self, elsewhere, admin, identity):
        user = shown(admin).json["token"]["user"]["id"]
        admin.ok("PUT", f"/v3/system/users/{user}/roles/"
                        f"{identity.role_id('reader')}")
        assert self.forgotten(elsewhere, admin.token)

    def test_a_dead_bus_is_no_obstacle(self, identity, admin, monkeypatch):
        def fail(*args, **kwargs):
            raise exceptions.ServiceUnavailable()
        monkeypatch.setattr(identity.env.announce, "_remote",
                            type("Dead", (), {"revoked": fail})())
        admin.ok("DELETE", "/v3/auth/tokens", X_Subject_Token=admin.token)
        assert shown(admin).status_code == 401
