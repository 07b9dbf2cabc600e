"""Container ACLs: who gets in whom no role lets in."""

import pytest
import webob

from common import db, exceptions
from tests import base
from tests.unit.objectstore.conftest import MEMBER, OTHER, ROOT

#: A role that no rule knows, in the container's project.
AUDITOR = base.make_ctx(user="u3", roles=["Auditor"])
FOREIGN_AUDITOR = base.make_ctx(project="p2", user="u3", roles=["auditor"])


def ask(service, method, path, ctx=None, body=None, error=None, **headers):
    """Send a request; without ``ctx`` by somebody who has no token."""
    req = webob.Request.blank(ROOT + path, method=method, headers={
        name.replace("_", "-"): value for name, value in headers.items()})
    if body is not None:
        req.body = body
    if ctx is not None:
        req.environ["common.context"] = ctx
    if error is not None:
        req.environ["common.auth_error"] = error
    return req.get_response(service.router)


def allow(service, path="/c", **headers):
    service.call("POST", path, status=204, **headers)


@pytest.fixture
def stored(service):
    service.call("PUT", "/c/x", b"content", status=201)
    return service


@pytest.mark.parametrize("acl, ctx, of_object, of_list", [
    ("", OTHER, 403, 403),
    ("p2:u2", OTHER, 200, 200),
    ("p2:u9, *:u2", OTHER, 200, 200),
    ("p2:*", OTHER, 200, 200),
    ("*:*", OTHER, 200, 200),
    ("p2:u9,p9:u2,p2,u2", OTHER, 403, 403),
    ("P2:u2", OTHER, 403, 403),
    ("auditor", AUDITOR, 200, 200),
    ("auditor", FOREIGN_AUDITOR, 403, 403),
    ("member", OTHER, 403, 403),
    (".r:*", OTHER, 200, 403),
    (".r:*,.rlistings", OTHER, 200, 200),
    (".r:*", None, 200, 401),
    (".r:*,.rlistings", None, 200, 200),
    (".rlistings", None, 401, 401),
    ("*:*", None, 401, 401),
    ("None:None", None, 401, 401),
])
def test_read(stored, acl, ctx, of_object, of_list):
    allow(stored, X_Container_Read=acl)

    for method in ("GET", "HEAD"):
        assert ask(stored, method, "/c/x", ctx).status_int == of_object
        got = ask(stored, method, "/c", ctx).status_int
        assert (200 if got == 204 else got) == of_list
    for method, path in (("PUT", "/c/y"), ("POST", "/c/x"), ("POST", "/c"),
                         ("DELETE", "/c/x"), ("GET", ""), ("DELETE", "/c")):
        got = ask(stored, method, path, ctx, body=b"")
        assert got.status_int == (403 if ctx else 401), (method, path)


@pytest.mark.parametrize("acl, referrer, status", [
    (".r:example.com", "http://example.com/page", 200),
    (".r:example.com", "http://www.example.com/", 401),
    (".r:.example.com", "http://www.example.com:81/", 200),
    (".r:*.example.com", "http://WWW.example.com/", 200),
    (".r:.example.com", "http://example.com.evil.org/", 401),
    (".r:*,.r:-evil.org", "http://evil.org/", 401),
    (".r:*,.r:-.evil.org", "http://a.evil.org/", 401),
    (".r:-evil.org,.r:*", "http://evil.org/", 200),
    (".r:*,.r:-evil.org", "http://[", 200),
    (".referrer:example.com", None, 401),
])
def test_referrer(stored, acl, referrer, status):
    allow(stored, X_Container_Read=acl)
    headers = {"Referer": referrer} if referrer else {}

    assert ask(stored, "GET", "/c/x", **headers).status_int == status


def test_write(stored):
    allow(stored, X_Container_Write="p2:u2")

    assert ask(stored, "PUT", "/c/y", OTHER, b"new").status_int == 201
    assert ask(stored, "POST", "/c/y", OTHER).status_int == 202
    assert stored.call("GET", "/c/y").body == b"new"
    assert ask(stored, "DELETE", "/c/y", OTHER).status_int == 204
    for method, path in (("GET", "/c/x"), ("GET", "/c"), ("POST", "/c"),
                         ("PUT", "/c"), ("DELETE", "/c"), ("PUT", "/d/x"),
                         ("PUT", "/none/x")):
        assert ask(stored, method, path, OTHER, b"").status_int == 403


def test_copy_takes_read_of_the_one_and_write_of_the_other(stored):
    stored.call("PUT", "/d", status=201)

    def copies():
        pull = ask(stored, "PUT", "/d/y", OTHER, b"", X_Copy_From="c/x")
        push = ask(stored, "COPY", "/c/x", OTHER, Destination="d/z")
        assert pull.status_int == push.status_int
        return pull.status_int
    assert copies() == 403
    allow(stored, "/c", X_Container_Read="p2:u2")
    assert copies() == 403
    allow(stored, "/d", X_Container_Write="p2:u2")
    assert copies() == 201
    allow(stored, "/c", X_Container_Read="")
    assert copies() == 403


def test_acl_lets_into_its_own_container_only(stored):
    stored.call("PUT", "/d", status=201)
    stored.call("PUT", "/d/x", b"", status=201)
    allow(stored, X_Container_Read=".r:*", X_Container_Write="*:*")

    assert ask(stored, "GET", "/d/x").status_int == 401
    assert ask(stored, "PUT", "/d/x", OTHER, b"").status_int == 403


def test_what_is_missing_is_told_to_those_let_in_only(stored):
    allow(stored, X_Container_Read=".r:*")

    assert ask(stored, "GET", "/c/none").status_int == 404
    assert ask(stored, "GET", "/none/x").status_int == 401
    assert ask(stored, "GET", "/none/x", OTHER).status_int == 403


def test_bad_token_is_as_good_as_none(stored):
    bad = exceptions.Unauthorized()
    away = exceptions.ServiceUnavailable()
    assert ask(stored, "GET", "/c/x", error=bad).status_int == 401
    assert ask(stored, "GET", "/c/x", error=away).status_int == 503
    allow(stored, X_Container_Read=".r:*")
    assert ask(stored, "GET", "/c/x", error=bad).status_int == 200


def test_only_who_may_change_an_acl_sees_it(stored):
    stored.call("PUT", "/c", status=202, X_Container_Read=" .ref : * , p2:u2 ",
                X_Container_Write="p2:u2,")

    head = ask(stored, "HEAD", "/c", MEMBER)
    assert head.headers["X-Container-Read"] == ".r:*,p2:u2"
    assert head.headers["X-Container-Write"] == "p2:u2"
    for headers in (ask(stored, "HEAD", "/c", OTHER).headers,
                    ask(stored, "GET", "/c", OTHER).headers):
        assert "X-Container-Object-Count" in headers
        assert "X-Container-Read" not in headers
    stored.call("POST", "/c", status=204, X_Remove_Container_Read="x")
    assert ask(stored, "GET", "/c/x", OTHER).status_int == 403


@pytest.mark.parametrize("header, acl", [
    ("X-Container-Read", acl) for acl in (
        ".r:", ".r:-", ".r:.", ".x:host", ".unknown", ":u2", "p2:", "*",
        "a" * 8193, ".r:*,\0")] + [
    ("X-Container-Write", ".r:*"), ("X-Container-Write", ".rlistings")])
def test_malformed(service, header, acl):
    for method, path in (("POST", "/c"), ("PUT", "/c"), ("PUT", "/new")):
        got = service.call(method, path, status=400, **{header: acl})
        assert header.lower() in got.text.lower()
    service.call("HEAD", "/new", status=404)


def test_an_acl_takes_one_query_more(stored):
    allow(stored, X_Container_Read="p2:u2," + ",".join(
        f"p{number}:*" for number in range(10, 200)))
    with db.count_queries(stored.db) as own:
        ask(stored, "GET", "/c/x", MEMBER)
    with db.count_queries(stored.db) as foreign:
        ask(stored, "GET", "/c/x", OTHER)

    assert foreign.count == own.count + 1
