"""A process killed at any point of an import or upload: whole, or nothing."""

import hashlib
import os
import subprocess
import sys

import pytest

from tests.unit.imagestore import test_remote
from tests.unit.imagestore.conftest import Service

CONTENT = bytes(range(256)) * (36 << 10)  # three chunks
WEIGHTS = {"a": 1, "b": 2}
OPTIONS = {"stores": ["a:file", "b:file"]}
POINTS = [
    *(f"ImportImage.{step}.{side}" for step in ("fetch", "store", "settle")
      for side in ("before", "after")),
    *(f"upload.{name}" for name in ("begun", "half", "written", "finished")),
    "import.stored"]
UNDOING = ["ImportImage.store.undo.before", "ImportImage.store.undo.after",
           "ImportImage.fetch.undo.after", "ImportImage.undone.before",
           "ImportImage.undone.after"]
DOWNLOADING = ["import.described", "ImportImage.fetch.after", *(
    f"upload.{name}" for name in ("begun", "half", "written", "finished"))]
PREPARING = ["import.prepared", "ImportImage.prepare.before",
             "ImportImage.prepare.after", *DOWNLOADING[2:]]
CONVERTING = OPTIONS | {"groups": {
    "image_import_opts": {"image_import_plugins": [
        "image_conversion", "inject_image_metadata"]},
    "inject_metadata_properties": {"inject": {"licence": "site"}}}}

WORKER = """
from common import concurrency; concurrency.patch()
import pathlib, sys
from tests.functional.imagestore import test_kill
test_kill.work(pathlib.Path(sys.argv[1]), *sys.argv[2:])
"""


def work(folder, what, image, url=None):
    """What the process does that is killed."""
    service = Service(folder, weights=WEIGHTS, **(
        CONVERTING if what.startswith("convert") else OPTIONS))
    what = what.removeprefix("convert-")
    if url:
        service.env.regions = test_remote.Near(service.conf, url)
    if what == "import":
        service.run()
    elif what == "fail":
        def broken(key):
            raise OSError(5, "broken")
        service.stores.get("b").driver.stage = broken
        service.run()
    else:
        getattr(service, what)(image, CONTENT)


def kill(folder, point, what, image, *more):
    """Run it until it is killed at ``point``."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORKER, str(folder), what,
         image, *more], check=False, timeout=60, stderr=subprocess.PIPE,
        env=os.environ | {"PILEUS_FAILPOINTS": f"{point}=kill"})
    assert ended.returncode == -9, ended.stderr[-2000:]


@pytest.fixture
def service(tmp_path):
    made = Service(tmp_path, weights=WEIGHTS, **OPTIONS)
    yield made
    made.db.dispose()


@pytest.mark.parametrize("point", POINTS)
def test_import_goes_on(service, tmp_path, point):
    image = service.create()["id"]
    service.stage(image, CONTENT)
    service.start_import(image, all_stores=True)

    kill(tmp_path, point, "import", image)

    assert service.show(image)["status"] in (
        ("importing", "active") if point in (
            "upload.finished", "import.stored", "ImportImage.store.after",
            "ImportImage.settle.before", "ImportImage.settle.after")
        else ("importing",))
    service.run()
    shown = service.show(image)
    assert (shown["status"], shown["stores"]) == ("active", "b,a")
    assert shown["os_hash_value"] == hashlib.sha512(CONTENT).hexdigest()
    assert service.task(image)["status"] == "success"
    assert len(service.files()) == 2 and service.staged() == []
    got = service.call("GET", f"/v2/images/{image}/file")
    assert got.body == CONTENT


@pytest.mark.parametrize("point", UNDOING)
def test_failed_import_leaves_nothing(service, tmp_path, point):
    image = service.create()["id"]
    service.stage(image, CONTENT)
    service.start_import(image, all_stores=True)

    kill(tmp_path, point, "fail", image)

    service.run()
    assert service.show(image)["status"] == "queued"
    assert service.task(image)["status"] == "failure"
    assert service.files() == service.staged() == []


@pytest.mark.parametrize("what", ["upload", "stage"])
@pytest.mark.parametrize("point", ["begun", "half", "written"])
def test_upload_leaves_nothing(service, tmp_path, what, point):
    image = service.create()["id"]

    kill(tmp_path, f"upload.{point}", what, image)

    assert service.show(image)["status"] in ("saving", "uploading")
    service.collector.run_once()
    assert service.show(image)["status"] == "queued"
    assert service.files() == service.staged() == []
    service.upload(image, CONTENT)


@pytest.fixture
def region():
    made = test_remote.Region()
    made.show(CONTENT, size=len(CONTENT),
              os_hash_value=hashlib.sha512(CONTENT).hexdigest())
    yield made
    made.close()


@pytest.mark.parametrize("point", DOWNLOADING)
def test_download_from_a_region_goes_on(tmp_path, region, point):
    service = test_remote.make(tmp_path, region.url, weights=WEIGHTS,
                               **OPTIONS)
    image = test_remote.queued(service)
    test_remote.start(service, image)

    kill(tmp_path, point, "import", image, region.url)

    whole = point in ("upload.finished", "ImportImage.fetch.after")
    assert len(test_remote.kept_tokens(service)) == (0 if whole else 1)
    service.run()
    shown = service.show(image)
    assert (shown["status"], shown["os_type"]) == ("active", "linux")
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT
    assert region.asked.count(
        f"/v2/images/{test_remote.REMOTE}/file") == (
        1 if whole or point == "import.described" else 2)
    assert test_remote.kept_tokens(service) == service.staged() == []
    service.db.dispose()


@pytest.fixture
def converting(tmp_path):
    """A service, and an image of it that it will convert."""
    service = Service(tmp_path, weights=WEIGHTS, **CONVERTING)
    (tmp_path / "raw").write_bytes(CONTENT)
    subprocess.run(
        ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", tmp_path / "raw",
         tmp_path / "disk"], check=True)
    image = service.create(disk_format="qcow2")["id"]
    service.stage(image, (tmp_path / "disk").read_bytes())
    service.start_import(image, all_stores=True)
    yield service, image
    service.db.dispose()


@pytest.mark.parametrize("point", PREPARING)
def test_conversion_goes_on(converting, tmp_path, point):
    service, image = converting

    kill(tmp_path, point, "convert-import", image)

    service.run()
    shown = service.show(image)
    assert (shown["status"], shown["disk_format"], shown["licence"]) == (
        "active", "raw", "site")
    assert shown["virtual_size"] == shown["size"] == len(CONTENT)
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT
    assert len(service.files()) == 2 and service.staged() == []


@pytest.mark.parametrize("point", UNDOING[2:4])
def test_failed_conversion_is_taken_back(converting, tmp_path, point):
    service, image = converting

    kill(tmp_path, point, "convert-fail", image)

    service.run()
    shown = service.show(image)
    assert (shown["status"], shown["disk_format"]) == ("queued", "qcow2")
    assert "licence" not in shown
    assert service.files() == service.staged() == []
