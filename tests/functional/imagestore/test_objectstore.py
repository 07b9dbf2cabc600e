"""Images in the object store of the same cloud, over HTTP."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading
import time
import uuid

import keystoneauth1.session
import pytest
from keystoneauth1 import adapter, token_endpoint

from imagestore import exceptions
from imagestore.stores.objectstore import ObjectStore
from tests.functional.imagestore.test_client import wait_for
from tests.unit.imagestore.conftest import Service

MIB = 1 << 20
CONTENT = os.urandom(3 * MIB + 12345)
TYPE = {"Content-Type": "application/octet-stream"}


def address(admin):
    """Return that of the container that images go to."""
    [project] = admin("identity", "GET", "/v3/projects?name=service").json()[
        "projects"]
    return f"/v1/AUTH_{project['id']}/images"


@pytest.fixture(scope="module")
def container(admin):
    return address(admin)


@pytest.fixture
def image(admin):
    made = admin("imagestore", "POST", "/v2/images", json={
        "name": "q", "disk_format": "raw", "container_format": "bare"})
    image_id = made.json()["id"]
    yield image_id
    admin("imagestore", "DELETE", f"/v2/images/{image_id}")


def collector(cloud):
    (found,) = (loop for daemon in cloud.daemons for loop in daemon.loops
                if daemon.name == "image-api"
                and type(loop).__name__ == "Collector")
    return found


def upload(admin, image, data, store="objects"):
    return admin("imagestore", "PUT", f"/v2/images/{image}/file", data=data,
                 headers=TYPE | {"X-Image-Meta-Store": store})


def names(cloud, admin, container):
    """Return what is there, when all is gone that can go."""
    collector(cloud).run_once()
    got = admin("objectstore", "GET", container)
    return sorted(got.text.split()) if got.status_code == 200 else []


def test_life_in_segments(cloud, admin, image, container):
    before = names(cloud, admin, container)
    pieces = (CONTENT[at:at + 70000] for at in range(0, len(CONTENT), 70000))
    got = upload(admin, image, pieces)
    assert got.status_code == 204, got.text

    shown = admin("imagestore", "GET", f"/v2/images/{image}").json()
    assert (shown["status"], shown["stores"]) == ("active", "objects")
    assert shown["os_hash_value"] == hashlib.sha512(CONTENT).hexdigest()
    made = sorted(set(names(cloud, admin, container)) - set(before))
    key = made[0]
    assert made == [key, *(f"{key}/{n:05d}" for n in range(1, 5))]
    path = f"/v2/images/{image}/file"
    got = admin("imagestore", "GET", path)
    assert got.content == CONTENT
    assert got.headers["Content-MD5"] == hashlib.md5(CONTENT).hexdigest()
    got = admin("imagestore", "GET", path,
                headers={"Range": f"bytes={MIB - 5}-{2 * MIB + 5}"})
    assert got.content == CONTENT[MIB - 5:2 * MIB + 6]
    # To the other store and back.
    for source, target in (("objects", "file"), ("file", "objects")):
        copy(admin, image, target)
        gone = admin("imagestore", "DELETE", f"/v2/stores/{source}/{image}")
        assert gone.status_code == 204, gone.text
        assert admin("imagestore", "GET", path).content == CONTENT
    admin("imagestore", "DELETE", f"/v2/images/{image}")
    assert names(cloud, admin, container) == before


def copy(admin, image, store):
    got = admin("imagestore", "POST", f"/v2/images/{image}/import", json={
        "method": {"name": "copy-image"}, "stores": [store]})
    assert got.status_code == 202, got.text
    tasks = f"/v2/images/{image}/tasks"
    while any(each["status"] in ("pending", "processing") for each in admin(
            "imagestore", "GET", tasks).json()["tasks"]):
        time.sleep(0.02)
    shown = admin("imagestore", "GET", f"/v2/images/{image}").json()
    assert sorted(shown["stores"].split(",")) == ["file", "objects"], shown


@pytest.mark.parametrize("data", [b"", b"x", CONTENT[:2 * MIB]],
                         ids=["empty", "byte", "two whole segments"])
def test_sizes_at_the_border(admin, image, data):
    got = upload(admin, image, data)
    assert got.status_code == 204, got.text
    got = admin("imagestore", "GET", f"/v2/images/{image}/file")
    assert got.content == data


def test_refused_content_leaves_nothing(cloud, admin, container):
    before = names(cloud, admin, container)
    made = admin("imagestore", "POST", "/v2/images", json={
        "name": "q", "disk_format": "qcow2", "container_format": "bare"})
    image = made.json()["id"]
    got = upload(admin, image, CONTENT)
    assert got.status_code == 400 and "looks like raw" in got.text
    assert names(cloud, admin, container) == before
    wait_for(admin, image, "queued")
    admin("imagestore", "DELETE", f"/v2/images/{image}")


WORKER = """
from common import concurrency; concurrency.patch()
import pathlib, sys
from tests.functional.imagestore import test_objectstore
test_objectstore.work(pathlib.Path(sys.argv[1]), *sys.argv[2:])
"""


def service_at(folder, auth_url):
    return Service(
        folder, stores=["objects:objectstore"], weights={"objects": 1},
        password="functional-imagestore", groups={
            "auth": {"url": auth_url}, "image_store_objects": {
                "container": folder.name, "segment_mib": 1}})


def work(folder, auth_url, image):
    """What the process does that is killed."""
    service_at(folder, auth_url).upload(image, CONTENT * 3)


@pytest.mark.parametrize("point", ["half", "written"])
def test_killed_upload_leaves_nothing(cloud, admin, container, tmp_path,
                                      point):
    folder = tmp_path / f"killed-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    service = service_at(folder, cloud.conf.auth.url)
    image = service.create()["id"]
    where = container.replace("/images", f"/{folder.name}")

    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORKER, str(folder),
         cloud.conf.auth.url, image], check=False, timeout=60,
        stderr=subprocess.PIPE, env=os.environ | {
            "PILEUS_FAILPOINTS": f"upload.{point}=kill"})
    assert ended.returncode == -9, ended.stderr[-2000:]
    if point == "written":
        assert len(names(cloud, admin, where)) == 11

    service.collector.run_once()
    assert names(cloud, admin, where) == []
    assert service.show(image)["status"] == "queued"
    service.upload(image, CONTENT)
    service.db.dispose()


class Swift:
    """An object store that answers as a script says.

    :param script: for each request of a method, in their order, a status,
        or a function that answers
    """

    def __init__(self, **script):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                outer.asked.append((self.command, self.path))
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    while size := int(self.rfile.readline(), 16):
                        self.rfile.read(size + 2)
                    self.rfile.readline()
                else:
                    self.rfile.read(int(self.headers.get(
                        "Content-Length", 0)))
                act = script.get(self.command, [201]).pop(0) if script.get(
                    self.command) else 201
                if callable(act):
                    return act(self)
                self.send_response(act)
                self.send_header("Content-Length", "0")
                self.end_headers()
            do_PUT = do_GET = do_HEAD = do_DELETE = answer

            def log_message(self, *args):
                pass
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()
        self.port = self._server.server_port

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Catalog:
    """Stands for the clients of a service; it finds one object store."""

    def __init__(self, port):
        self.object = adapter.Adapter(
            keystoneauth1.session.Session(token_endpoint.Token(
                f"http://127.0.0.1:{port}", "t")),
            service_type="object-store", status_code_retry_delay=0.01,
            connect_retry_delay=0.01)


@pytest.fixture
def swift():
    made = []

    def make(**script):
        made.append(Swift(**script))
        return made[-1], ObjectStore(Catalog(made[-1].port), "images", 1)
    yield make
    for each in made:
        each.close()


KEY = str(uuid.uuid4())


def part(start, end, size=10):
    """Return what sends these bytes of ten, promising all the rest."""
    def act(handler):
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(size - start))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(b"0123456789"[start:end])
        handler.close_connection = True
    return act


def test_what_may_be_repeated_is(swift):
    server, store = swift(
        PUT=[503, 502, 201], HEAD=[503, part(0, 0)],
        GET=[part(0, 4), 503, part(4, 10)])
    store.stage(KEY).close()
    assert [method for method, _ in server.asked] == ["PUT"] * 3
    opened = store.open(KEY)
    got = b""
    while piece := opened.read(len(got), 3):
        got += piece
    assert (got, opened.size) == (b"0123456789", 10)
    opened.close()


@pytest.mark.parametrize("status, error", [
    (413, exceptions.StoreFull), (507, exceptions.StoreFull),
    (500, exceptions.StoreAway), (403, exceptions.StoreAway)])
def test_store_that_takes_no_more(swift, status, error):
    server, store = swift(PUT=[201, status], DELETE=[200], GET=[404])
    staged = store.stage(KEY)
    with pytest.raises(error):
        staged.write(b"x" * 100)
        staged.finish()
    staged.close()
    # It cleans up by itself, and sends a segment once only.
    assert server.asked[2:] == [
        ("DELETE", f"/images/{KEY}?multipart-manifest=delete"),
        ("GET", f"/images?prefix={KEY}&format=json&limit=1000")]


def test_store_that_keeps_other_bytes(swift):
    def other(handler):
        handler.send_response(201)
        handler.send_header("ETag", "0" * 32)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    _, store = swift(PUT=[201, other], GET=[404])
    staged = store.stage(KEY)
    staged.write(b"x")
    with pytest.raises(exceptions.StoreAway):
        staged.finish()


def test_store_that_knows_no_ranges(swift):
    _, store = swift(HEAD=[part(0, 0)], GET=[part(0, 4), part(0, 10)])
    opened = store.open(KEY)
    assert opened.read(0, 4) == b"0123"
    with pytest.raises(exceptions.StoreAway):
        opened.read(4, 6)


def test_store_that_lists_what_is_gone(swift):
    def listing(handler):
        text = b'[{"name": "%s/00001"}]' % KEY.encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
    server, store = swift(DELETE=[404, 404, 404],
                          GET=[listing, 404])
    with pytest.raises(exceptions.StoreAway):
        store.delete(KEY)
    store.delete(KEY)
    assert len(server.asked) == 5


def test_store_that_is_away(tmp_path):
    store = ObjectStore(Catalog(1), "images", 1)
    for act in (store.stage, store.open, store.delete):
        with pytest.raises(exceptions.StoreAway):
            act(KEY)
    service = service_at(tmp_path, "http://127.0.0.1:1")
    image = service.create()["id"]
    got = service.upload(image, status=503)
    assert "does not answer" in got.text and got.headers["Retry-After"]
    assert service.show(image)["status"] == "queued"
    service.collector.run_once()  # it cannot yet, and says so
    service.db.dispose()
