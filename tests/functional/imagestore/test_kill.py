"""A process killed at any point of an import or upload: whole, or nothing."""

import hashlib
import os
import subprocess
import sys

import pytest

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

WORKER = """
from common import concurrency; concurrency.patch()
import pathlib, sys
from tests.functional.imagestore import test_kill
test_kill.work(pathlib.Path(sys.argv[1]), *sys.argv[2:])
"""


def work(folder, what, image):
    """What the process does that is killed."""
    service = Service(folder, weights=WEIGHTS, **OPTIONS)
    if what == "import":
        service.run()
    elif what == "fail":
        def broken(key):
            raise OSError(5, "broken")
        service.stores.get("b").driver.stage = broken
        service.run()
    else:
        getattr(service, what)(image, CONTENT)


def kill(folder, point, what, image):
    """Run it until it is killed at ``point``."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORKER, str(folder), what,
         image], check=False, timeout=60, stderr=subprocess.PIPE,
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
