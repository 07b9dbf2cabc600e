"""Objects through the users' own command, and over real sockets."""

import os
import socket
import uuid

import pytest
import requests


def test_life_of_an_object(openstack, tmp_path):
    (tmp_path / "file").write_bytes(os.urandom(2500000))
    name = f"c-{uuid.uuid4().hex[:8]}"

    made = openstack("container", "create", name)
    assert made[0]["container"] == name
    assert name in [row["Name"] for row in openstack("container", "list")]
    openstack.text("object", "create", name, "file")
    assert [row["Name"] for row in openstack("object", "list", name)] == [
        "file"]
    shown = openstack("object", "show", name, "file")
    assert int(shown["content-length"]) == 2500000
    openstack.text("object", "set", "--property", "Colour=blue", name,
                   "file")
    assert "blue" in openstack.text("object", "show", name, "file")
    openstack.text("object", "save", "--file", "out", name, "file")
    assert (tmp_path / "out").read_bytes() == (
        tmp_path / "file").read_bytes()
    shown = openstack("container", "show", name)
    assert int(shown["bytes_used"]) == 2500000
    openstack.fails("container", "delete", name)
    openstack.text("object", "delete", name, "file")
    openstack.text("container", "delete", name)
    openstack("object", "store", "account", "show")


@pytest.fixture
def root(admin):
    token = admin("identity", "GET", "/v3/auth/tokens", headers={
        "X-Subject-Token": admin.token}).json()["token"]
    path = f"/v1/AUTH_{token['project']['id']}/c-{uuid.uuid4().hex[:8]}"
    assert admin("objectstore", "PUT", path).status_code == 201
    yield path
    for name in admin("objectstore", "GET", path).text.split():
        admin("objectstore", "DELETE", f"{path}/{name}")
    assert admin("objectstore", "DELETE", path).status_code == 204


def test_type_is_guessed_when_none_is_sent(admin, root):
    got = admin("objectstore", "PUT", f"{root}/x.css", data=b"x")
    assert got.status_code == 201, got.text
    head = admin("objectstore", "HEAD", f"{root}/x.css")
    assert head.headers["Content-Type"].startswith("text/css")
    assert len(head.headers["X-Trans-Id"]) == 34
    admin("objectstore", "PUT", f"{root}/y", data=b"x", headers={
        "Content-Type": "text/plain; charset=UTF-8"})
    head = admin("objectstore", "HEAD", f"{root}/y")
    assert head.headers["Content-Type"] == "text/plain; charset=UTF-8"


def test_chunked_upload_and_ranges(admin, root):
    content = os.urandom(3 << 20)
    pieces = (content[at:at + 70000] for at in range(0, len(content), 70000))
    got = admin("objectstore", "PUT", f"{root}/x", data=pieces)
    assert got.status_code == 201, got.text

    got = admin("objectstore", "GET", f"{root}/x",
                headers={"Range": "bytes=1048570-1048585"})
    assert got.status_code == 206
    assert got.content == content[1048570:1048586]
    got = admin("objectstore", "COPY", f"{root}/x", headers={
        "Destination": f"{root.split('/')[-1]}/y"})
    assert got.status_code == 201, got.text
    assert admin("objectstore", "GET", f"{root}/y").content == content


def test_empty_object(admin, root):
    got = admin("objectstore", "PUT", f"{root}/empty", data=b"",
                headers={"Content-Length": "0"})
    assert got.status_code == 201, got.text
    got = admin("objectstore", "GET", f"{root}/empty")
    assert (got.status_code, got.content) == (200, b"")


def test_length_is_required(cloud, admin, root):
    with socket.create_connection(
            ("127.0.0.1", cloud.conf.objectstore.port)) as raw:
        raw.settimeout(10)
        raw.sendall(f"PUT {root}/x HTTP/1.1\r\nHost: x\r\nConnection: close"
                    f"\r\nX-Auth-Token: {admin.token}\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 411 ")


def test_sender_that_hangs_up_leaves_nothing(cloud, admin, root):
    with socket.create_connection(
            ("127.0.0.1", cloud.conf.objectstore.port)) as raw:
        raw.sendall(f"PUT {root}/x HTTP/1.1\r\nHost: x\r\n"
                    f"X-Auth-Token: {admin.token}\r\n"
                    "Content-Length: 100000\r\n\r\n".encode() + b"x" * 500)
    got = admin("objectstore", "GET", f"{root}/x")
    assert got.status_code == 404


def test_info_needs_no_token(cloud):
    got = requests.get(cloud.url("objectstore") + "/info", timeout=10)
    assert "swift" in got.json()


def test_client_shows_the_reason(openstack, tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    name = f"c-{uuid.uuid4().hex[:8]}"
    missing = openstack.fails("object", "save", name, "none")
    assert f"There is no object none in the container {name}" in missing
    openstack("container", "create", name)
    openstack.text("object", "create", name, "file")
    assert "delete its objects first" in openstack.fails(
        "container", "delete", name)
    assert "Metadata value of A is longer than 256 bytes" in openstack.fails(
        "container", "set", "--property", "a=" + "v" * 300, name)
    openstack.text("container", "delete", "--recursive", name)


def test_strangers_read_what_is_public(cloud, admin, root):
    admin("objectstore", "PUT", f"{root}/x", data=b"content")
    url = cloud.url("objectstore") + root
    assert requests.get(f"{url}/x", timeout=10).status_code == 401
    admin("objectstore", "POST", root,
          headers={"X-Container-Read": ".r:*,.rlistings"})
    for headers in ({}, {"X-Auth-Token": "no-token"}):
        got = requests.get(f"{url}/x", headers=headers, timeout=10)
        assert (got.status_code, got.text) == (200, "content")
    assert requests.get(url, timeout=10).text == "x\n"
    assert requests.put(f"{url}/x", data=b"", timeout=10).status_code == 401
