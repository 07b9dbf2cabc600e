"""A full disk: the sender is told, and what was written is freed."""

import contextlib
import os
import subprocess

import pytest

from tests.functional.imagestore.test_client import wait_for
from tests.functional.imagestore.test_objectstore import address, names, upload
from tests.unit.imagestore.conftest import Service
from tests.unit.objectstore.conftest import Service as ObjectService

MIB = 1 << 20
SMALL, LARGE = os.urandom(5 * MIB), os.urandom(20 * MIB)


@contextlib.contextmanager
def small_disk(folder, size="8m"):
    """Let a folder lie on a disk of its own."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs",
         str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def left(folder):
    """Return the bytes that files of it take."""
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def service(tmp_path, disk):
    made = Service(tmp_path, images_dir=f"{disk}/images",
                   staging_dir=f"{disk}/staging")
    yield made
    made.db.dispose()


@pytest.mark.parametrize("act", ["upload", "stage"])
def test_upload_to_a_full_disk(service, disk, act):
    before = left(disk)
    image = service.create()["id"]

    got = getattr(service, act)(image, LARGE, status=413)

    assert "no room left" in got.text
    assert service.show(image)["status"] == "queued"
    service.collector.run_once()
    assert left(disk) == before
    # There is room for what fits, also for the same image.
    getattr(service, act)(image, SMALL)
    other = service.create()["id"]
    getattr(service, act)(other, SMALL, status=413)
    service.call("DELETE", f"/v2/images/{image}", status=204)
    service.collector.run_once()
    getattr(service, act)(other, SMALL)


def test_import_to_a_full_store(tmp_path, disk):
    service = Service(
        tmp_path, weights={"small": 1, "large": 2},
        stores=["large:file", "small:file"],
        groups={"image_store_small": {"directory": f"{disk}/images"}})
    before = left(disk)
    image = service.create()["id"]
    service.stage(image, LARGE)
    service.start_import(image, all_stores=True)
    service.run()
    assert service.show(image)["status"] == "queued"
    task = service.task(image)
    assert task["status"] == "failure" and "no room left" in task["message"]
    assert left(disk) == before
    assert service.files() == service.staged() == []

    # Those that have room may keep it, if that is asked for.
    other = service.create()["id"]
    service.stage(other, LARGE)
    service.start_import(other, all_stores=True,
                         all_stores_must_succeed=False)
    service.run()
    shown = service.show(other)
    assert (shown["status"], shown["stores"]) == ("active", "large")
    assert shown["os_glance_failed_import"] == "small"
    assert left(disk) == before
    service.db.dispose()


def test_sender_hears_of_it_while_it_sends(cloud, admin):
    made = admin("imagestore", "POST", "/v2/images", json={
        "name": "q", "disk_format": "raw", "container_format": "bare"})
    image = made.json()["id"]
    with small_disk(cloud.state / "images/staging", "1m"):
        for body in (LARGE, iter([LARGE[:MIB]] * 40)):
            got = upload(admin, image, body, "file")
            assert got.status_code == 413 and "no room left" in got.text
            wait_for(admin, image, "queued")
    assert upload(admin, image, LARGE, "file").status_code == 204
    admin("imagestore", "DELETE", f"/v2/images/{image}")


def test_full_object_store(tmp_path):
    with small_disk(tmp_path / "objects") as folder:
        service = ObjectService(tmp_path)
        before = left(folder)
        service.call("PUT", "/c", status=201)
        got = service.call("PUT", "/c/x", LARGE, status=507)
        assert "no room left" in got.text
        service.collector.run_once()
        assert left(folder) == before
        service.call("PUT", "/c/x", SMALL[:MIB], status=201)
        service.db.dispose()


def test_image_for_a_full_object_store(cloud, admin):
    container = address(admin)
    before = names(cloud, admin, container)
    made = admin("imagestore", "POST", "/v2/images", json={
        "name": "q", "disk_format": "raw", "container_format": "bare"})
    image = made.json()["id"]
    with small_disk(cloud.state / "objects/node1/staging", "512k"):
        got = upload(admin, image, LARGE)
        assert got.status_code == 413 and "no room left" in got.text
    assert names(cloud, admin, container) == before
    assert upload(admin, image, SMALL).status_code == 204
    admin("imagestore", "DELETE", f"/v2/images/{image}")
