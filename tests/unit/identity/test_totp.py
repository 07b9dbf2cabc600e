"""One-time passcodes."""

import base64
import time

import pytest
import sqlalchemy as sa

from common import bootstrap as ids
from common import db
from identity.db import authority
from identity.db.delegations import ApplicationCredential, Credential
from identity.methods import totp
from tests.unit.identity.conftest import Caller

# The seed of the test vectors of RFC 6238, for SHA-1.
SEED = base64.b32encode(b"12345678901234567890").decode()
#: Seconds since 1970, and the last six digits of what the RFC says.
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"),
           (20000000000, "353130")]


@pytest.fixture
def clock(monkeypatch):
    """Return what sets the time that passcodes are made of."""
    def set_to(seconds):
        monkeypatch.setattr(totp.time, "time", lambda: seconds)
    return set_to


@pytest.fixture
def user(identity, admin):
    found = admin.ok("POST", "/v3/users", {"user": {
        "name": "device", "password": "p"}})["user"]
    enrol(identity, admin, found["id"], SEED)
    return found["id"]


def enrol(identity, admin, user_id, seed):
    return admin.ok("POST", "/v3/credentials", {"credential": {
        "type": "totp", "user_id": user_id, "blob": seed}})


def login(identity, user_id, passcode, **user):
    named = user or {"id": user_id}
    return Caller(identity.wsgi)("POST", "/v3/auth/tokens", {"auth": {
        "identity": {"methods": ["totp"], "totp": {"user": named | {
            "passcode": passcode}}}}}).status_code


@pytest.mark.parametrize("seconds,passcode", VECTORS)
def test_vectors(identity, user, clock, seconds, passcode):
    clock(seconds)
    assert login(identity, user, passcode) == 201


def test_how_long_it_is_taken(identity, user, clock):
    shown_at, passcode = VECTORS[1]
    for late, wanted in ((60, 401), (-30, 401), (30, 201)):
        clock(shown_at + late)
        assert login(identity, user, passcode) == wanted


def test_taken_once(identity, user, clock):
    clock(59)
    assert login(identity, user, "287082") == 201
    assert login(identity, user, "287082") == 401
    clock(1111111109)
    assert login(identity, user, "081804") == 201
    clock(59)
    assert login(identity, user, "287082") == 401


def test_any_of_several_devices(identity, admin, user, clock):
    # As people copy it: small letters, blanks, no padding.
    enrol(identity, admin, user, "gezd gnbv gy3t qojq gezd gnbv gy3t qoja")
    enrol(identity, admin, user, "not base 32!")
    clock(59)
    assert login(identity, user, "287082") == 201


def test_not_what_a_program_has_stored(identity, user, clock):
    """It may be from before that was refused."""
    with identity.db.writer() as session:
        session.add(ApplicationCredential(
            id="robot", user_id=user, name="robot", secret_hash="x",
            project_id=ids.ADMIN_PROJECT_ID))
        session.flush()
        session.execute(sa.update(Credential).values(
            application_credential_id="robot"))
    clock(59)
    assert login(identity, user, "287082") == 401


def test_guesses_are_few(identity, user, clock):
    clock(59)
    for _ in range(5):
        assert login(identity, user, "000000") == 401
    assert login(identity, user, "287082") == 401
    clock(59 + 30)
    assert login(identity, user, "287082") == 201


def test_guesses_let_nothing_be_forgotten(identity, user, clock):
    clock(59)
    before = authority.revisions(identity.db)
    assert login(identity, user, "000000") == 401
    assert login(identity, "nobody", "000000") == 401
    assert authority.revisions(identity.db) == before


def test_who_may_not(identity, admin, user, clock):
    clock(59)
    assert login(identity, "nobody", "287082") == 401
    assert login(identity, None, "287082", name="device",
                 domain={"id": "nowhere"}) == 401
    admin.ok("PATCH", f"/v3/users/{user}", {"user": {"enabled": False}})
    assert login(identity, user, "287082") == 401


def test_with_a_password(identity, admin, user, clock):
    """The rule that most will have, in one request and in two."""
    admin.ok("PATCH", f"/v3/users/{user}", {"user": {"options": {
        "multi_factor_auth_rules": [["password", "totp"]]}}})
    clock(59)
    assert login(identity, user, "287082") == 401
    clock(1111111109)
    body = {"auth": {"identity": {
        "methods": ["password", "totp"],
        "password": {"user": {"id": user, "password": "p"}},
        "totp": {"user": {"id": user, "passcode": "081804"}}}}}
    got = Caller(identity.wsgi)("POST", "/v3/auth/tokens", body)
    assert got.status_code == 201
    assert got.json["token"]["methods"] == ["password", "totp"]


def test_queries(identity, user, clock):
    clock(time.time())
    login(identity, user, "x")
    with db.count_queries(identity.db) as queries:
        login(identity, user, "x")
    assert queries.count <= 8, queries.statements
