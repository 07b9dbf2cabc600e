"""Images of other regions, fetched with the token of a user."""

import datetime
import gzip
import hashlib
import json
import os

import pytest

from imagestore.db import models
from imagestore.remote import Regions
from tests import base
from tests.unit.imagestore.conftest import Service
from tests.unit.imagestore.test_imports import Web, assert_nothing_left

CONTENT = os.urandom(5 << 20)
REMOTE = "75baf7b6-253a-4ed8-8307-4b1057986a78"
TOKEN = "gAAAA-the-token-of-a-user"
NOW = datetime.datetime.now(datetime.timezone.utc)
METHODS = ["glance-direct", "glance-download"]
SHOWN = {
    "id": REMOTE, "status": "active", "size": len(CONTENT), "name": "there",
    "os_hash_algo": "sha512", "visibility": "public",
    "os_hash_value": hashlib.sha512(CONTENT).hexdigest(),
    "disk_format": "raw", "container_format": "bare", "min_disk": 5,
    "hw_disk_bus": "scsi", "os_type": "linux", "licence": "theirs",
    "owner_specified.x": "y", "os_hidden": True,
    "os_glance_importing_to_stores": ""}


class Near(Regions):
    """The catalog has one region, at a URL."""

    def __init__(self, conf, url):
        super().__init__(conf)
        self._url = url

    def url(self, token, place):
        return f"{self._url}/v2/images/{place.image_id}"


class Region(Web):
    """The image service of another region, with one image."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def show(self, content=CONTENT, **changed):
        self.add(f"/v2/images/{REMOTE}", json.dumps(SHOWN | changed).encode())
        self.add(f"/v2/images/{REMOTE}/file", content)


@pytest.fixture
def region():
    made = Region()
    made.show()
    yield made
    made.close()


@pytest.fixture
def service(tmp_path, region):
    made = make(tmp_path, region.url)
    yield made
    made.db.dispose()


def make(folder, url, *plugins, **options):
    made = Service(folder, import_methods=METHODS, groups={
        "image_import_opts": {"image_import_plugins": list(plugins)}},
        **options)
    made.env.regions = Near(made.conf, url)
    return made


def start(service, image, *, status=202, left=datetime.timedelta(hours=1),
          **changed):
    """Ask for the import with a token that lives for so long."""
    ctx = base.make_ctx()
    ctx.auth_token = TOKEN
    ctx.expires_at = (NOW + left).isoformat()
    method = {"name": "glance-download", "glance_image_id": REMOTE,
              "glance_region": "RegionTwo"} | changed
    return service.call(
        "POST", f"/v2/images/{image}/import", {"method": {
            name: value for name, value in method.items() if value}},
        ctx=ctx, status=status)


def queued(service, **members):
    made = service.call("POST", "/v2/images", {"name": "here"} | members,
                        status=201)
    return made.json["id"]


def kept_tokens(service):
    """Return what there is of tokens in the whole database."""
    path = service.directory.parent / "imagestore.db"
    for each in path.parent.glob(f"{path.name}*"):
        assert TOKEN.encode() not in each.read_bytes()
    with service.db.reader() as session:
        return [row.sealed_token for row in session.query(models.ImageImport)
                if row.sealed_token]


def test_data_and_some_properties_are_taken_over(service, region):
    image = queued(service, os_type="windows", licence="mine")
    start(service, image)
    assert len(kept_tokens(service)) == 1

    service.run()

    shown = service.show(image)
    assert shown["status"] == "active", service.task(image)
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT
    assert {name: shown.get(name) for name in (
        "name", "disk_format", "container_format", "hw_disk_bus", "os_type",
        "licence", "min_disk", "visibility", "os_hidden",
        "owner_specified.x")} == {
            "name": "here", "disk_format": "raw", "container_format": "bare",
            "hw_disk_bus": "scsi", "os_type": "linux", "licence": "mine",
            "min_disk": 0, "visibility": "shared", "os_hidden": False,
            "owner_specified.x": None}
    assert set(region.tokens) == {TOKEN}
    assert kept_tokens(service) == [] and service.staged() == []
    assert TOKEN not in str(service.task(image))


def test_properties_are_as_protected_as_ever(tmp_path, region):
    rules = tmp_path / "rules"
    rules.write_text("[hw_.*]\ncreate = admin\nread = @\nupdate = @\n"
                     "delete = @\n[.*]\ncreate = @\nread = @\n"
                     "update = !\ndelete = @\n")
    service = make(tmp_path, region.url, property_protection_file=str(rules))
    image = queued(service, os_type="windows")
    start(service, image)

    service.run()

    shown = service.show(image)
    assert (shown["status"], shown["os_type"]) == ("active", "windows")
    assert "hw_disk_bus" not in shown
    service.db.dispose()


@pytest.mark.parametrize(("changed", "said"), [
    ({"status": "queued"}, "is queued, not active"),
    ({"os_hash_value": "0" * 128}, "not those that the image was made of"),
    ({"size": len(CONTENT) + 1, "content": CONTENT + b"x"}, "made of"),
    ({"size": None}, "does not answer properly"),
    ({"disk_format": "../x"}, "does not answer properly"),
    ({"hw_disk_bus": 7}, "hw_disk_bus"),
    ({"disk_format": "qcow2"}, "looks like raw")])
def test_what_is_not_taken(service, region, changed, said):
    region.show(**changed)
    image = queued(service, os_type="windows")
    start(service, image)

    service.run()

    assert said in service.task(image)["message"]
    shown = service.show(image)
    assert (shown["disk_format"], shown["os_type"]) == (None, "windows")
    assert "hw_disk_bus" not in shown
    assert_nothing_left(service, image)
    assert kept_tokens(service) == []


@pytest.mark.parametrize(("status", "said"), [
    (401, "The token has ended"), (403, "refuses"), (404, "refuses"),
    (302, "does not answer properly")])
def test_region_that_refuses(service, region, status, said):
    """A redirect is not followed: it would carry the token elsewhere."""
    region.add(f"/v2/images/{REMOTE}", b"", status,
               Location=f"{region.url}/elsewhere")
    image = queued(service)
    start(service, image)

    service.run()

    assert said in service.task(image)["message"]
    assert "/elsewhere" not in region.asked
    assert_nothing_left(service, image)


def test_tokens_are_kept_no_longer_than_they_live(service, region):
    image = queued(service)
    start(service, image, left=datetime.timedelta(seconds=-1))
    other = queued(service)
    start(service, other)
    service.collector.run_once()
    assert len(kept_tokens(service)) == 1

    (service.directory.parent / "imagestore-tokens.key").unlink()
    service.run()

    for each in (image, other):
        assert "The token has ended" in service.task(each)["message"]
        assert_nothing_left(service, each)
    assert region.asked == []


def test_key_is_written_to_no_file_that_is_there(service):
    key = service.directory.parent / "imagestore-tokens.key"
    others = key.with_suffix(f".{os.getpid()}")
    others.write_text("of a host whose process has the same id")

    start(service, queued(service))

    assert others.read_text().startswith("of a host")
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key.parent.glob(".imagestore*")] == []


def test_sealed_token_is_for_one_task(service):
    for image in (queued(service), queued(service)):
        start(service, image)
    with service.db.writer() as session:
        one, other = session.query(models.ImageImport)
        one.sealed_token, other.sealed_token = (
            other.sealed_token, one.sealed_token)
        images = [image.id for image in session.query(models.Image)]

    service.run()

    assert [service.task(image)["status"] for image in images] == [
        "failure", "failure"]


def test_plugins_apply(tmp_path, region):
    packed = gzip.compress(CONTENT)
    region.show(packed, size=len(packed),
                os_hash_value=hashlib.sha512(packed).hexdigest())
    service = make(tmp_path, region.url, "image_decompression")
    image = queued(service)
    start(service, image)

    service.run()

    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT
    service.db.dispose()


@pytest.mark.parametrize("changed", [
    {"glance_image_id": None}, {"glance_region": None},
    {"glance_image_id": "../x"}, {"glance_region": 7}])
def test_body_that_names_no_place(service, changed):
    image = queued(service)
    refused = start(service, image, status=400, **changed)
    assert next(iter(changed)) in refused.text
    assert service.show(image)["status"] == "queued"


def test_imports_of_a_project_are_counted(tmp_path, region):
    service = make(tmp_path, region.url, imports_per_project=2)
    waiting = [queued(service) for _ in range(3)]
    for image in waiting[:2]:
        start(service, image)
    start(service, waiting[2], status=413)
    assert service.show(waiting[2])["status"] == "queued"

    service.run()

    start(service, waiting[2])
    service.db.dispose()
