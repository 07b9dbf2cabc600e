"""Uploads and downloads: all of the data, or nothing."""

import hashlib
import io
import os
import subprocess

import pytest
import webob

from common import concurrency, db, exceptions
from imagestore.db import data as data_rows
from imagestore.db import models
from tests.unit.imagestore.conftest import (
    ADMIN,
    OTHER,
    READER,
    Service,
)


def put(service, image_id, source, length):
    """Upload from a file object that may lie about its length."""
    req = webob.Request.blank(
        f"/v2/images/{image_id}/file", method="PUT",
        content_type="application/octet-stream")
    req.environ["wsgi.input"] = source
    if length is not None:
        req.environ["CONTENT_LENGTH"] = str(length)
    from tests import base
    req.environ["common.context"] = base.make_ctx()
    return req.get_response(service.router)


def assert_nothing_left(service, image_id):
    """The image waits for data, and the store is as if nothing was."""
    service.collector.run_once()
    assert service.show(image_id)["status"] == "queued"
    assert service.files() == []
    with service.db.reader() as session:
        assert session.query(models.Data).count() == 0


def test_upload_and_download(service):
    image = service.create()["id"]
    content = os.urandom(3 << 20)
    service.upload(image, content)

    shown = service.show(image)
    assert shown["status"] == "active"
    assert shown["size"] == shown["virtual_size"] == len(content)
    assert shown["checksum"] == hashlib.md5(content).hexdigest()
    assert shown["os_hash_algo"] == "sha512"
    assert shown["os_hash_value"] == hashlib.sha512(content).hexdigest()
    got = service.call("GET", f"/v2/images/{image}/file", ctx=READER)
    assert got.body == content
    assert got.headers["Content-MD5"] == shown["checksum"]
    assert got.content_type == "application/octet-stream"
    assert len(service.files()) == 1


def test_queued_image_has_no_content(service):
    image = service.create()["id"]

    service.call("GET", f"/v2/images/{image}/file", status=204)


def test_unknown_length_is_fine(service):
    image = service.create()["id"]

    assert put(service, image, io.BytesIO(b"abc"), None).status_int == 204
    assert service.show(image)["size"] == 3


@pytest.mark.parametrize("header, body, shown", [
    ("bytes=0-2", b"012", "bytes 0-2/10"),
    ("bytes=7-", b"789", "bytes 7-9/10"),
    ("bytes=-4", b"6789", "bytes 6-9/10"),
    ("bytes=5-99", b"56789", "bytes 5-9/10"),
])
def test_range(service, header, body, shown):
    image = service.create()["id"]
    service.upload(image, b"0123456789")

    got = service.call("GET", f"/v2/images/{image}/file",
                       headers={"Range": header}, status=206)

    assert (got.body, got.headers["Content-Range"]) == (body, shown)


def test_range_beyond_the_end(service):
    image = service.create()["id"]
    service.upload(image, b"0123456789")

    service.call("GET", f"/v2/images/{image}/file",
                 headers={"Range": "bytes=10-"}, status=416)


def test_second_upload_is_a_conflict(service):
    image = service.create()["id"]
    service.upload(image, b"first")

    service.upload(image, b"second", status=409)

    got = service.call("GET", f"/v2/images/{image}/file")
    assert got.body == b"first"


def test_upload_needs_formats_and_type(service):
    image = service.create(disk_format=None)["id"]
    service.upload(image, status=400)
    service.call("PUT", f"/v2/images/{image}/file", b"x",
                 headers={"Content-Type": "text/plain"}, status=415)
    service.patch(image, {
        "op": "add", "path": "/disk_format", "value": "raw"})
    service.upload(image)
    service.patch(image, {
        "op": "replace", "path": "/disk_format", "value": "iso"},
        status=403)


def test_who_may_not_upload(service):
    image = service.create(visibility="community")["id"]

    service.upload(image, ctx=READER, status=403)
    service.upload(image, ctx=OTHER, status=403)
    assert_nothing_left(service, image)


def test_qcow2_is_measured(service, qcow2):
    image = service.create(disk_format="qcow2")["id"]
    service.upload(image, qcow2(size="5G"))

    assert service.show(image)["virtual_size"] == 5 << 30


def refuse(service, content, text, **members):
    image = service.create(**members)["id"]
    got = service.upload(image, content, status=400)
    assert text in got.text, got.text
    assert_nothing_left(service, image)


def test_refuse_what_is_not_what_it_claims(service, qcow2):
    refuse(service, qcow2(), "looks like qcow2", disk_format="raw")
    refuse(service, b"\0" * 4096, "looks like raw", disk_format="qcow2")
    refuse(service, b"", "looks like raw", disk_format="qcow2")
    refuse(service, qcow2(), "looks like qcow2", disk_format="vmdk")
    refuse(service, b"x" * 99, "looks like raw", disk_format="ploop")


def test_all_data_are_taken_if_formats_need_not_match(tmp_path, qcow2):
    service = Service(tmp_path, require_image_format_match=False)
    for kind, content in [
            ("raw", qcow2()), ("qcow2", b"x" * 99),
            ("qcow2", qcow2("-u", "-b", "/etc/passwd", "-F", "raw"))]:
        image = service.create(disk_format=kind)["id"]
        service.upload(image, content)
        assert service.show(image)["virtual_size"] is None
    service.db.dispose()


def test_refuse_backing_file(service, qcow2):
    content = qcow2("-u", "-b", "/etc/passwd", "-F", "raw")

    refuse(service, content, "unsafe qcow2", disk_format="qcow2")


def test_refuse_external_data_file(service, qcow2, tmp_path):
    content = qcow2("-o", f"data_file={tmp_path}/d,data_file_raw=on")

    refuse(service, content, "unsafe qcow2", disk_format="qcow2")


def test_refuse_unsafe_vmdk(service, tmp_path):
    path = tmp_path / "x.vmdk"
    subprocess.run(["qemu-img", "create", "-q", "-f", "vmdk", "-o",
                    "subformat=monolithicFlat", str(path), "1M"],
                   check=True)

    refuse(service, path.read_bytes(), "", disk_format="vmdk")


def test_vmdk_in_one_file_is_fine(service, tmp_path):
    path = tmp_path / "x.vmdk"
    subprocess.run(["qemu-img", "create", "-q", "-f", "vmdk", "-o",
                    "subformat=streamOptimized", str(path), "1M"],
                   check=True)
    image = service.create(disk_format="vmdk")["id"]

    service.upload(image, path.read_bytes())


def test_short_body_leaves_nothing(service):
    image = service.create()["id"]

    got = put(service, image, io.BytesIO(b"abc"), 10)

    assert got.status_int == 400
    assert_nothing_left(service, image)
    service.upload(image, b"whole")


def test_broken_connection_leaves_nothing(service):
    class Broken:
        def read(self, length):
            raise OSError("connection reset")
    image = service.create()["id"]

    assert put(service, image, Broken(), None).status_int == 400
    assert_nothing_left(service, image)


def test_too_large(tmp_path):
    service = Service(tmp_path, limit=10)
    image = service.create()["id"]

    service.upload(image, b"x" * 11, status=413)
    assert put(service, image, io.BytesIO(b"x" * 11), None).status_int == 413
    assert_nothing_left(service, image)
    service.db.dispose()


def test_full_disk(service, monkeypatch):
    image = service.create()["id"]

    def full(self, view):
        raise OSError(28, "no space")
    from imagestore.stores import file
    monkeypatch.setattr(file.StagedFile, "write", lambda self, chunk: (
        _ for _ in ()).throw(file._translated(OSError(28, "full"))))
    service.upload(image, status=413)
    assert_nothing_left(service, image)


def test_delete_removes_the_data(service):
    image = service.create()["id"]
    service.upload(image)
    service.call("DELETE", f"/v2/images/{image}", status=204)

    assert service.collector.run_once() == 1
    assert service.files() == []


def test_deleted_while_uploading(service):
    image = service.create()["id"]

    class Slow(io.BytesIO):
        def read(self, length=-1):
            chunk = super().read(length)
            if not chunk:
                service.call("DELETE", f"/v2/images/{image}", status=204)
            return chunk
    assert put(service, image, Slow(b"abc"), None).status_int == 410
    service.collector.run_once()
    assert service.files() == []
    service.call("GET", f"/v2/images/{image}", status=404)


def test_upload_of_a_dead_process_is_given_up(service):
    """As kill -9 leaves it: a staged file, a row, an image in saving."""
    image = service.create()["id"]
    data_id = db.new_id()
    with service.db.writer() as session:
        data_rows.take(session, image, "saving", data_id)
        data_rows.begin(
            session, image, data_id, "boot/space/1/0/x", "file")
    staged = service.store.stage(data_id)
    staged.write(b"half")
    staged.close()

    service.collector.run_once()
    assert service.show(image)["status"] == "saving"  # its lease lives
    with service.db.writer() as session:
        session.query(models.Data).update({"expires_at": 0.0})
    service.collector.run_once()
    assert_nothing_left(service, image)


def test_unknown_files_are_left_alone(service):
    (service.directory / "somebody's").write_text("x")

    service.collector.run_once()
    assert service.files() == ["somebody's"]


def test_damage_is_never_served_whole(service):
    image = service.create()["id"]
    service.upload(image, b"0123456789")
    path = service.directory / service.files()[0]
    path.write_bytes(b"012345678X")
    got = service.call("GET", f"/v2/images/{image}/file")
    with pytest.raises(Exception):
        got.body

    path.write_bytes(b"short")
    service.call("GET", f"/v2/images/{image}/file", status=500)


def test_data_of_a_deactivated_image_are_for_admins(service):
    image = service.create()["id"]
    service.call("POST", f"/v2/images/{image}/actions/deactivate",
                 ctx=ADMIN, status=403)
    service.upload(image)
    service.call("POST", f"/v2/images/{image}/actions/deactivate",
                 ctx=READER, status=403)
    service.call("POST", f"/v2/images/{image}/actions/deactivate",
                 status=204)

    assert service.show(image)["status"] == "deactivated"
    service.call("GET", f"/v2/images/{image}/file", status=403)
    service.call("GET", f"/v2/images/{image}/file", ctx=ADMIN, status=200)
    service.call("POST", f"/v2/images/{image}/actions/reactivate",
                 status=204)
    service.call("GET", f"/v2/images/{image}/file", status=200)


def test_upload_outlives_a_database_that_is_away(service, monkeypatch):
    image = service.create()["id"]
    renew, away = data_rows.renew, [exceptions.ServiceUnavailable()]

    def fail_once(*args):
        if away:
            raise away.pop()
        return renew(*args)
    monkeypatch.setattr(data_rows, "renew", fail_once)
    monkeypatch.setattr(data_rows, "LEASE_S", 0.8)

    class Slow(io.BytesIO):
        def read(self, *args):
            concurrency.sleep(1.5)
            service.collector.run_once()
            return super().read(*args)

    assert put(service, image, Slow(b"data"), 4).status_int == 204
    assert service.show(image)["status"] == "active"
