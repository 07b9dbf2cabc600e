"""Limits of projects, as identity keeps them."""

import pytest

from common import policy, wsgi
from imagestore import api as rest
from imagestore.quotas import Quotas
from tests.unit.imagestore.conftest import ADMIN, OTHER

MIB = 1 << 20


class Identity:
    """Answers as the identity API does; counts what is asked."""

    def __init__(self, **limits):
        self.asked = 0
        self.limits = limits

    def get(self, path, params):
        self.asked += 1
        self._listed = [
            {"resource_name": name, "default_limit": limit}
            for name, limit in self.limits.items()]
        if path.endswith("/limits"):
            self._listed = [
                {"resource_name": "image_count_total",
                 "resource_limit": 9}] if params == {
                     "project_id": "p2"} else []
        self._name = path.rpartition("/")[2]
        return self

    def json(self):
        return {self._name: self._listed}


@pytest.fixture
def limited(service):
    """Return what makes the service obey limits."""
    def limit(**limits):
        identity = Identity(**limits)
        service.env.quotas = Quotas(identity)
        api = rest.make(service.env)
        service.router = wsgi.Router(
            api, policy.enforcer(service.conf, api.rules), service.conf)
        return identity
    return limit


def test_images_are_counted(service, limited):
    identity = limited(image_count_total=1, servers=0)
    image = service.create()["id"]

    got = service.call("POST", "/v2/images", {}, status=413)
    assert "image_count_total" in got.text
    for _ in range(2):
        service.create(ctx=OTHER)
    service.call("DELETE", f"/v2/images/{image}", status=204)
    service.create()
    assert identity.asked == 4


def test_size_and_uploads_are_limited(service, limited):
    limited(image_size_total=2, image_stage_total=0)
    service.upload(service.create()["id"], b"x" * MIB)
    service.upload(service.create()["id"], b"x" * MIB)
    image = service.create()["id"]
    service.upload(image, status=413)
    service.stage(image, status=413)

    limited(image_count_uploading=0)
    service.upload(image, status=413)
    limited(image_count_uploading=1)
    service.upload(image)


def test_import_is_limited(service, limited):
    image = service.create()["id"]
    service.stage(image)
    limited(image_size_total=0)

    service.call("POST", f"/v2/images/{image}/import", {
        "method": {"name": "glance-direct"}}, status=413)


def test_what_comes_from_the_web_is_under_way_too(service, limited):
    image = service.create()["id"]
    limited(image_count_uploading=0)
    service.start_import(
        image, "web-download", uri="http://9.9.9.9/", status=413)
    limited(image_count_uploading=1)
    service.start_import(image, "web-download", uri="http://9.9.9.9/")


def test_formats_stay_while_limits_are_asked(service, limited):
    """What the data have to be must not change behind the inspection."""
    image = service.create(container_format="ova")["id"]
    identity = limited(image_count_total=9)
    get = identity.get

    def racing(*args, **kwargs):
        identity.get = get
        service.patch(image, {"op": "replace", "path": "/container_format",
                              "value": "bare"})
        return get(*args, **kwargs)
    identity.get = racing
    service.upload(image, status=409)
    assert service.show(image)["status"] == "queued"
    service.upload(image)


def test_tasks_are_no_second_door(service, limited):
    def create(status, **members):
        body = {"type": "import", "input": {
            "import_from": "http://9.9.9.9/", "import_from_format": "raw",
            "image_properties": members}}
        return service.call(
            "POST", "/v2/tasks", body, ctx=ADMIN, status=status)
    create(400, disk_format=None)
    for name in ("image_count_total", "image_count_uploading",
                 "image_size_total"):
        limited(**{name: 0})
        assert name in create(413).text
    limited(image_count_total=1)
    create(201)
    create(413)


def test_usage_tells_the_limits(service, limited):
    limited(image_count_total=5)
    service.create()

    got = service.call("GET", "/v2/info/usage", status=200).json["usage"]
    assert got["image_count_total"] == {"limit": 5, "usage": 1}
    assert got["image_size_total"]["limit"] == -1
