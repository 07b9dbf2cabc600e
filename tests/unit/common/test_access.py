"""Which requests access rules allow."""

import re
import time

import pytest
import webob
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common import access, auth, conf, middleware
from tests.unit.common.test_auth import Identity, token_of

RULE = {"service": "compute", "method": "GET", "path": "/v2.1/servers"}


@pytest.mark.parametrize("pattern,path,good", [
    ("/v2.1/servers", "/v2.1/servers", True),
    ("/v2.1/servers", "/v2.1/servers/x", False),
    ("/v2.1/servers", "/v2.1/server", False),
    ("/v2.1/servers", "/v2x1/servers", False),
    ("/v2.1/servers/*", "/v2.1/servers/x", True),
    ("/v2.1/servers/*", "/v2.1/servers/", False),
    ("/v2.1/servers/*", "/v2.1/servers/x/y", False),
    ("/v2.1/{kind}/*/ips", "/v2.1/servers/x/ips", True),
    ("/v2.1/{kind}/*/ips", "/v2.1/a/b/c/ips", False),
    ("/v2.1/**", "/v2.1/a/b/c", True),
    ("/v2.1/**", "/v2.1", False),
    ("/v2.1**", "/v2.1", True),
    ("/**/ips", "/a/b/ips", True),
    ("/**/ips", "/a/b/ips/c", False),
    ("/a*c/*", "/abc/ü", True),
    ("/", "/", True),
])
def test_matches(pattern, path, good):
    assert access.matches(pattern, path) is good


def as_expression(pattern):
    parts = re.split(r"(\*{2,}|\*|\{[^{}/]*\})", pattern)
    return "".join(
        ".*" if part.startswith("**") else
        "[^/]+" if part == "*" or part.startswith("{") and len(part) > 1
        else re.escape(part) for part in parts)


@settings(max_examples=300, deadline=None)
@given(st.text("a/*", max_size=8), st.text("ab/", max_size=8))
@example("**", "")
def test_like_a_regular_expression(pattern, path):
    wanted = re.fullmatch(as_expression(pattern), path, re.DOTALL)
    assert access.matches(pattern, path) is bool(wanted)


def test_takes_one_pass():
    began = time.process_time()
    assert not access.matches("/" + "**a" * 40 + "b", "/" + "a" * 8000)
    assert time.process_time() - began < 0.5


def test_service_and_method():
    def allow(api, method, path, *rules):
        return access.allow(rules or [RULE], api, method, path)
    assert allow("compute", "GET", "/v2.1/servers")
    assert allow("compute", "GET", "/v2.1/servers/")
    assert not allow("compute", "POST", "/v2.1/servers")
    assert not allow("placement", "GET", "/v2.1/servers")
    assert not allow("unknown", "GET", "/v2.1/servers")
    volume = RULE | {"service": "volumev3", "path": "/v3/*/volumes"}
    assert allow("blockstore", "GET", "/v3/p/volumes", RULE, volume)
    assert not access.allow([], "compute", "GET", "/v2.1/servers")


@pytest.fixture
def compute(monkeypatch):
    """Return what answers with the status of a request of compute."""
    monkeypatch.setattr(auth, "_CACHES", {})
    limited = token_of(application_credential={
        "id": "c", "name": "c", "restricted": True, "access_rules": [RULE]})
    service = token_of("s", roles=[{"id": "s", "name": "service"}])
    identity = Identity(limited=limited, service=service)

    def app(environ, start_response):
        known = "common.context" in environ
        start_response("200 OK" if known else "401 Unauthorized", [])
        return []
    made = middleware.pipeline(app, conf.load(), "compute", identity)

    def ask(path, **headers):
        req = webob.Request.blank(path, headers={
            "X-Auth-Token": "limited"} | {
                name.replace("_", "-"): value
                for name, value in headers.items()})
        return req.get_response(made).status_code
    return ask


def test_at_the_door(compute):
    assert compute("/v2.1/servers") == 200
    assert compute("/v2.1/servers?all_tenants=1") == 200
    assert compute("/v2.1/flavors") == 401
    assert compute("/v2.1/servers/../flavors") == 401
    # What a service still does for it was allowed where it was asked.
    assert compute("/v2.1/flavors", X_Service_Token="service") == 200
    assert compute("/v2.1/flavors", X_Service_Token="limited") == 401
