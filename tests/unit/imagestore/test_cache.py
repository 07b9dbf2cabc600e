"""The cache of a host: what is in it, what is let go of, whose it is."""

import fcntl
import os

import pytest

from imagestore.db import models
from imagestore.stores.file import FileStore
from tests.unit.imagestore.conftest import ADMIN, Service

CONTENT = os.urandom(3 << 20)


@pytest.fixture
def service(tmp_path):
    made = Service(tmp_path, cache_dir=str(tmp_path / "cache"),
                   cache_bytes=7 << 20)
    made.env.cache.prepare()
    yield made
    made.db.dispose()


def listed(service):
    """Return the ids of what is cached and of what is to be."""
    found = service.call("GET", "/v2/cache", ctx=ADMIN, status=200).json
    return ([each["image_id"] for each in found["cached_images"]],
            found["queued_images"])


def active(service):
    image = service.create()["id"]
    service.upload(image, CONTENT)
    return image


def queue(service, image, status=202):
    service.call("PUT", f"/v2/cache/{image}", ctx=ADMIN, status=status)


def test_cached_image_is_read_from_the_cache(service):
    image = active(service)
    queue(service, image)
    assert listed(service) == ([], [image])
    assert service.env.cache.run_once() == 1
    assert listed(service) == ([image], [])
    for path in service.directory.iterdir():
        if path.is_file():
            path.unlink()

    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT
    found = service.call("GET", "/v2/cache", ctx=ADMIN).json
    assert (found["cached_images"][0]["hits"],
            found["cached_images"][0]["size"]) == (1, len(CONTENT))


def test_one_process_of_a_host_fills_the_cache(service, tmp_path):
    image = active(service)
    queue(service, image)
    other = os.open(tmp_path / "cache", os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    assert service.env.cache.run_once() == 0
    assert listed(service) == ([], [image])

    os.close(other)
    assert service.env.cache.run_once() == 1
    assert listed(service) == ([image], [])


def test_what_leaves_the_cache(service, tmp_path):
    def files():
        return [path for path in (tmp_path / "cache").rglob("*")
                if path.is_file()]
    first, second, third = (active(service) for _ in range(3))
    for image in (first, second):
        queue(service, image)
        service.env.cache.run_once()
    service.call("GET", f"/v2/images/{first}/file")
    queue(service, third)
    service.env.cache.run_once()
    assert set(listed(service)[0]) == {first, third}  # no room for three
    assert len(files()) == 2

    service.call("DELETE", f"/v2/images/{first}", status=204)
    service.env.cache.run_once()
    assert listed(service)[0] == [third]
    service.call("DELETE", f"/v2/cache/{third}", ctx=ADMIN, status=204)
    service.call("DELETE", f"/v2/cache/{third}", ctx=ADMIN, status=204)
    service.call("DELETE", f"/v2/cache/{first}", ctx=ADMIN, status=404)
    queue(service, second)
    service.call("DELETE", "/v2/cache", ctx=ADMIN, status=400, headers={
        "x-image-cache-clear-target": "invalid"})
    service.call("DELETE", "/v2/cache", ctx=ADMIN, status=204)
    service.env.cache.run_once()
    assert listed(service) == ([], [])
    assert files() == []


def test_damaged_data_are_not_cached(service):
    image = active(service)
    path = service.directory / service.files()[0]
    path.write_bytes(CONTENT[:-1] + b"?")
    queue(service, image)

    assert service.env.cache.run_once() == 0
    assert listed(service) == ([], [])


def test_copy_cut_by_a_crash_is_made_anew(service, tmp_path):
    image = active(service)
    queue(service, image)
    with service.db.reader() as session:
        (row,) = session.query(models.CachedImage)
    staged = FileStore(str(tmp_path / "cache")).stage(row.id)
    staged.write(b"half")
    staged.close()

    assert service.env.cache.run_once() == 1
    assert service.call("GET", f"/v2/images/{image}/file").body == CONTENT


def test_who_may_and_what_cannot(service, tmp_path):
    queued = service.create()["id"]
    queue(service, queued, 400)
    queue(service, "nothing", 404)
    for method, path in (("GET", "/v2/cache"), ("DELETE", "/v2/cache"),
                         ("PUT", f"/v2/cache/{queued}")):
        service.call(method, path, status=403)
    versions = service.call("GET", "/versions").json["versions"]
    assert "v2.16" in {each["id"] for each in versions}


def test_without_a_directory_there_is_no_cache(tmp_path):
    service = Service(tmp_path)
    service.call("GET", "/v2/cache", ctx=ADMIN, status=404)
    service.db.dispose()
