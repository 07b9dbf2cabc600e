"""What strangers may guess: passwords and passcodes count alike."""

import functools

import pytest

from common import concurrency, exceptions
from identity import passwords
from identity.guard import Tally
from identity.methods import totp
from tests.unit.identity.conftest import Caller
from tests.unit.identity.test_compliance import change, failures
from tests.unit.identity.test_resources import make_user
from tests.unit.identity.test_totp import SEED, clock, enrol

assert clock  # a fixture

RIGHT = {59: "287082", 1111111109: "081804", 1234567890: "005924"}
HERE, THERE = "192.0.2.1", "192.0.2.2"


def claims(user_id, password=None, passcode=None):
    """Return the body of a login by what is given."""
    own = {"password": {"password": password},
           "totp": {"passcode": passcode}}
    own = {method: {"user": {"id": user_id} | claim}
           for method, claim in own.items() if None not in claim.values()}
    return {"auth": {"identity": {"methods": list(own)} | own}}


def attempt(identity, user, address=HERE, headers=None, **given):
    return Caller(identity.wsgi, address=address)(
        "POST", "/v3/auth/tokens", claims(user["id"], **given),
        **(headers or {}))


def enrolled(identity, name="u", **body):
    admin = identity.admin()
    user = make_user(admin, name, **body)
    enrol(identity, admin, user["id"], SEED)
    return user


class TestLockOut:

    @pytest.fixture
    def identity(self, make):
        return make(lockout_failure_attempts=2)

    def test_by_passcodes(self, identity, clock):
        clock(59)
        user = enrolled(identity)
        off = enrolled(identity, "off", enabled=False)
        answers = [attempt(identity, user, passcode="000000")
                   for _ in range(2)]
        answers += [
            attempt(identity, user, passcode=RIGHT[59]),
            attempt(identity, user, password="u"),
            attempt(identity, off, passcode=RIGHT[59]),
            attempt(identity, {"id": "nobody"}, passcode=RIGHT[59])]
        assert {got.status_code for got in answers} == {401}
        assert len({got.text for got in answers}) == 1

    def test_of_both_kinds(self, identity, clock):
        clock(59)
        user = enrolled(identity)
        attempt(identity, user, password="x")
        attempt(identity, user, passcode="000000")
        assert attempt(identity, user, password="u").status_code == 401

    def test_by_passcodes_while_hashes_have_no_turn(
            self, identity, clock, monkeypatch):
        clock(59)
        user = enrolled(identity)

        def matches(hasher, password, stored):
            raise exceptions.TooManyRequests(retry_after=1)
        with monkeypatch.context() as patched:
            patched.setattr(passwords.Hasher, "matches", matches)
            for _ in range(2):
                got = attempt(identity, user, passcode="000000")
                assert got.status_code == 429
        assert attempt(identity, user, passcode=RIGHT[59]
                       ).status_code == 401

    def test_one_that_came_in_forgets(self, identity, clock):
        user = enrolled(identity)
        for now in (59, 1111111109):
            clock(now)
            attempt(identity, user, passcode="000000")
            got = attempt(identity, user, passcode=RIGHT[now])
            assert got.status_code == 201
        assert failures(identity, user) == 0

    def test_who_knows_the_password_alone(self, identity, clock):
        """A right password makes no room for more passcodes."""
        user = enrolled(identity, options={
            "multi_factor_auth_rules": [["password", "totp"]]})
        clock(59)
        got = attempt(identity, user, password="u")
        receipt = got.headers["Openstack-Auth-Receipt"]
        for _ in range(2):
            attempt(identity, user, password="u")
            attempt(identity, user, password="u", passcode="000000")
        for given, headers in (
                ({"password": "u"}, {}),
                ({"passcode": RIGHT[59]},
                 {"Openstack_Auth_Receipt": receipt})):
            got = attempt(identity, user, headers=headers, **given)
            assert got.status_code == 401
            assert "Openstack-Auth-Receipt" not in got.headers

    def test_whole_login_forgets(self, identity, clock):
        user = enrolled(identity, options={
            "multi_factor_auth_rules": [["password", "totp"]]})
        clock(59)
        attempt(identity, user, passcode="000000")
        got = attempt(identity, user, password="u")
        assert failures(identity, user) == 1
        receipt = got.headers["Openstack-Auth-Receipt"]
        got = attempt(identity, user, passcode=RIGHT[59],
                      headers={"Openstack_Auth_Receipt": receipt})
        assert got.status_code == 201
        assert failures(identity, user) == 0

    def test_a_token_exchanged_forgets_nothing(self, identity):
        user = make_user(identity.admin(), "u")
        token = identity.login("u", "u").token
        attempt(identity, user, password="x")
        got = Caller(identity.wsgi)("POST", "/v3/auth/tokens", {"auth": {
            "identity": {"methods": ["token"], "token": {"id": token}}}})
        assert got.status_code == 201
        assert failures(identity, user) == 1


def test_strangers_elsewhere_shut_nobody_out(identity, clock):
    """Without rules for lock-out a passcode is as open as a password."""
    clock(59)
    user = enrolled(identity)
    for _ in range(totp._TRIES):
        attempt(identity, user, THERE, passcode="000000")
    got = attempt(identity, user, THERE, passcode=RIGHT[59])
    assert got.status_code == 401
    got = attempt(identity, user, HERE, passcode=RIGHT[59])
    assert got.status_code == 201


class TestSources:

    @pytest.fixture
    def limited(self, identity):
        self.set(identity, wrong_logins_per_minute=2)
        return identity

    def set(self, identity, **options):
        for name, value in options.items():
            identity.conf.set_override(name, value, group="identity")
        identity.rebuild()

    def test_limit(self, limited, clock):
        clock(59)
        user = enrolled(limited)
        attempt(limited, user, password="x")
        attempt(limited, {"id": "nobody"}, passcode="000000")
        for given in ({"password": "u"}, {"passcode": RIGHT[59]}):
            got = attempt(limited, user, **given)
            assert got.status_code == 429
            assert got.headers["Retry-After"] == "60"
        assert change(limited, user, "u", "v").status_code == 429
        assert attempt(limited, user, THERE, password="u"
                       ).status_code == 201

    def test_limit_of_many_side_by_side(self, limited):
        user = make_user(limited.admin(), "u")
        answers = concurrency.gather(*[
            functools.partial(attempt, limited, user, password=word)
            for word in ("x", "y", "z", "u")])
        assert sorted(got.status_code for got in answers) == [
            401, 401, 429, 429]

    def test_counts_do_not_live_on_by_further_ones(self):
        tally = Tally(2, 0.2)
        for _ in range(2):
            tally.add(HERE)
            concurrency.sleep(0.15)
        assert not tally.full(HERE)

    def test_proxy_seen_by_a_socket_for_both_versions(self, limited):
        user = make_user(limited.admin(), "u")
        self.set(limited, trusted_proxies=["192.0.2.1"])
        for number, wanted in enumerate((401, 401, 201)):
            got = attempt(limited, user, f"::ffff:{HERE}",
                          password="u" if wanted == 201 else "x",
                          headers={"X_Forwarded_For": f"198.51.100.{number}"})
            assert got.status_code == wanted

    def test_proxies(self, limited):
        user = make_user(limited.admin(), "u")
        for trusted, wanted in (([], 429), (["192.0.2.0/31"], 201)):
            self.set(limited, trusted_proxies=trusted)
            for number in range(2):
                # What clients say before the proxy does is not believed.
                attempt(limited, user, password="x", headers={
                    "X_Forwarded_For": f"{number}.0.0.1, 198.51.100.7"})
            got = attempt(limited, user, password="u", headers={
                "X_Forwarded_For": "198.51.100.8"})
            assert got.status_code == wanted
        got = attempt(limited, user, password="u", headers={
            "X_Forwarded_For": "9.0.0.1, 198.51.100.7"})
        assert got.status_code == 429

    def test_a_network_of_ipv6_is_one(self, limited):
        user = make_user(limited.admin(), "u")
        for host in ("1", "2"):
            attempt(limited, user, f"2001:db8::{host}", password="x")
        for address, wanted in (("2001:db8::3", 429),
                                ("2001:db8:0:1::3", 201)):
            got = attempt(limited, user, address, password="u")
            assert got.status_code == wanted

    def test_bad_option(self, identity):
        with pytest.raises(ValueError, match="network"):
            identity.conf.set_override(
                "trusted_proxies", ["proxy"], group="identity")
