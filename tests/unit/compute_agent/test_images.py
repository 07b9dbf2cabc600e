"""The image cache, with real files."""

import hashlib
import os
import subprocess
import uuid

import pytest

from common import concurrency, signatures
from common import exceptions as common_exceptions
from compute import exceptions
from compute import spec as specs
from compute.drivers.libvirt import images as module
from compute.drivers.libvirt.images import ImageCache
from tests import signing


@pytest.fixture
def store():
    """Bytes by image id, as the image store has them."""
    return {}


@pytest.fixture
def fetched():
    return []


@pytest.fixture
def cache(tmp_path, store, fetched):
    def fetch(image_id):
        fetched.append(image_id)
        content = store[image_id]
        for start in range(0, len(content), 1000):
            concurrency.sleep(0)
            yield content[start:start + 1000]
    made = ImageCache(tmp_path / "images", fetch)
    made.open()
    return made


def put(store, content, **changes):
    image_id = str(uuid.uuid4())
    store[image_id] = content
    return specs.Image(**({
        "id": image_id, "disk_format": "raw", "size_bytes": len(content),
        "os_hash_algo": "sha512",
        "os_hash_value": hashlib.sha512(content).hexdigest()} | changes))


def files(cache):
    return sorted(path.name for path in cache._directory.iterdir())


def qcow2(tmp_path, *options):
    path = tmp_path / "x.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options,
                    str(path), "3M"], check=True)
    return path.read_bytes()


def test_fetched_once_by_many(cache, store, fetched):
    image = put(store, bytes(5000))
    found = concurrency.gather(*[lambda: cache.get(image)] * 5)
    assert len(fetched) == 1
    assert {size for _, size in found} == {5000}
    path = found[0][0].path
    assert path.read_bytes() == bytes(5000)
    assert path.stat().st_mode & 0o777 == 0o640
    assert files(cache) == [path.name]


def test_virtual_size_of_qcow2(cache, store, tmp_path):
    image = put(store, qcow2(tmp_path), disk_format="qcow2")
    base, size_bytes = cache.get(image)
    assert (base.format, size_bytes) == ("qcow2", 3 << 20)


@pytest.mark.parametrize("changes", [
    {"os_hash_value": "0" * 128}, {"disk_format": "qcow2"},
    {"disk_format": "vmdk"}, {"os_hash_algo": "md5"},
    {"os_hash_value": "../../x"}, {"size_bytes": 10}])
def test_refused_and_nothing_kept(cache, store, changes):
    image = put(store, bytes(5000), **changes)
    with pytest.raises(exceptions.ImageUnacceptable):
        cache.get(image)
    assert files(cache) == []


def test_a_download_cut_short_is_worth_another_try(cache, store):
    image = put(store, bytes(5000), size_bytes=6000)
    with pytest.raises(common_exceptions.ServiceUnavailable):
        cache.get(image)
    assert files(cache) == []


def test_backing_file_is_refused(cache, store, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(3 << 20))
    content = qcow2(tmp_path, "-b", str(secret), "-F", "raw")
    with pytest.raises(exceptions.ImageUnacceptable):
        cache.get(put(store, content, disk_format="qcow2"))


def test_qcow2_called_raw_is_refused(cache, store, tmp_path):
    with pytest.raises(exceptions.ImageUnacceptable):
        cache.get(put(store, qcow2(tmp_path)))


def test_checked_again_at_each_use(cache, store, tmp_path):
    image = put(store, bytes(5000))
    base, _ = cache.get(image)
    base.path.write_bytes(qcow2(tmp_path))
    with pytest.raises(exceptions.ImageUnacceptable):
        cache.get(image)


def test_leftovers_of_broken_downloads_go(cache):
    (cache._directory / "x.part").write_bytes(b"x")
    cache.open()
    assert files(cache) == []


def test_eviction(cache, store):
    images = [put(store, bytes([n]) * 5000) for n in range(4)]
    bases = [cache.get(image)[0].path for image in images]
    for path in bases[:3]:
        os.utime(path, (0, 0))
    in_use, wanted = {bases[0].name}, {images[1].id}
    assert cache.evict(lambda: in_use, wanted, 60) == 1
    assert files(cache) == sorted(
        path.name for path in (bases[0], bases[1], bases[3]))


SIGNERS = [signing.last(), signing.last()]
CONTENT = b"signed" * 1000


class Watched(signatures.Verifier):
    """Counts the bytes that it is shown."""

    seen = 0

    def update(self, chunk):
        self.seen += len(chunk)
        super().update(chunk)


def verifier(signer=SIGNERS[0], content=CONTENT):
    return Watched(signatures.parse(signer.sign(content)), signer.pem)


def seen(cache, image, shown):
    cache.get(image, shown)
    return shown.seen


def test_signed_data_are_verified_when_they_are_fetched(cache, store,
                                                        fetched):
    image = put(store, CONTENT)
    shown = [seen(cache, image, verifier()) for _ in range(2)]
    cache.open()  # after a restart
    shown.append(seen(cache, image, verifier()))
    assert shown == [len(CONTENT), 0, 0]
    assert len(fetched) == 1


def test_signed_data_are_verified_in_the_cache(cache, store, fetched):
    image = put(store, CONTENT)
    cache.get(image)
    for signer in SIGNERS:
        shown = concurrency.gather(
            *[lambda: seen(cache, image, verifier(signer))] * 3)
        assert sorted(shown) == [0, 0, len(CONTENT)]
    assert len(fetched) == 1


def test_data_that_are_not_what_was_signed(cache, store):
    image = put(store, CONTENT)
    for _ in range(2):
        with pytest.raises(signatures.Refused, match="not what was signed"):
            cache.get(image, verifier(content=CONTENT[1:]))
    assert files(cache) == []
    cache.get(image)
    for _ in range(2):
        with pytest.raises(signatures.Refused, match="not what was signed"):
            cache.get(image, verifier(content=CONTENT[1:]))
    assert len(files(cache)) == 1  # others may use it


def test_proof_goes_with_the_image(cache, store):
    image = put(store, CONTENT)
    path = cache.get(image, verifier())[0].path
    os.utime(path.with_name(path.name + ".proof"), (0, 0))
    assert cache.evict(set, set(), 60) == 0
    assert seen(cache, image, verifier()) == 0
    os.utime(path, (0, 0))
    assert cache.evict(set, set(), 60) == 1
    assert files(cache) == []

    cache.get(image, verifier())
    path.unlink()
    cache.get(image)
    assert seen(cache, image, verifier()) == len(CONTENT)


def test_proof_that_was_not_written_counts_for_nothing(
        cache, store, monkeypatch):
    image = put(store, CONTENT)
    monkeypatch.setattr(module.os, "fsync", _fail_on_proof)
    with pytest.raises(OSError, match="no room"):
        cache.get(image, verifier())
    monkeypatch.undo()
    cache.open()
    assert len(files(cache)) == 1
    assert seen(cache, image, verifier()) == len(CONTENT)


def _fail_on_proof(handle):
    if ".proof" in os.readlink(f"/proc/self/fd/{handle}"):
        raise OSError("no room")
