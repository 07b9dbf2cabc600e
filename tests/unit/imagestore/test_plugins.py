"""What plug-ins do to images on their way in, and what they refuse."""

import gzip
import hashlib
import io
import os
import subprocess
import zipfile

import pytest

from common import failpoint
from tests.unit.imagestore.conftest import ADMIN, Service
from tests.unit.imagestore.test_imports import (
    Web,
    assert_nothing_left,
    break_store,
)

#: A disk of 3 MiB: not all of it is empty.
DISK = os.urandom(1 << 20) + bytes(2 << 20)


@pytest.fixture
def web():
    made = Web()
    yield made
    made.close()


@pytest.fixture
def make(tmp_path, web):
    """Return a maker of services with these plug-ins."""
    made = []

    def make_one(*plugins, limit=1 << 30, **groups):
        groups = {"image_import_opts": {
            "image_import_plugins": list(plugins)}} | groups
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Service(
            folder, limit=limit, groups=groups, web_ports=[web.port],
            web_allowed_networks=["127.0.0.0/8"]))
        return made[-1]
    yield make_one
    for each in made:
        each.db.dispose()


@pytest.fixture
def disk(tmp_path):
    """Return a maker of DISK in a format of QEMU's."""
    def make_one(name, *options):
        raw, made = tmp_path / "raw", tmp_path / "made"
        raw.write_bytes(DISK)
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", name,
                        *options, raw, made], check=True)
        return made.read_bytes()
    return make_one


def imported(service, content, *, ctx=None, **members):
    """Import what was staged; return the image as it is then."""
    image = service.create(**members)["id"]
    service.stage(image, content)
    service.start_import(image, **({"ctx": ctx} if ctx else {}))
    service.run()
    return service.show(image)


def content(service, image):
    return service.call("GET", f"/v2/images/{image['id']}/file").body


def assert_whole(service, image):
    """The image is what its members say, and nothing else is left."""
    assert image["status"] == "active", service.task(image["id"])
    data = content(service, image)
    assert image["size"] == len(data)
    assert image["checksum"] == hashlib.md5(data).hexdigest()
    assert image["os_hash_value"] == hashlib.sha512(data).hexdigest()
    assert service.staged() == [] and len(service.files()) == 1


@pytest.mark.parametrize(("disk_format", "qemu", "options"), [
    ("qcow2", "qcow2", ["-c"]), ("vmdk", "vmdk", []),
    ("vmdk", "vmdk", ["-o", "subformat=streamOptimized"]),
    ("vdi", "vdi", []), ("vhdx", "vhdx", []),
    ("vhd", "vpc", ["-o", "force_size=on"])])
def test_conversion_to_raw(make, disk, disk_format, qemu, options):
    service = make("image_conversion")

    image = imported(service, disk(qemu, *options), disk_format=disk_format)

    assert_whole(service, image)
    assert image["disk_format"] == "raw"
    assert image["virtual_size"] == image["size"]
    assert content(service, image)[:len(DISK)] == DISK


@pytest.mark.parametrize("output", ["qcow2", "vmdk"])
def test_conversion_from_raw(make, tmp_path, output):
    service = make("image_conversion",
                   image_conversion={"output_format": output})

    image = imported(service, DISK)

    assert_whole(service, image)
    assert image["disk_format"] == output
    assert image["virtual_size"] == len(DISK)
    path = tmp_path / "got"
    path.write_bytes(content(service, image))
    subprocess.run(["qemu-img", "convert", "-f", output, "-O", "raw", path,
                    tmp_path / "back"], check=True)
    assert (tmp_path / "back").read_bytes() == DISK


@pytest.mark.parametrize("members", [
    {"disk_format": "raw"}, {"disk_format": "iso"},
    {"container_format": "ova", "disk_format": "vmdk"}])
def test_conversion_leaves_others(make, tmp_path, members):
    service = make("image_conversion", "no_op")
    data = DISK
    if members["disk_format"] == "iso":
        data = bytes(0x8000) + b"\x01CD001\x01" + bytes(2041) + DISK

    image = imported(service, data, **members)

    assert_whole(service, image)
    assert image["disk_format"] == members["disk_format"]
    assert content(service, image) == data


def test_no_tool_opens_what_is_not_safe(make, qcow2, monkeypatch):
    opened = []
    monkeypatch.setattr("common.qemu_img.run",
                        lambda *args, **kwargs: opened.append(args))
    service = make("image_conversion", limit=1 << 21)
    for data, said in (
            (qcow2("-u", "-b", "/etc/passwd", "-F", "raw"), "unsafe qcow2"),
            (DISK[:1 << 20], "looks like raw"),
            (qcow2(size="3M", name="large"), "exceed the limit")):
        image = imported(service, data, disk_format="qcow2")
        assert said in service.task(image["id"])["message"]
        assert_nothing_left(service, image["id"])
    assert opened == []


def test_failed_conversion_leaves_nothing(make, disk, monkeypatch):
    """It passes the look at its head, and is damaged further on."""
    data = bytearray(disk("qcow2"))
    data[0x10000:0x50000] = b"\xff" * 0x40000
    service = make("image_conversion")

    image = imported(service, bytes(data), disk_format="qcow2")

    assert service.task(image["id"])["status"] == "failure"
    assert image["disk_format"] == "qcow2"
    assert_nothing_left(service, image["id"])


def zipped(*members, method=zipfile.ZIP_DEFLATED, comment=b""):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number, data in enumerate(members):
            info = zipfile.ZipInfo(f"../{number}")
            info.comment = comment
            archive.writestr(info, data, method)
    return made.getvalue()


@pytest.mark.parametrize("packed", [
    gzip.compress(DISK), zipped(DISK),
    gzip.compress(DISK[:999]) + bytes(99) + b"".join(
        gzip.compress(DISK[at:at + 9000]) for at in range(
            999, len(DISK), 9000)) + bytes(200_000),
    # With a name that is longer than what is read at once.
    b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 200_000 + b"\0"
    + gzip.compress(DISK)[10:],
    zipped(DISK, method=zipfile.ZIP_STORED)])
def test_decompression(make, packed):
    service = make("image_decompression")

    image = imported(service, packed)

    assert_whole(service, image)
    assert content(service, image) == DISK


def test_plugins_follow_each_other_once(make, web, disk):
    """What is packed twice is unpacked once, whatever happens between."""
    service = make("image_decompression", "image_conversion",
                   "inject_image_metadata", inject_metadata_properties={
                       "inject": {"licence": "site", "os_distro": "x"}})
    packed = web.add("/x.gz", gzip.compress(disk("qcow2")))
    image = service.create(disk_format="qcow2", os_distro="debian")["id"]
    service.start_import(image, "web-download", uri=packed)
    service.run()

    image = service.show(image)
    assert_whole(service, image)
    assert content(service, image) == DISK
    assert (image["disk_format"], image["os_distro"], image["licence"]) == (
        "raw", "x", "site")

    image = imported(service, gzip.compress(gzip.compress(DISK)))
    assert content(service, image)[:2] == b"\x1f\x8b"


@pytest.mark.parametrize(("packed", "said"), [
    (zipped(DISK, DISK), "one member"),
    (zipped(*[b""] * 70, comment=bytes(65535)), "damaged zip"),
    (zipped(b"x", method=zipfile.ZIP_LZMA), "unusual"),
    (gzip.compress(DISK)[:-9], "damaged gzip"),
    (gzip.compress(DISK) + b"x", "damaged gzip"),
    (gzip.compress(DISK)[:-8] + bytes(8), "damaged gzip"),
    (zipped(DISK)[:-9], "damaged zip"),
    (zipped(DISK).replace(DISK[:9], b"123456789"), "damaged zip"),
    (b"\x20\x00-lh5-" + bytes(99), "LHA"),
    (gzip.compress(bytes(80 << 20)), "exceed the limit"),
    (zipped(bytes(80 << 20)), "exceed the limit")])
def test_what_is_not_unpacked(make, packed, said):
    service = make("image_decompression")

    image = imported(service, packed)

    assert said in service.task(image["id"])["message"]
    assert_nothing_left(service, image["id"])


def test_compressed_images_stay_so(make):
    service = make("image_decompression")

    packed = gzip.compress(DISK)
    image = imported(service, packed, container_format="compressed")

    assert content(service, image) == packed


def test_injected_for_users_without_the_role(make):
    service = make("inject_image_metadata", inject_metadata_properties={
        "inject": {"licence": "site"}, "ignore_user_roles": ["ADMIN"]})

    assert imported(service, DISK)["licence"] == "site"
    assert "licence" not in imported(service, DISK, ctx=ADMIN)


def test_failed_import_takes_all_back(make, disk, monkeypatch):
    service = make("image_conversion", "inject_image_metadata",
                   inject_metadata_properties={
                       "inject": {"licence": "site", "os_distro": "x"}})
    break_store(service, monkeypatch, "file")

    image = imported(service, disk("qcow2"), disk_format="qcow2",
                     os_distro="debian")

    assert (image["disk_format"], image["os_distro"]) == ("qcow2", "debian")
    assert "licence" not in image
    assert_nothing_left(service, image["id"])
    monkeypatch.undo()
    service.stage(image["id"], disk("qcow2"))
    service.start_import(image["id"])
    service.run()
    assert service.show(image["id"])["disk_format"] == "raw"


def test_image_deleted_while_it_is_prepared(make, monkeypatch):
    service = make("image_decompression", "no_op")
    image = service.create()["id"]
    service.stage(image, gzip.compress(DISK))
    service.start_import(image)

    def hit(name):
        if name == "import.prepared":
            service.call("DELETE", f"/v2/images/{image}")
    monkeypatch.setattr(failpoint, "hit", hit)
    service.run()

    assert service.files() == service.staged() == []


def test_unknown_plugin_stops_the_start(make):
    with pytest.raises(ValueError, match="there is no magic"):
        make("magic")
