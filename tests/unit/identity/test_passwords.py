"""Slow hashes that hold nobody up."""

import time

import pytest

from common import concurrency, exceptions
from identity import passwords


def test_matches():
    hasher = passwords.Hasher(4, 2, 4)
    stored = hasher.hash("right")
    assert hasher.matches("right", stored)
    assert not hasher.matches("wrong", stored)
    assert not hasher.matches("right", None)


@pytest.mark.parametrize("one,other", [
    ("x" * 72, "x" * 73), ("a\0b", "a\0c"), ("ä", "a"), ("", "\0")])
def test_every_character_counts(one, other):
    hasher = passwords.Hasher(4, 2, 4)
    assert not hasher.matches(other, hasher.hash(one))
    assert hasher.matches(one, hasher.hash(one))


def test_others_run_meanwhile():
    hasher = passwords.Hasher(10, 2, 4)
    turns = []

    def tick():
        while True:
            turns.append(time.monotonic())
            concurrency.sleep(0.005)

    ticker = concurrency.spawn(tick)
    hasher.matches("x", None)
    ticker.kill()
    assert len(turns) > 2


def test_queue_is_bounded():
    hasher = passwords.Hasher(8, 1, 2)
    callers = [lambda: hasher.matches("x", None)] * 3

    def one_too_many():
        with pytest.raises(exceptions.TooManyRequests) as refused:
            hasher.matches("x", None)
        assert refused.value.headers["Retry-After"] == "1"
        assert refused.value.status == 429

    concurrency.gather(*callers, one_too_many)
    assert not hasher.matches("x", None)


def test_nobody_waits_for_long(monkeypatch):
    monkeypatch.setattr(passwords, "_PATIENCE_S", 0.05)
    hasher = passwords.Hasher(12, 1, 100)
    answers = []

    def call():
        try:
            answers.append(hasher.matches("x", None))
        except exceptions.TooManyRequests as error:
            assert int(error.headers["Retry-After"]) >= 1
            answers.append("refused")

    began = time.monotonic()
    concurrency.gather(*[call] * 20)
    assert answers.count(False) <= 2
    # It has learnt how long a turn takes: now it refuses at once.
    concurrency.gather(*[call] * 20)
    assert answers.count("refused") >= 36
    assert time.monotonic() - began < 20


def test_refusals_cost_the_same(monkeypatch):
    """Unknown and wrong do the same work, wrong for a service a bit more."""
    work = []
    real = passwords.bcrypt.checkpw

    def checkpw(password, stored):
        work.append(2 ** int(stored.split(b"$")[2]))
        return real(password, stored)
    monkeypatch.setattr(passwords.bcrypt, "checkpw", checkpw)
    hasher = passwords.Hasher(8, 1, 1)
    slow = hasher.hash("x")
    quick = hasher.hash("x", made_by_machine=True)
    for stored, wanted in ((slow, 2 ** 8), (None, 2 ** 8),
                           (quick, 2 ** 8 + 2 ** 4)):
        assert not hasher.matches("y", stored)
        assert sum(work) == wanted
        work.clear()


class TestRemembered:

    def test_knows_just_what_was_added(self):
        memory = passwords.Remembered(60)
        assert not memory.knows("u", 1, "hash", "word")
        memory.add("u", 1, "hash", "word")
        assert memory.knows("u", 1, "hash", "word")
        for other in (("v", 1, "hash", "word"), ("u", 2, "hash", "word"),
                      ("u", 1, "hash2", "word"), ("u", 1, "hash", "wor")):
            assert not memory.knows(*other)

    def test_holds_no_password(self):
        memory = passwords.Remembered(60)
        memory.add("u", 1, "hash", "secret-word")
        assert "secret-word" not in repr(vars(memory))

    def test_ends(self):
        memory = passwords.Remembered(0)
        memory.add("u", 1, "hash", "word")
        assert not memory.knows("u", 1, "hash", "word")


class TestLogins:
    """The memory of passwords, through the door."""

    @pytest.fixture
    def hashes(self, identity, monkeypatch):
        seen = []
        real = passwords.Hasher.matches

        def matches(self, password, stored):
            seen.append(password)
            return real(self, password, stored)
        monkeypatch.setattr(passwords.Hasher, "matches", matches)
        return seen

    def test_second_login_skips_the_hash(self, identity, hashes):
        identity.login()
        identity.login()
        assert len(hashes) == 1

    @pytest.mark.parametrize("change", [
        {"enabled": True}, {"description": "d"}, {"password": "n"}])
    def test_any_change_forgets(self, identity, admin, hashes, change):
        user = admin.ok("POST", "/v3/users", {"user": {
            "name": "u", "password": "p"}})["user"]
        identity.login("u", "p")
        identity.login("u", "p")
        assert len(hashes) == 1
        admin.ok("PATCH", f"/v3/users/{user['id']}", {"user": change})
        identity.login("u", change.get("password", "p"))
        assert len(hashes) == 2

    def test_wrong_is_always_hashed(self, identity, hashes, anybody):
        identity.login()
        for _ in range(2):
            got = anybody("POST", "/v3/auth/tokens",
                          identity.auth(password="wrong"))
            assert got.status_code == 401
        assert len(hashes) == 3

    def test_disabled_is_refused(self, identity, admin, anybody):
        user = admin.ok("POST", "/v3/users", {"user": {
            "name": "u", "password": "p"}})["user"]
        identity.login("u", "p")
        admin.ok("PATCH", f"/v3/users/{user['id']}", {"user": {
            "enabled": False}})
        got = anybody("POST", "/v3/auth/tokens", identity.auth("u", "p"))
        assert got.status_code == 401

    def test_burst_is_refused_early(self, identity, admin, monkeypatch,
                                    anybody):
        monkeypatch.setattr(identity.env.hasher, "_room", 0)
        got = anybody("POST", "/v3/auth/tokens",
                      identity.auth(password="wrong"))
        assert got.status_code == 429
        assert got.headers["Retry-After"]
        # Others go on.
        admin.ok("GET", "/v3/auth/tokens", X_Subject_Token=admin.token)
