"""Every route: without a token, without a role, with a broken body."""

import re

import pytest

from compute.api import native
from compute.api import placement as placement_api
from tests import base
from tests.unit.compute.conftest import ADMIN

ID = "55555555-5555-4555-8555-555555555555"


def every_route(world):
    for router in (world.router, world.placement):
        for method, path, action in router.api.routes:
            yield router, method, re.sub(r"\{[^}]*\}", ID, path), action


def test_without_token(world):
    for router, method, path, action in every_route(world):
        if not action.spec.public:
            import webob
            answer = webob.Request.blank(path, method=method).get_response(
                router)
            assert answer.status_int == 401, (method, path, answer.text)


def test_without_role(world):
    nobody = base.make_ctx(ID, roles=())
    open_to_all = re.compile(
        r"/(flavors|os-keypairs|os-availability-zone|extensions|limits|"
        r"os-quota-sets/[^/]*/defaults)")
    for router, method, path, action in every_route(world):
        if action.spec.public:
            continue
        answer = base.call(router, method, path, ctx=nobody, headers={
            "OpenStack-API-Version": "compute 2.100"}, body={})
        if answer.status_int not in (403, 404):
            assert answer.status_int == 400 or open_to_all.search(path), (
                method, path, answer.text)


def test_with_a_broken_body(world):
    ctx = base.make_ctx(ID, ("admin", "member", "reader", "service"))
    for router, method, path, action in every_route(world):
        if action.spec.body is None:
            continue
        answer = base.call(router, method, path, b'{"x": [', ctx=ctx)
        version = action.spec.versions[0]
        if version in (None, "2.1"):
            assert answer.status_int == 400, (method, path, answer.text)


def test_bodies_are_checked_before_anything_is_done(cloud):
    world = cloud.world
    for path, body in [
            ("/v2.1/servers", {"server": []}),
            ("/v2.1/servers", {"server": {"name": "x"}}),
            ("/v2.1/os-keypairs", {"keypair": {}}),
            ("/v2.1/flavors", {"flavor": {"name": "x"}}),
            ("/v2.1/os-server-external-events", {"events": []}),
            ("/v2.1/os-server-external-events", {"events": [
                {"name": "boom", "server_uuid": ID}]})]:
        answer = world.call("POST", path, body, ctx=ADMIN, status=400)
        assert "body" in answer.json["badRequest"]["message"]


@pytest.mark.parametrize("version", ["2.0", "2.101", "x", "3.1"])
def test_versions_out_of_range(world, version):
    answer = world.call("GET", "/v2.1/flavors", version=version)

    assert answer.status_int in (400, 406)


def test_version_is_echoed(world):
    answer = world.call("GET", "/v2.1/flavors", version="latest")

    assert answer.headers["OpenStack-API-Version"] == "compute 2.100"
    assert answer.headers["X-OpenStack-Nova-API-Version"] == "2.100"


def test_discovery_needs_no_token(world):
    import webob
    answer = webob.Request.blank("/").get_response(world.router)
    version = answer.json["versions"][0]
    assert (version["min_version"], version["version"]) == ("2.1", "2.100")
    shown = webob.Request.blank("/v2.1/").get_response(world.router)
    assert shown.json["version"]["id"] == "v2.1"


def test_each_route_has_its_rule(world):
    """Every rule that a handler names is registered, and used."""
    for api in (native.api(world.conf, world.env, world.tasks),
                placement_api.api(world.api_db)):
        assert len({rule.name for rule in api.rules}) == len(api.rules)
