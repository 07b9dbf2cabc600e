"""Each way to import an image, over HTTP."""

import hashlib
import os
import time
import uuid

import pytest

from tests.functional.imagestore.test_client import wait_for
from tests.unit.imagestore import test_signed
from tests.unit.imagestore.test_imports import Web

CONTENT = os.urandom(3 << 20)


@pytest.fixture
def web(cloud):
    made = Web()
    for name, value in (("web_ports", [made.port]),
                        ("web_allowed_networks", ["127.0.0.0/8"])):
        cloud.conf.set_override(name, value, group="imagestore")
    yield made
    for name in ("web_ports", "web_allowed_networks"):
        cloud.conf.clear_override(name, group="imagestore")
    made.close()


@pytest.fixture
def region(cloud, admin):
    """The name of another region, whose image service is the same."""
    cloud.conf.set_override(
        "import_methods", ["glance-direct", "glance-download"],
        group="imagestore")
    name = f"region-{uuid.uuid4().hex[:8]}"
    [service] = admin("identity", "GET", "/v3/services?type=image").json()[
        "services"]
    admin("identity", "POST", "/v3/regions", json={"region": {"id": name}})
    made = admin("identity", "POST", "/v3/endpoints", json={"endpoint": {
        "service_id": service["id"], "region_id": name,
        "interface": "public", "url": cloud.url("imagestore")}})
    assert made.status_code == 201, made.text
    yield name
    endpoint = made.json()["endpoint"]["id"]
    admin("identity", "DELETE", f"/v3/endpoints/{endpoint}")
    admin("identity", "DELETE", f"/v3/regions/{name}")
    cloud.conf.clear_override("import_methods", group="imagestore")


@pytest.fixture
def images(cloud):
    """A project's client, and a maker of images that are deleted again."""
    member = cloud.member(f"importer-{uuid.uuid4().hex[:8]}")
    made = []

    def create(client=member, **members):
        got = client("imagestore", "POST", "/v2/images", json={
            "name": "i"} | members)
        assert got.status_code == 201, got.text
        made.append((client, got.json()["id"]))
        return made[-1][1]
    yield member, create
    for client, image in made:
        client("imagestore", "DELETE", f"/v2/images/{image}")


def start(client, image, *, status=202, stores=None, **method):
    got = client("imagestore", "POST", f"/v2/images/{image}/import", json={
        "method": method} | ({"stores": stores} if stores else {}))
    assert got.status_code == status, got.text


def test_from_the_web_and_to_another_store(images, web):
    member, create = images
    image = create(disk_format="raw", container_format="bare")
    start(member, image, name="web-download", uri=web.add("/x", CONTENT))
    wait_for(member, image, "active")
    assert web.tokens == [None]

    start(member, image, name="copy-image", stores=["objects"])

    until = time.monotonic() + 30
    while True:
        shown = member("imagestore", "GET", f"/v2/images/{image}").json()
        if sorted(shown["stores"].split(",")) == ["file", "objects"]:
            break
        assert time.monotonic() < until, shown
        time.sleep(0.1)
    assert shown["os_hash_value"] == hashlib.sha512(CONTENT).hexdigest()


def test_from_another_region(cloud, images, region, tmp_path):
    member, create = images
    source = create(disk_format="raw", container_format="bare",
                    os_type="linux", licence="x", os_distro="debian")
    put = member("imagestore", "PUT", f"/v2/images/{source}/file",
                 data=CONTENT,
                 headers={"Content-Type": "application/octet-stream"})
    assert put.status_code == 204, put.text
    image = create()
    method = {"name": "glance-download", "glance_image_id": source,
              "glance_region": region}
    start(member, image, **method)

    wait_for(member, image, "active")

    shown = member("imagestore", "GET", f"/v2/images/{image}").json()
    assert (shown["os_type"], shown["os_distro"]) == ("linux", "debian")
    assert "licence" not in shown
    got = member("imagestore", "GET", f"/v2/images/{image}/file")
    assert got.content == CONTENT

    failed(cloud.member(f"other-{uuid.uuid4().hex[:8]}"), create, "refuses",
           **method)
    failed(member, create, "has no public image service",
           **method | {"glance_region": "nowhere"})
    failed(member, create, "has no internal image service",
           glance_service_interface="internal", **method)


def failed(client, create, said, **method):
    """The import ends, and says why; the image waits for another."""
    image = create(client)
    start(client, image, **method)
    until = time.monotonic() + 30
    while True:
        [task] = client("imagestore", "GET", f"/v2/images/{image}/tasks"
                        ).json()["tasks"]
        if task["status"] == "failure":
            break
        assert time.monotonic() < until, task
        time.sleep(0.1)
    assert said in task["message"]
    wait_for(client, image, "queued")


def test_signed_upload(cloud, images):
    """What cannot be right is refused before it is read."""
    member, create = images
    folder = cloud.state / "certificates"
    folder.mkdir(exist_ok=True)
    certificate = test_signed.make_certificate(test_signed.RSA_KEY)
    known = str(uuid.uuid4())
    (folder / f"{known}.pem").write_bytes(certificate)
    large = os.urandom(1 << 20) * 32
    for ident, content, status, said in (
            (str(uuid.uuid4()), large, 400, "trusted here"),
            (known, large + b"!", 400, "not what was signed"),
            (known, large, 204, "")):
        image = create(disk_format="raw", container_format="bare",
                       **test_signed.signed(ident, content=large))
        got = member("imagestore", "PUT", f"/v2/images/{image}/file",
                     data=content,
                     headers={"Content-Type": "application/octet-stream"})
        assert (got.status_code, said in got.text) == (status, True)
        wait_for(member, image, "active" if status == 204 else "queued")
