"""Rules for passwords and log-ins, through the doors that they guard."""

import datetime

import pytest
import sqlalchemy as sa

from common import concurrency, db
from identity import passwords
from identity.db.models import User
from tests.unit.identity.conftest import Caller
from tests.unit.identity.test_resources import make_user, refused


@pytest.fixture
def clock(monkeypatch):
    """Return what sets the time forward."""
    ahead = datetime.timedelta()
    real = db.utcnow

    def forward(**amount):
        nonlocal ahead
        ahead += datetime.timedelta(**amount)
    monkeypatch.setattr(db, "utcnow", lambda: real() + ahead)
    return forward


def attempt(identity, name, password):
    return Caller(identity.wsgi)(
        "POST", "/v3/auth/tokens", identity.auth(name, password))


def change(identity, user, old, new):
    return Caller(identity.wsgi)(
        "POST", f"/v3/users/{user['id']}/password",
        {"user": {"original_password": old, "password": new}})


def failures(identity, user):
    with identity.db.reader() as session:
        return session.scalar(
            sa.select(User.failures).where(User.id == user["id"]))


class TestLockOut:

    @pytest.fixture
    def identity(self, make):
        return make(lockout_failure_attempts=2, lockout_duration=5)

    @pytest.fixture
    def user(self, identity):
        return make_user(identity.admin(), "u")

    def test_for_a_while(self, identity, user, clock):
        identity.login("u", "u")  # From here on the password is known.
        wrong = [attempt(identity, "u", "x") for _ in range(2)]
        locked = attempt(identity, "u", "u")
        unknown = attempt(identity, "nobody", "u")
        assert {got.status_code for got in [*wrong, locked, unknown]} == {401}
        assert len({got.text for got in [*wrong, locked, unknown]}) == 1
        assert change(identity, user, "u", "v").status_code == 401
        clock(seconds=4)
        # Nor do more attempts make it last longer.
        assert attempt(identity, "u", "x").status_code == 401
        clock(seconds=1)
        identity.login("u", "u")
        assert failures(identity, user) == 0

    def test_counts_anew_after_it(self, identity, user, clock):
        for _ in range(2):
            attempt(identity, "u", "x")
        clock(seconds=6)
        attempt(identity, "u", "x")
        identity.login("u", "u")

    def test_a_right_one_between(self, identity, user):
        for _ in range(3):
            attempt(identity, "u", "x")
            identity.login("u", "u")

    def test_the_other_door_counts_too(self, identity, user):
        for _ in range(2):
            assert change(identity, user, "x", "v").status_code == 401
        assert attempt(identity, "u", "u").status_code == 401

    def test_enabling_unlocks(self, identity, user):
        for _ in range(2):
            attempt(identity, "u", "x")
        path = f"/v3/users/{user['id']}"
        admin = identity.admin()
        admin.ok("PATCH", path, {"user": {"description": "x"}})
        assert attempt(identity, "u", "u").status_code == 401
        admin.ok("PATCH", path, {"user": {"enabled": True}})
        identity.login("u", "u")

    def test_exempt(self, identity):
        make_user(identity.admin(), "v", options={
            "ignore_lockout_failure_attempts": True})
        for _ in range(3):
            attempt(identity, "v", "x")
        identity.login("v", "v")

    def test_locked_while_the_right_one_is_hashed(
            self, identity, user, monkeypatch):
        real = passwords.Hasher.matches

        def matches(hasher, password, stored):
            if password == "u":
                for _ in range(2):
                    attempt(identity, "u", "x")
            return real(hasher, password, stored)
        monkeypatch.setattr(passwords.Hasher, "matches", matches)
        assert attempt(identity, "u", "u").status_code == 401

    def test_good_logins_write_nothing(self, identity, user):
        with db.count_queries(identity.db) as queries:
            identity.login("u", "u")
            identity.login("u", "u")
        assert not [s for s in queries.statements
                    if not s.lstrip().startswith(("SELECT", "WITH"))]

    def test_refusals_do_the_same(self, identity, user):
        """Unknown, wrong and locked take the same statements."""
        def statements(name, password):
            with db.count_queries(identity.db) as queries:
                attempt(identity, name, password)
            return queries.statements
        wrong = statements("u", "x")
        assert statements("nobody", "x") == wrong
        attempt(identity, "u", "x")
        assert statements("u", "x") == wrong


class TestCounting:

    def test_processes_lose_no_count(self, make):
        sides = [make(lockout_failure_attempts=50) for _ in range(2)]
        user = make_user(sides[0].admin(), "u")
        concurrency.gather(*[
            lambda side=side: attempt(side, "u", "x")
            for side in sides for _ in range(5)])
        assert failures(sides[0], user) == 10


class TestExpiry:

    def test_expiry(self, make, clock):
        identity = make(password_expires_days=3)
        admin = identity.admin()
        user = make_user(admin, "u", password="a")
        make_user(admin, "v", options={"ignore_password_expiry": True})
        assert user["password_expires_at"].endswith(".000000Z")
        identity.login("u", "a")
        clock(days=3)
        got = attempt(identity, "u", "a")
        assert got.status_code == 401 and "expired" in got.text
        assert "expired" not in attempt(identity, "u", "x").text
        identity.login("v", "v")
        assert change(identity, user, "a", "b").status_code == 204
        caller = identity.login("u", "b")
        shown = caller.ok("GET", f"/v3/users/{user['id']}")["user"]
        assert shown["password_expires_at"] > user["password_expires_at"]

    def test_filter_by_expiry(self, make, clock):
        identity = make(password_expires_days=10)
        admin = identity.admin()
        early = make_user(admin, "early")
        clock(days=1)
        admin = identity.admin()
        late = make_user(admin, "late")
        group = admin.ok("POST", "/v3/groups", {"group": {
            "name": "g"}})["group"]
        for user in (early, late):
            admin.ok("PUT", f"/v3/groups/{group['id']}/users/{user['id']}")
        at = late["password_expires_at"].replace(".000000", "")
        for how, wanted in (
                ("lt:", {"early"}), ("lte:", {"early", "late"}),
                ("gt:", set()), ("gte:", {"late"}), ("eq:", {"late"}),
                ("", {"late"}), ("neq:", {"early"})):
            for path in ("users", f"groups/{group['id']}/users"):
                found = admin.ok(
                    "GET", f"/v3/{path}?password_expires_at={how}{at}")
                names = {u["name"] for u in found["users"]} - {"admin"}
                assert names == wanted, (path, how)
        for bad in ("near:" + at, "lt:soon", "2020-13-01T00:00:00Z", ""):
            refused(admin, 400, "GET",
                    f"/v3/users?password_expires_at={bad}")


def test_no_rules_no_lock(make):
    identity = make()
    user = make_user(identity.admin(), "u")
    for _ in range(5):
        attempt(identity, "u", "x")
    identity.login("u", "u")
    assert failures(identity, user) == 0
    assert change(identity, user, "u", "u").status_code == 204


def test_lock_that_lasts(make, clock):
    identity = make(lockout_failure_attempts=1, lockout_duration=0)
    make_user(identity.admin(), "u")
    attempt(identity, "u", "x")
    clock(days=1000)
    assert attempt(identity, "u", "u").status_code == 401


class TestPasswords:

    def test_history(self, make):
        identity = make(unique_last_password_count=2)
        admin = identity.admin()
        user = make_user(admin, "u", password="a")
        assert change(identity, user, "a", "b").status_code == 204
        for used in ("a", "b"):
            got = change(identity, user, "b", used)
            assert got.status_code == 400
            assert "previous" in got.json["error"]["message"]
        assert change(identity, user, "b", "c").status_code == 204
        assert change(identity, user, "c", "a").status_code == 204
        # An administrator may set any.
        admin.ok("PATCH", f"/v3/users/{user['id']}", {"user": {
            "password": "a"}})
        identity.login("u", "a")

    def test_minimum_age(self, make, clock):
        identity = make(minimum_password_age=2)
        user = make_user(identity.admin(), "u", password="a")
        # Nobody must keep what an administrator chose.
        assert change(identity, user, "a", "b").status_code == 204
        clock(days=1)
        got = change(identity, user, "b", "c")
        assert got.status_code == 400 and "age" in got.text
        clock(days=1)
        assert change(identity, user, "b", "c").status_code == 204

    def test_strength(self, make):
        identity = make(password_regex=r"^(?=.*\d).{4,}$",
                        password_regex_description="four, one a digit")
        admin = identity.admin()
        message = refused(admin, 400, "POST", "/v3/users", {"user": {
            "name": "u", "password": "abcd"}})
        assert "four, one a digit" in message and "abcd" not in message
        user = make_user(admin, "u", password="abc1")
        refused(admin, 400, "PATCH", f"/v3/users/{user['id']}", {"user": {
            "password": "abc"}})
        assert change(identity, user, "abc1", "abc").status_code == 400
        # Only who knows the password is told.
        assert change(identity, user, "x", "abc").status_code == 401

    def test_regex_must_compile(self, make):
        with pytest.raises(ValueError, match="no regular expression"):
            make(password_regex="(")

    def test_change_upon_first_use(self, make):
        identity = make(change_password_upon_first_use=True)
        admin = identity.admin()
        user = make_user(admin, "u", password="a")
        make_user(admin, "v", options={
            "ignore_change_password_upon_first_use": True})
        identity.login("v", "v")
        for password in ("a", "c"):
            assert "expired" in attempt(identity, "u", password).text
            assert change(identity, user, password, "b").status_code == 204
            identity.login("u", "b")
            admin.ok("PATCH", f"/v3/users/{user['id']}", {"user": {
                "password": "c"}})


class TestInactivity:

    @pytest.fixture
    def identity(self, make):
        return make(disable_user_account_days_inactive=30)

    def test_life(self, identity, clock):
        admin = identity.admin()
        user = make_user(admin, "u")
        make_user(admin, "v", options={"ignore_user_inactivity": True})
        path = f"/v3/users/{user['id']}"
        clock(days=20)
        identity.login("u", "u")
        clock(days=20)
        identity.login("u", "u")
        with identity.db.writer() as session:
            # The administrator has not been away.
            session.execute(
                sa.update(User).where(User.name == "admin")
                .values(last_active_at=db.utcnow()
                        + datetime.timedelta(days=31)))
        clock(days=31)
        assert attempt(identity, "u", "u").status_code == 401
        identity.login("v", "v")
        admin = identity.admin()
        assert admin.ok("GET", path)["user"]["enabled"] is False
        listed = admin.ok("GET", "/v3/users")["users"]
        assert {u["name"] for u in listed if not u["enabled"]} == {"u"}
        admin.ok("PATCH", path, {"user": {"enabled": True}})
        assert admin.ok("GET", path)["user"]["enabled"] is True
        identity.login("u", "u")

    def test_written_once_a_day(self, identity, clock):
        make_user(identity.admin(), "u")
        clock(days=1)
        identity.login("u", "u")
        with db.count_queries(identity.db) as queries:
            identity.login("u", "u")
        assert "UPDATE" not in " ".join(queries.statements)
