"""Property protection: which roles may do what to which properties."""

import pytest

from common import policy, wsgi
from imagestore.api.images import Images
from imagestore.protection import Protection
from tests import base
from tests.unit.imagestore.conftest import ADMIN, MEMBER, PATCH, READER

RULES = """
[^owner_.*]
create = member
read = member
update = admin
delete = !

[^secret$]
create = admin
read = admin
update = admin
delete = admin

[.*]
create = @
read = @
update = @
delete = @
"""


@pytest.fixture
def guarded(service, tmp_path):
    """Return a caller of the images resource with rules."""
    path = tmp_path / "protection.conf"
    path.write_text(RULES)
    images = Images(service.db, service.collector, service.env.quotas,
                    protection=Protection.from_file(str(path)))
    api = wsgi.API(name="imagestore", rules=service.api.rules,
                   routes=images.routes())
    router = wsgi.Router(
        api, policy.enforcer(service.conf, api.rules), service.conf)

    def call(method, path, body=None, ctx=MEMBER, status=200, **headers):
        got = base.call(router, method, f"/v2/images{path}", body, ctx=ctx,
                        headers=headers)
        assert got.status_int == status, got.text
        return got.json if got.body else None
    return call


def patch(guarded, image, *operations, ctx=MEMBER, status=200):
    return guarded("PATCH", f"/{image}", list(operations), ctx, status,
                   **{"Content-Type": PATCH})


def test_property_is_read_by_those_who_may(guarded):
    image = guarded("POST", "", {
        "secret": "x", "free": "y", "owner": "p1"}, ADMIN, 201)
    assert image["secret"] == "x"

    shown = guarded("GET", f"/{image['id']}")
    [listed] = guarded("GET", "")["images"]
    for each in (shown, listed):
        assert "secret" not in each and each["free"] == "y"
        assert each["owner"] == "p1"
    guarded("GET", "?secret=x", status=403)
    assert len(guarded("GET", "?secret=x", ctx=ADMIN)["images"]) == 1


def test_property_is_written_by_those_who_may(guarded):
    guarded("POST", "", {"secret": "x"}, status=403)
    image = guarded("POST", "", {"owner_x": "1"}, status=201)["id"]
    assert "owner_x" not in guarded("GET", f"/{image}", ctx=READER)
    change = {"op": "replace", "path": "/owner_x", "value": "2"}
    remove = {"op": "remove", "path": "/owner_x"}

    patch(guarded, image, change, status=403)
    patch(guarded, image, change | {"op": "add"}, status=403)
    patch(guarded, image, remove, status=403)
    patch(guarded, image, {"op": "add", "path": "/owner_y", "value": "1"})
    patch(guarded, image, {"op": "add", "path": "/x", "value": "1"})
    patch(guarded, image, {"op": "remove", "path": "/x"})


def test_hidden_property_is_as_good_as_none(guarded):
    image = guarded("POST", "", {"secret": "x", "owner": "p1"}, ADMIN,
                    201)["id"]

    for name in ("secret", "none"):
        patch(guarded, image, {"op": "remove", "path": f"/{name}"},
              status=409)
    patch(guarded, image, {"op": "replace", "path": "/name", "value": "n"})
    assert guarded("GET", f"/{image}", ctx=ADMIN)["secret"] == "x"


@pytest.mark.parametrize("text", [
    "[(]\ncreate=@\nread=@\nupdate=@\ndelete=@\n", "create=@\n",
    "[a]\ncreate=@\n"])
def test_bad_rules_are_refused_at_the_start(tmp_path, text):
    path = tmp_path / "protection.conf"
    path.write_text(text)

    with pytest.raises(ValueError):
        Protection.from_file(str(path))
