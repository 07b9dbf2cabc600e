"""``pileus image import``, as its users run it."""

import gzip
import hashlib
import http.server
import os
import threading
import uuid

import pytest
from click import testing

from imagestore import cli

MIB = 1 << 20


@pytest.fixture
def web():
    """A web server; files are put into what it yields, by path."""
    files = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = files.get(self.path.partition("?")[0])
            self.send_response(200 if body is not None else 404)
            if body is not None and not self.path.endswith("cut"):
                self.send_header("Content-Length", str(len(body)))
            elif body is not None:
                self.send_header("Content-Length", str(len(body) + 1))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    files["url"] = f"http://127.0.0.1:{server.server_port}"
    yield files
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(cloud, tmp_path):
    """Run the command; return its exit code and all that it printed."""
    def run(*words, env=None):
        for name in list(os.environ):
            assert not name.startswith("OS_")
        got = testing.CliRunner().invoke(
            cli.image, ["import", *words], catch_exceptions=False,
            env=cloud.environment() if env is None else env)
        return got.exit_code, got.output
    return run


def qcow2(tmp_path, size="12M"):
    import subprocess
    path = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o",
                    "preallocation=full", str(path), size], check=True)
    return path.read_bytes()


def images(admin, name):
    return admin("imagestore", "GET", f"/v2/images?name={name}").json()[
        "images"]


def test_url_with_all_that_can_be_said(run, admin, web, tmp_path):
    name = f"deb-{uuid.uuid4().hex[:8]}"
    content = web[f"/x/{name}.qcow2"] = qcow2(tmp_path)

    code, said = run(
        f"{web['url']}/x/{name}.qcow2?token=secret", "--sha256",
        hashlib.sha256(content).hexdigest(), "--sha512",
        hashlib.sha512(content).hexdigest().upper(), "--min-disk", "1",
        "--property", "os_distro=debian", "--visibility", "public")

    assert code == 0, said
    [made] = images(admin, name)
    assert (made["status"], made["disk_format"], made["size"]) == (
        "active", "qcow2", len(content))
    assert (made["os_distro"], made["min_disk"], made["visibility"]) == (
        "debian", 1, "public")
    assert made["os_hash_value"] == hashlib.sha512(content).hexdigest()
    assert made["id"] in said and "100%" in said and "MiB, active" in said


def test_file(run, admin, tmp_path):
    (tmp_path / "x.img").write_bytes(b"x" * 1000)

    code, said = run(str(tmp_path / "x.img"), "--name", "own", "--quiet")
    assert code == 0, said
    assert [each["disk_format"] for each in images(admin, "own")] == ["raw"]
    (tmp_path / "iso").write_bytes(b"\0" * 0x8001 + b"CD001" + bytes(9999))
    code, said = run(f"file://{tmp_path}/iso")
    assert code == 0 and "iso, iso" in said, said


@pytest.mark.parametrize("option, said", [
    ("--sha256", "has the SHA256"), ("--sha512", "has the SHA512")])
def test_other_data_than_meant_make_no_image(run, admin, web, option, said):
    name = uuid.uuid4().hex
    web[f"/{name}"] = os.urandom(5 * MIB)
    digest = "0" * (64 if option == "--sha256" else 128)

    code, told = run(f"{web['url']}/{name}", option, digest)

    assert code == 1 and said in told
    assert images(admin, name) == []


def test_what_is_no_image_is_not_made_one(run, admin, web, tmp_path):
    name = uuid.uuid4().hex
    content = qcow2(tmp_path)
    web |= {f"/{name}.gz": gzip.compress(content),
            f"/{name}.html": b"<!DOCTYPE html><html>not found</html>",
            f"/{name}": content, f"/{name}-cut": content,
            f"/{name}-empty": b""}
    url = f"{web['url']}/{name}"
    for place, said in (
            (f"{url}.gz", "packed (gzip)"), (f"{url}.html", "web page"),
            (f"{url}-cut", "broke off"), (f"{url}-empty", "is empty"),
            (f"{url}-none", "answers 404"),
            ("http://127.0.0.1:1/x", "the connection failed"),
            ("ftp://example.com/x", "must begin with"),
            (str(tmp_path / "none"), "No such file"),
            (f"{web['url']}/", "answers 404")):
        code, told = run(place)
        assert (code, said in told) == (1, True), told
    code, told = run(url, "--disk-format", "vmdk")
    assert code == 1 and "looks like qcow2" in told, told
    assert not [each for each in admin(
        "imagestore", "GET", "/v2/images").json()["images"]
        if each["name"].startswith(name)]


def test_command_that_cannot_be(run, tmp_path):
    (tmp_path / "x").write_bytes(b"x")
    for words, said in (
            (("--sha256", "12"), "64 hexadecimal digits"),
            (("--property", "x"), "NAME=VALUE"),
            (("--visibility", "all"), "public")):
        code, told = run(str(tmp_path / "x"), *words)
        assert code == 2 and said in told
    code, told = run(str(tmp_path / "x"), env={})
    assert code == 1 and "source <(pileus env)" in told
    code, told = run(str(tmp_path / "x"), env={
        "OS_AUTH_URL": "http://127.0.0.1:1/v3", "OS_USERNAME": "u",
        "OS_PASSWORD": "p", "OS_USER_DOMAIN_ID": "default"})
    assert code == 1 and "the cloud does not do it" in told
