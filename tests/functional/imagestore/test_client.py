"""Images through the users' own command, and over real sockets."""

import hashlib
import os
import socket
import subprocess
import time
import uuid

import pytest


def test_life_of_an_image(openstack, tmp_path):
    path = tmp_path / "x.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path),
                    "10M"], check=True)
    name = f"image-{uuid.uuid4().hex[:8]}"

    made = openstack(
        "image", "create", "--file", str(path), "--disk-format", "qcow2",
        "--container-format", "bare", "--property", "os_distro=debian",
        "--tag", "t1", "--min-ram", "64", name)
    assert made["status"] == "active", made
    openstack.text("image", "set", "--property", "hw_disk_bus=virtio",
                   "--name", f"{name}-2", "--public", "--protected", name)
    openstack.text("image", "unset", "--property", "os_distro", made["id"])
    shown = openstack("image", "show", f"{name}-2")
    assert shown["size"] == path.stat().st_size
    assert shown["checksum"] == hashlib.md5(path.read_bytes()).hexdigest()
    assert shown["visibility"] == "public" and shown["protected"] is True
    assert shown["properties"]["hw_disk_bus"] == "virtio"
    assert "os_distro" not in shown["properties"]
    assert shown["tags"] == ["t1"]
    listed = openstack("image", "list", "--public", "--long")
    assert made["id"] in [image["ID"] for image in listed]
    openstack.text("image", "save", "--file", "out", made["id"])
    assert (tmp_path / "out").read_bytes() == path.read_bytes()
    openstack.fails("image", "delete", made["id"])
    openstack.text("image", "set", "--unprotected", made["id"])
    openstack.text("image", "delete", made["id"])
    assert made["id"] not in [image["ID"] for image in openstack(
        "image", "list")]


def test_command_is_told_why_an_image_is_refused(openstack, tmp_path):
    (tmp_path / "x").write_bytes(os.urandom(4096))

    told = openstack.fails(
        "image", "create", "--file", str(tmp_path / "x"), "--disk-format",
        "qcow2", "--container-format", "bare", "bad")
    assert "looks like raw" in told


@pytest.fixture
def queued(admin):
    made = admin("imagestore", "POST", "/v2/images", json={
        "name": "q", "disk_format": "raw", "container_format": "bare"})
    assert made.status_code == 201, made.text
    image_id = made.json()["id"]
    yield image_id
    admin("imagestore", "DELETE", f"/v2/images/{image_id}")


def test_chunked_upload_streams(admin, queued):
    content = os.urandom(5 << 20)
    pieces = (content[at:at + 70000] for at in range(0, len(content), 70000))
    got = admin("imagestore", "PUT", f"/v2/images/{queued}/file",
                data=pieces,
                headers={"Content-Type": "application/octet-stream"})
    assert got.status_code == 204, got.text

    got = admin("imagestore", "GET", f"/v2/images/{queued}/file")
    assert got.content == content
    got = admin("imagestore", "GET", f"/v2/images/{queued}/file",
                headers={"Range": "bytes=1048570-1048585"})
    assert got.content == content[1048570:1048586]


def test_sender_that_hangs_up_leaves_a_queued_image(cloud, admin, queued):
    with socket.create_connection(
            ("127.0.0.1", cloud.conf.imagestore.port)) as raw:
        raw.sendall(
            f"PUT /v2/images/{queued}/file HTTP/1.1\r\nHost: x\r\n"
            f"X-Auth-Token: {admin.token}\r\n"
            "Content-Type: application/octet-stream\r\n"
            "Content-Length: 1000000\r\n\r\n".encode() + b"x" * 5000)
        wait_for(admin, queued, "saving")
    wait_for(admin, queued, "queued")


def wait_for(admin, image_id, status):
    until = time.monotonic() + 10
    while True:
        shown = admin("imagestore", "GET", f"/v2/images/{image_id}").json()
        if shown["status"] == status:
            return
        assert time.monotonic() < until, shown
        time.sleep(0.02)


def test_discovery_is_public(cloud):
    import requests
    for path in ("/", "/versions"):
        got = requests.get(cloud.url("imagestore") + path, timeout=10)
        assert got.json()["versions"][0]["status"] == "CURRENT"


def test_metadata_definitions(openstack):
    name = f"Test::{uuid.uuid4().hex[:8]}"
    words = ("image", "metadef")

    openstack.text(*words, "namespace", "create", "--public",
                   "--display-name", "Test", name)
    openstack.text(
        *words, "property", "create", "--name", "cpus", "--title", "CPUs",
        "--type", "integer", "--schema", '{"minimum": 1}', name)
    openstack.text(*words, "property", "set", "--title", "Cores", name,
                   "cpus")
    shown = openstack(*words, "property", "show", name, "cpus")
    assert (shown["title"], shown["minimum"]) == ("Cores", 1)
    openstack.text(*words, "object", "create", "--namespace", name, "box")
    assert [each["name"] for each in openstack(
        *words, "object", "list", name)] == ["box"]
    openstack.text(*words, "resource", "type", "association", "create",
                   name, "OS::Nova::Flavor")
    openstack.text(*words, "namespace", "set", "--protected", name)
    openstack.fails(*words, "namespace", "delete", name)
    openstack.text(*words, "namespace", "set", "--unprotected", name)
    openstack.text(*words, "namespace", "delete", name)
    assert name not in openstack.text(*words, "namespace", "list")


def test_import_and_downloads_by_sendfile(openstack, admin, tmp_path):
    content = os.urandom(5 << 20)
    (tmp_path / "x").write_bytes(content)
    made = openstack(
        "image", "create", "--import", "--file", str(tmp_path / "x"),
        "--disk-format", "raw", "--container-format", "bare", "imported")
    path = f"/v2/images/{made['id']}"
    until = time.monotonic() + 30
    while admin("imagestore", "GET", path).json()["status"] != "active":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert openstack("image", "show", made["id"])["size"] == len(content)

    for _ in range(2):  # the first is compared with its digest
        got = admin("imagestore", "GET", f"{path}/file")
        assert got.content == content
    got = admin("imagestore", "GET", f"{path}/file",
                headers={"Range": "bytes=1000-4999999"})
    assert got.status_code == 206
    assert got.content == content[1000:5000000]
    openstack.text("image", "delete", made["id"])
