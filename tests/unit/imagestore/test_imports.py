"""Imports: from what was staged, from the web, from store to store."""

import hashlib
import http.server
import os

import pytest

from common import concurrency, db, failpoint, fetch
from imagestore.db import models, tasks
from imagestore.quotas import Quotas
from imagestore.tasks import progress
from tests.unit.imagestore.conftest import ADMIN, OTHER, READER, Service
from tests.unit.imagestore.test_quotas import Identity

WEIGHTS = {"a": 1, "b": 9, "c": 5}
CONTENT = os.urandom(5 << 20)


class Web:
    """A web server on the loopback address; ``pages`` by path.

    ``asked`` are the paths that were read, ``tokens`` what was sent along.
    """

    def __init__(self):
        pages = self.pages = {}
        asked = self.asked = []
        tokens = self.tokens = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                tokens.append(self.headers["X-Auth-Token"])
                status, headers, body = pages.get(
                    self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        concurrency.spawn(self._server.serve_forever, 0.05)

    def add(self, path, body, status=200, **headers):
        """Serve the body; return its URL."""
        named = {"Content-Length": str(len(body))} | {
            name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, named, body)
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def web():
    made = Web()
    yield made
    made.close()


@pytest.fixture
def service(tmp_path, web):
    made = Service(
        tmp_path, weights=WEIGHTS, web_ports=[web.port],
        stores=["a:file", "b:file", "c:file", "web:http"],
        web_allowed_networks=["127.0.0.0/8"])
    yield made
    made.db.dispose()


def rows(service):
    """Return store and state of all data."""
    with service.db.reader() as session:
        return sorted((row.store, row.state)
                      for row in session.query(models.Data))


def assert_nothing_left(service, image):
    assert service.show(image)["status"] == "queued"
    assert service.files() == service.staged() == []
    assert rows(service) == []


def break_store(service, monkeypatch, name):
    def broken(key):
        raise OSError(5, "broken")
    driver = service.stores.get(name).driver
    monkeypatch.setattr(driver, "stage", broken)


def test_stores_are_listed_and_an_upload_chooses(service):
    found = service.call("GET", "/v2/info/stores", ctx=READER).json["stores"]
    assert [(each["id"], each["weight"]) for each in found] == [
        ("a", 1), ("b", 9), ("c", 5), ("web", 0)]
    assert [each.get("default") for each in found][:2] == ["true", None]
    assert found[3]["read-only"] == "true"
    service.call("GET", "/v2/info/stores/detail", status=403)
    detail = service.call("GET", "/v2/info/stores/detail", ctx=ADMIN).json
    assert [each["type"] for each in detail["stores"]] == [
        "file", "file", "file", "http"]

    image = service.create()["id"]
    for name in ("nowhere", "web"):
        service.call(
            "PUT", f"/v2/images/{image}/file", b"x", status=400, headers={
                "Content-Type": "application/octet-stream",
                "X-Image-Meta-Store": name})
    service.call("PUT", f"/v2/images/{image}/file", b"x", status=204,
                 headers={"Content-Type": "application/octet-stream",
                          "X-Image-Meta-Store": "b"})
    assert service.show(image)["stores"] == "b"
    listed = service.call("GET", "/v2/images").json["images"]
    assert listed[0]["stores"] == "b"


def test_staged_data_go_to_all_stores_by_weight(service):
    image = service.create()["id"]
    service.stage(image, CONTENT)
    assert service.show(image)["status"] == "uploading"
    assert len(service.staged()) == 1
    answer = service.start_import(image, all_stores=True)
    shown = service.show(image)
    assert shown["status"] == "importing"
    assert shown["os_glance_importing_to_stores"] == "a,b,c"
    assert answer.body == b""
    service.start_import(image, all_stores=True, status=409)
    assert service.task(image)["status"] == "pending"

    service.run()

    shown = service.show(image)
    assert shown["status"] == "active"
    assert shown["stores"] == "b,c,a"
    assert shown["os_glance_importing_to_stores"] == ""
    assert shown["os_glance_failed_import"] == ""
    assert shown["os_hash_value"] == hashlib.sha512(CONTENT).hexdigest()
    assert len(service.files()) == 3 and service.staged() == []
    got = service.call("GET", f"/v2/images/{image}/file")
    assert got.body == CONTENT
    task = service.task(image)
    assert task["status"] == "success"
    assert task["input"]["import_req"]["method"]["name"] == "glance-direct"


def test_data_leave_one_store_but_never_the_last(service):
    image = service.create()["id"]
    service.upload(image, CONTENT)
    service.start_import(image, "copy-image", stores=["b"])
    service.run()
    assert service.show(image)["stores"] == "b,a"
    service.call("DELETE", f"/v2/stores/b/{image}", status=403)
    service.call("DELETE", f"/v2/stores/c/{image}", ctx=ADMIN, status=404)
    service.call("DELETE", f"/v2/stores/x/{image}", ctx=ADMIN, status=404)

    service.call("DELETE", f"/v2/stores/b/{image}", ctx=ADMIN, status=204)

    service.collector.run_once()
    assert service.show(image)["stores"] == "a"
    assert len(service.files()) == 1
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT
    service.call("DELETE", f"/v2/stores/a/{image}", ctx=ADMIN, status=403)


def test_what_is_away_is_read_elsewhere(service):
    image = service.create()["id"]
    service.stage(image, CONTENT)
    service.start_import(image, stores=["a", "b"])
    service.run()
    for path in (service.directory / "b").iterdir():
        if path.is_file():
            path.unlink()

    got = service.call("GET", f"/v2/images/{image}/file")
    assert got.body == CONTENT


def test_one_store_that_fails_undoes_all(service, monkeypatch):
    image = service.create()["id"]
    service.stage(image, CONTENT)
    break_store(service, monkeypatch, "c")
    service.start_import(image, all_stores=True)

    service.run()

    shown = service.show(image)
    assert "stores" not in shown
    assert shown["os_glance_failed_import"] == "c"
    assert service.task(image)["status"] == "failure"
    assert_nothing_left(service, image)


def test_one_store_may_fail(service, monkeypatch):
    image = service.create()["id"]
    service.stage(image, CONTENT)
    break_store(service, monkeypatch, "a")
    service.start_import(
        image, all_stores=True, all_stores_must_succeed=False)

    service.run()

    shown = service.show(image)
    assert (shown["status"], shown["stores"]) == ("active", "b,c")
    assert shown["os_glance_failed_import"] == "a"
    assert service.task(image)["status"] == "success"
    assert service.staged() == []


def test_copy_that_fails_leaves_what_there_was(service, monkeypatch):
    image = service.create()["id"]
    service.upload(image, CONTENT)
    break_store(service, monkeypatch, "c")
    service.start_import(image, "copy-image", ctx=OTHER, status=404)

    service.start_import(image, "copy-image", stores=["b", "c"])
    service.run()

    shown = service.show(image)
    assert (shown["status"], shown["stores"]) == ("active", "a")
    assert rows(service) == [("a", "live")]
    assert len(service.files()) == 1


def test_no_store_is_left_while_another_gets_data(service, monkeypatch):
    image = service.create()["id"]
    service.upload(image, CONTENT)
    service.start_import(image, "copy-image", stores=["b", "c"])
    told = []

    def hit(name):
        if name == "import.stored" and not told:
            told.append(service.call(
                "DELETE", f"/v2/stores/a/{image}", ctx=ADMIN).status_int)
            break_store(service, monkeypatch, "c")
    monkeypatch.setattr(failpoint, "hit", hit)
    service.run()

    assert told == [409]
    assert service.task(image)["status"] == "failure"
    assert service.show(image)["stores"] == "a"
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT


def test_copies_stay_once_they_are_all_there_is(service, monkeypatch):
    image = service.create()["id"]
    service.upload(image, CONTENT)
    service.start_import(image, "copy-image", stores=["b"])

    def hit(name):
        if name == "ImportImage.settle.before":
            service.call("DELETE", f"/v2/stores/a/{image}", ctx=ADMIN,
                         status=204)
            raise RuntimeError
    monkeypatch.setattr(failpoint, "hit", hit)
    service.run()

    assert service.task(image)["status"] == "failure"
    assert rows(service) == [("b", "live")]
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT


def test_staged_data_are_inspected(service, qcow2):
    image = service.create(disk_format="qcow2")["id"]
    service.stage(image, qcow2("-u", "-b", "/etc/passwd", "-F", "raw"))
    service.start_import(image)

    service.run()

    assert "unsafe qcow2" in service.task(image)["message"]
    assert_nothing_left(service, image)


def test_image_deleted_while_it_is_imported(service):
    image = service.create()["id"]
    service.stage(image, CONTENT)
    service.start_import(image)
    service.call("DELETE", f"/v2/images/{image}", status=204)

    service.run()

    assert service.files() == service.staged() == [] == rows(service)


def test_web_download(service, web):
    url = web.add("/x", CONTENT)
    web.add("/to", b"", 302, Location="/x")
    image = service.create()["id"]
    service.start_import(
        image, "web-download", uri=url.replace("/x", "/to"))

    service.run()

    shown = service.show(image)
    assert (shown["status"], shown["size"]) == ("active", len(CONTENT))
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT
    assert service.staged() == []


def test_download_goes_on_while_the_database_is_busy(
        service, web, monkeypatch):
    url = web.add("/x", CONTENT)
    image = service.create()["id"]
    service.start_import(image, "web-download", uri=url)
    note = tasks.note

    def busy(session, task_id, **values):
        if values.get("message", "").startswith("Fetched"):
            raise db.Retryable()
        note(session, task_id, **values)
    monkeypatch.setattr(tasks, "note", busy)
    monkeypatch.setattr(progress, "_NOTE_S", 0.0)
    service.run()

    assert service.show(image)["status"] == "active"
    assert web.asked == ["/x"]


@pytest.mark.parametrize("path", ["/missing", "/short", "/away"])
def test_web_download_that_fails(service, web, path):
    web.add("/short", b"abc", Content_Length="100")
    web.add("/away", b"", 302, Location="http://10.0.0.1/")
    image = service.create()["id"]
    service.start_import(
        image, "web-download", uri=f"http://127.0.0.1:{web.port}{path}")

    service.run()

    task = service.task(image)
    assert task["status"] == "failure" and task["message"]
    assert_nothing_left(service, image)


@pytest.mark.parametrize("url", [
    "file:///etc/passwd", "ftp://198.51.100.1/x", "http://192.168.1.1/",
    "http://u:p@127.0.0.1/", "http://127.0.0.1:22/", "http:///x",
    "http://nowhere.invalid/", "http://[::1]/", "http://169.254.169.254/",
    "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://a b/",
])
def test_urls_that_are_refused(service, url):
    image = service.create()["id"]
    rules = fetch.Rules(allowed=["127.0.0.0/8"])
    with pytest.raises(fetch.Refused):
        fetch.check(url, rules)

    service.start_import(image, "web-download", uri=url, status=400)
    service.start_import(image, "web-download", status=400)
    assert service.show(image)["status"] == "queued"


def test_imports_that_make_no_sense(service):
    image = service.create()["id"]
    service.start_import(image, status=409)
    service.start_import(image, "copy-image", status=409)
    service.start_import(image, "magic", status=400)
    service.stage(image)
    service.start_import(image, stores=["nowhere"], status=409)
    service.start_import(image, stores=["web"], status=409)
    service.start_import(image, stores=["a"], all_stores=True, status=400)
    service.start_import(image, ctx=OTHER, status=404)
    service.start_import(image, ctx=READER, status=403)
    service.stage(image, status=409)
    assert service.show(image)["status"] == "uploading"
    found = service.call("GET", "/v2/info/import").json["import-methods"]
    assert found["value"] == ["glance-direct", "web-download", "copy-image"]
    shapeless = service.create(disk_format=None)["id"]
    service.stage(shapeless)
    service.start_import(shapeless, status=409)


def test_copy_to_where_it_is_already(service):
    image = service.create()["id"]
    path = f"/v2/stores/a/{image}"
    service.call("DELETE", path, ctx=ADMIN, status=409)
    service.stage(image)
    service.start_import(image, all_stores=True)
    service.run()
    service.start_import(image, "copy-image", stores=["b"], status=400)
    service.start_import(image, "copy-image", all_stores=True)
    assert service.task(image)["status"] == "success"  # of the first alone


def test_tasks_are_for_administrators(service, web):
    body = {"type": "import", "input": {
        "import_from": web.add("/x", CONTENT), "import_from_format": "raw",
        "image_properties": {"name": "t", "visibility": "public",
                             "container_format": "bare"}}}
    service.call("POST", "/v2/tasks", body, status=403)
    service.call("GET", "/v2/tasks", status=403)
    made = service.call("POST", "/v2/tasks", body, ctx=ADMIN, status=201)
    assert made.json["status"] == "pending"

    service.run()

    path = f"/v2/tasks/{made.json['id']}"
    task = service.call("GET", path, ctx=ADMIN).json
    assert task["status"] == "success"
    image = service.show(task["result"]["image_id"])
    assert (image["status"], image["name"]) == ("active", "t")
    listed = service.call("GET", "/v2/tasks?status=success", ctx=ADMIN).json
    assert [each["id"] for each in listed["tasks"]] == [task["id"]]
    assert "input" not in listed["tasks"][0]
    service.call("POST", "/v2/tasks", body, ctx=ADMIN, status=201)
    path_2 = "/v2/tasks?type=import&sort_key=status&sort_dir=asc&limit=1"
    first = service.call("GET", path_2, ctx=ADMIN).json
    assert [each["status"] for each in first["tasks"]] == ["pending"]
    then = service.call("GET", first["next"], ctx=ADMIN).json
    assert [each["id"] for each in then["tasks"]] == [task["id"]]
    assert then["first"] == first["first"] == path_2
    service.call("GET", "/v2/tasks?sort_key=owner", ctx=ADMIN, status=400)
    body["input"]["import_from"] = "http://image-x.qcow2"
    service.call("POST", "/v2/tasks", body, ctx=ADMIN, status=400)
    service.call("DELETE", path, ctx=ADMIN, status=405)


def add_location(service, image, url, status=202, **said):
    return service.call(
        "POST", f"/v2/images/{image}/locations",
        {"url": url, "validation_data": said}, status=status)


def test_location_is_used_where_it_lies(service, web):
    url = web.add("/x", CONTENT)
    image = service.create()["id"]
    add_location(service, image, url)
    assert service.show(image)["status"] == "importing"

    service.run()

    shown = service.show(image)
    assert (shown["status"], shown["stores"]) == ("active", "web")
    assert shown["checksum"] == hashlib.md5(CONTENT).hexdigest()
    assert shown["os_hash_value"] == hashlib.sha512(CONTENT).hexdigest()
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT
    part = service.call("GET", f"/v2/images/{image}/locations", ctx=ADMIN)
    assert part.json == [{"url": url, "metadata": {"store": "web"}}]
    service.call("GET", f"/v2/images/{image}/locations", status=403)
    assert service.files() == []
    service.call("DELETE", f"/v2/images/{image}", status=204)
    service.collector.run_once()
    assert rows(service) == []


def test_location_counts_as_under_way(service, web):
    image = service.create()["id"]
    service.env.quotas = Quotas(Identity(image_count_uploading=0))
    add_location(service, image, web.add("/x", CONTENT), 413)
    assert service.show(image)["status"] == "queued"


def test_location_with_a_digest(service, web):
    url = web.add("/x", CONTENT)
    image = service.create()["id"]
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    add_location(service, image, url, 400, os_hash_value=sha256)
    add_location(service, image, url, 400, os_hash_value=sha256,
                 os_hash_algo="sha512")
    add_location(service, image, url, 400, os_hash_value=sha256,
                 os_hash_algo="sha123")
    add_location(service, image, "http://10.0.0.1/", 400)
    add_location(service, image, url, os_hash_value=sha256,
                 os_hash_algo="sha256")
    service.run()
    shown = service.show(image)
    assert (shown["os_hash_algo"], shown["os_hash_value"]) == (
        "sha256", sha256)
    service.start_import(image, "copy-image", stores=["a"])
    service.run()
    assert service.show(image)["stores"] == "a,web"

    other = service.create()["id"]
    add_location(service, other, url, os_hash_value="0" * 64,
                 os_hash_algo="sha256")
    service.run()
    shown = service.show(other)
    assert (shown["status"], shown["checksum"]) == ("queued", None)
    assert service.task(other)["status"] == "failure"
    service.upload(other, CONTENT)
    service.collector.run_once()
    assert service.show(other)["stores"] == "a"


def test_copy_of_data_that_are_refused_later_is_not_read(
        tmp_path, web, qcow2, monkeypatch):
    service = Service(
        tmp_path, web_ports=[web.port], stores=["a:file", "web:http"],
        web_allowed_networks=["127.0.0.0/8"],
        cache_dir=str(tmp_path / "cache"))
    service.env.cache.prepare()
    url = web.add("/x", b"before")
    image = service.create()["id"]
    unsafe = qcow2("-u", "-b", "/etc/passwd", "-F", "raw")

    def hit(name):
        if name == "AddLocation.digest.before":
            service.call("PUT", f"/v2/cache/{image}", ctx=ADMIN, status=202)
            assert service.env.cache.run_once() == 1
            web.add("/x", unsafe)
    monkeypatch.setattr(failpoint, "hit", hit)
    add_location(service, image, url)
    service.run()
    assert service.show(image)["status"] == "queued"

    service.upload(image, b"behind")
    got = service.call("GET", f"/v2/images/{image}/file", status=206,
                       headers={"Range": "bytes=0-4"})
    assert got.body == b"behin"
    service.db.dispose()


def test_location_beside_one_that_is_refused_later_does_not_count(
        tmp_path, web, qcow2, monkeypatch):
    service = Service(
        tmp_path, web_ports=[web.port], stores=["a:file", "web:http"],
        web_allowed_networks=["127.0.0.0/8"], locations_in_images=True)
    url, other = web.add("/x", b"before"), web.add("/y", b"beside")
    image = service.create()["id"]
    unsafe = qcow2("-u", "-b", "/etc/passwd", "-F", "raw")

    def hit(name):
        if name == "AddLocation.digest.before":
            service.patch(image, {
                "op": "add", "path": "/locations/-",
                "value": {"url": other, "metadata": {}}})
            web.add("/x", unsafe)
    monkeypatch.setattr(failpoint, "hit", hit)
    add_location(service, image, url)
    service.run()
    assert service.show(image)["status"] == "queued"

    service.upload(image, b"behind")
    assert service.show(image)["stores"] == "a"
    service.db.dispose()


@pytest.mark.parametrize("secure", [True, False])
def test_location_is_looked_at_before_it_counts(tmp_path, web, qcow2, secure):
    service = Service(
        tmp_path, web_ports=[web.port], stores=["a:file", "web:http"],
        web_allowed_networks=["127.0.0.0/8"], secure_hash=secure)
    backing = tmp_path / "secrets"
    backing.write_bytes(b"x" * 512)
    pages = {
        "unsafe": qcow2("-b", str(backing), "-F", "raw", name="u"),
        "qcow2": qcow2(), "raw": CONTENT}
    told = {}
    for kind, page in [("qcow2", "unsafe"), ("raw", "unsafe"),
                       ("qcow2", "raw"), ("qcow2", "qcow2"),
                       ("raw", "qcow2"), ("vmdk", "qcow2")]:
        image = service.create(disk_format=kind)["id"]
        add_location(service, image, web.add(f"/{page}", pages[page]))
        service.run()
        shown = service.show(image)
        told[kind, page] = shown["status"], shown["virtual_size"]
        message = service.task(image)["message"]
        assert (shown["status"] == "queued") == ("refused" in message)
        assert bool(shown["checksum"]) == (
            secure and shown["status"] == "active")
    assert told == {
        ("qcow2", "unsafe"): ("queued", None),
        ("raw", "unsafe"): ("queued", None),
        ("qcow2", "raw"): ("queued", None),
        ("qcow2", "qcow2"): ("active", 1 << 20),
        ("raw", "qcow2"): ("active", len(pages["qcow2"])),
        ("vmdk", "qcow2"): ("queued", None)}
    service.db.dispose()
