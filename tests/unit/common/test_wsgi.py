"""The router: what reaches a handler, and what goes back."""

import io
import json

import pytest
import webob

from common import (
    concurrency,
    conf,
    exceptions,
    faults,
    policy,
    schema,
    wsgi,
)
from common.microversions import Microversions
from tests import base

RULES = [policy.rule("thing:get", policy.READER, "Show.",
                     [("GET", "/things/{thing_id}")])]
CREATE = schema.wrapped("thing", schema.closed(
    {"name": schema.NAME, "size": {"type": "integer", "minimum": 1}},
    ("name",)))


class ThingNotFound(exceptions.NotFound):
    message = "Thing {thing_id} could not be found."


class Things:
    """Handlers of /things."""

    def routes(self):
        return [
            ("GET", "/", self.versions),
            ("GET", "/things", self.list),
            ("POST", "/things", self.create),
            ("GET", "/things/{thing_id}", self.show),
            ("GET", "/things/{thing_id}/new", self.new),
            ("GET", "/careless", self.careless),
            ("GET", "/broken", self.broken),
        ]

    @wsgi.handler(public=True)
    def versions(self, req):
        return {"versions": []}

    @wsgi.handler(query=schema.closed({
        "limit": schema.INT_STRING,
        "tag": {"type": "array", "items": schema.TEXT}}))
    def list(self, req):
        req.authorize("thing:get")
        return {"query": req.params_checked}

    @wsgi.handler(body=CREATE, status=202)
    def create(self, req):
        req.authorize("thing:get")
        return req.json

    @wsgi.handler()
    def show(self, req, thing_id):
        req.authorize("thing:get", {"project_id": "p1"},
                      hide=ThingNotFound(thing_id=thing_id))
        return {"id": thing_id, "version": req.api_version}

    @wsgi.handler(versions=("2.5", None))
    def new(self, req, thing_id):
        req.authorize("thing:get")
        return {}

    @wsgi.handler()
    def careless(self, req):
        return {"secret": 1}

    @wsgi.handler()
    def broken(self, req):
        raise RuntimeError("internal detail")


@pytest.fixture
def router():
    return make_router()


def make_router(**values):
    options = conf.load()
    api = wsgi.API("things", Things().routes(), RULES, **values)
    return wsgi.Router(api, policy.enforcer(options, RULES), options)


def test_handler_that_never_authorizes_is_an_error(router):
    got = base.call(router, "GET", "/careless")
    assert got.status_code == 500
    assert b"secret" not in got.body


def test_internal_errors_tell_nothing(router):
    got = base.call(router, "GET", "/broken")
    assert got.status_code == 500
    assert b"internal detail" not in got.body


def test_no_token(router):
    import webob
    got = webob.Request.blank("/things").get_response(router)
    assert got.status_code == 401
    assert got.headers["WWW-Authenticate"].startswith("Keystone uri=")
    got = webob.Request.blank("/nothing").get_response(router)
    assert got.status_code == 401
    got = webob.Request.blank("/").get_response(router)
    assert got.status_code == 200


def test_foreign_things_are_not_found(router):
    ctx = base.make_ctx(project="p2")
    got = base.call(router, "GET", "/things/7", ctx=ctx)
    assert got.status_code == 404
    assert base.load(got)["itemNotFound"]["message"] == (
        "Thing 7 could not be found.")
    assert base.call(router, "GET", "/things/7").status_code == 200


def test_role_less_user_is_refused(router):
    got = base.call(router, "GET", "/things", ctx=base.make_ctx(roles=[]))
    assert got.status_code == 403
    assert "thing:get" in base.load(got)["forbidden"]["message"]


@pytest.mark.parametrize("body, place", [
    (b"{", "not JSON"), (b"", "not JSON"), (b"[]", "body:"),
    (b'{"thing": {}}', "name"), (b'{"thing": {"name": 1}}', "thing.name"),
    (b'{"thing": {"name": "a", "x": 1}}', "x"),
    (b'{"thing": {"name": "a", "size": 0}}', "thing.size"),
    (b'{"thing": {"name": "a"}, "thing": {"name": "b"}}', "twice"),
    (b'{"thing": {"name": NaN}}', "NaN"),
    (b'{"thing": {"name": "\\ud800"}}', "surrogate"),
    (b"[" * 100 + b"]" * 100, "nested"), (b"\xff\xfe", "not JSON"),
])
def test_bad_bodies_name_the_place(router, body, place):
    got = base.call(router, "POST", "/things", body)
    assert got.status_code == 400
    assert place in base.load(got)["badRequest"]["message"]


def test_good_body(router):
    got = base.call(router, "POST", "/things", {"thing": {"name": "a"}})
    assert (got.status_code, base.load(got)) == (
        202, {"thing": {"name": "a"}})


def test_large_body(router):
    got = base.call(router, "POST", "/things", b" " * (2 << 20))
    assert got.status_code == 413


class Drip(io.RawIOBase):
    """A body that comes, though slowly."""

    def readable(self):
        return True

    def readinto(self, buffer):
        concurrency.sleep(0.01)
        buffer[:1] = b" "
        return 1


def test_body_that_drips(router, monkeypatch):
    monkeypatch.setattr(wsgi, "_MAX_SECONDS", 0.1)
    req = webob.Request.blank("/things", method="POST", environ={
        "wsgi.input": io.BufferedReader(Drip()), "CONTENT_LENGTH": "100",
        "common.context": base.make_ctx()})
    assert req.get_response(router).status_code == 408


def test_query(router):
    got = base.call(router, "GET", "/things?limit=3&tag=a&tag=b")
    assert base.load(got)["query"] == {"limit": "3", "tag": ["a", "b"]}
    got = base.call(router, "GET", "/things?limit=x")
    assert got.status_code == 400
    assert "query.limit" in got.text
    got = base.call(router, "GET", "/things?nope=x")
    assert got.status_code == 400
    assert "nope" in got.text


@pytest.mark.parametrize("path", [
    "/things/%00", "/things/../x", "/things/a%5Cb", "/things/%ff"])
def test_ambiguous_paths(router, path):
    assert base.call(router, "GET", path).status_code == 400


def test_wrong_method_says_which_are_allowed(router):
    got = base.call(router, "DELETE", "/things")
    assert got.status_code == 405
    assert got.headers["Allow"] == "GET, POST"


def test_head_is_get_without_body(router):
    got = base.call(router, "HEAD", "/things/7")
    assert (got.status_code, got.body) == (200, b"")


def test_microversions():
    router = make_router(microversions=Microversions(
        "thing", "2.1", "2.10", legacy_header="X-Thing-Version"))

    def ask(path, **headers):
        return base.call(router, "GET", path, headers={
            name.replace("_", "-"): value
            for name, value in headers.items()})

    assert base.load(ask("/things/1"))["version"] == [2, 1]
    got = ask("/things/1", OpenStack_API_Version="thing 2.7")
    assert base.load(got)["version"] == [2, 7]
    assert got.headers["OpenStack-API-Version"] == "thing 2.7"
    assert got.headers["Vary"] == "OpenStack-API-Version, X-Thing-Version"
    got = ask("/things/1", OpenStack_API_Version="other 9.9, thing latest")
    assert base.load(got)["version"] == [2, 10]
    got = ask("/things/1", X_Thing_Version="2.3")
    assert base.load(got)["version"] == [2, 3]
    assert ask("/things/1", X_Thing_Version="2.11").status_code == 406
    assert ask("/things/1", X_Thing_Version="two").status_code == 400
    assert ask("/things/1/new").status_code == 404
    assert ask("/things/1/new", X_Thing_Version="2.5").status_code == 200


@pytest.mark.parametrize("style, check", [
    (faults.COMPUTE, lambda b: json.loads(b)["itemNotFound"]["code"] == 404),
    (faults.IDENTITY, lambda b: json.loads(b)["error"]["title"]
        == "Not Found"),
    (faults.NETWORK, lambda b: json.loads(b)["NeutronError"]["type"]
        == "ThingNotFound"),
    (faults.PLACEMENT, lambda b: json.loads(b)["errors"][0]["status"]
        == 404),
    (faults.IMAGE, lambda b: b"404 Not Found" in b and b"&lt;b&gt;" in b),
    (faults.OBJECTS, lambda b: b == (
        b'{"error":{"message":"Thing <b> could not be found.","code":404,'
        b'"title":"Not Found"}}')),
    (faults.PLAIN, lambda b: b == b"Thing <b> could not be found."),
])
def test_fault_styles(style, check):
    body, _ = style(ThingNotFound(thing_id="<b>"), "req-1")
    assert check(body)
