"""Bytes on nodes: a majority or nothing, and nothing damaged."""

import errno
import functools
import io
import os
import shutil

import pytest

from common import concurrency, db
from objectstore.blobs import BLOCK
from objectstore.db import models, objects
from tests.unit.objectstore.conftest import Service


def blobs(service):
    with service.db.reader() as session:
        return {row.id: row.state for row in session.query(models.Blob)}


def assert_nothing_left(service):
    service.collector.run_once()
    assert service.files() == []
    assert blobs(service) == {}


def copies(service):
    """Return the files of the only blob, by node."""
    return {path.relative_to(service.directory).parts[0]: path
            for path in service.directory.rglob("*") if path.is_file()}


def test_each_node_has_a_copy(service):
    service.call("PUT", "/c/x", b"content", status=201)

    assert [node for node, _ in service.files()] == ["n1", "n2", "n3"]


def test_overwrite_and_delete_free_the_bytes(service):
    service.call("PUT", "/c/x", b"old", status=201)
    service.call("PUT", "/c/x", b"new", status=201)
    service.collector.run_once()
    assert len(service.files()) == 3
    assert service.call("GET", "/c/x").body == b"new"
    service.call("DELETE", "/c/x", status=204)
    assert_nothing_left(service)


def test_old_bytes_stay_for_who_reads_them(service):
    content = os.urandom(3 * BLOCK)
    service.call("PUT", "/c/x", content, status=201)
    got = service.call("GET", "/c/x")
    parts = iter(got.app_iter)
    first = next(parts)
    service.call("DELETE", "/c/x", status=204)
    service.collector.run_once()

    assert first + b"".join(parts) == content


def test_unknown_length(service):
    content = os.urandom(2 * BLOCK + 3)

    assert service.send("/c/x", io.BytesIO(content)).status_int == 201
    assert service.call("GET", "/c/x").body == content


@pytest.mark.parametrize("length", [10, BLOCK + 1])
def test_body_that_ends_early_leaves_nothing(service, length):
    got = service.send("/c/x", io.BytesIO(b"abc"), length)

    assert 400 <= got.status_int < 500
    service.call("GET", "/c/x", status=404)
    assert_nothing_left(service)


def test_broken_connection_leaves_nothing(service):
    class Broken(io.BytesIO):
        def read(self, length=-1):
            data = super().read(length)
            if not data:
                raise OSError("connection reset")
            return data

    got = service.send("/c/x", Broken(b"a" * (BLOCK + 5)))
    assert 400 <= got.status_int < 500
    assert_nothing_left(service)


def test_too_large(tmp_path):
    service = Service(tmp_path, limit=10)
    service.call("PUT", "/c", status=201)

    service.call("PUT", "/c/x", b"x" * 11, status=413)
    assert service.send("/c/x", io.BytesIO(b"x" * 11)).status_int == 413
    service.call("PUT", "/c/x", b"x" * 10, status=201)
    service.db.dispose()


def test_one_node_down_is_no_matter(service, monkeypatch):
    monkeypatch.setattr(service.nodes[0], "_staging",
                        service.directory / "nowhere")

    service.call("PUT", "/c/x", b"content", status=201)
    assert [node for node, _ in service.files()] == ["n2", "n3"]
    assert service.call("GET", "/c/x").body == b"content"


def test_no_majority_no_object(service, monkeypatch):
    for node in service.nodes[:2]:
        monkeypatch.setattr(node, "_staging", service.directory / "nowhere")

    service.call("PUT", "/c/x", b"content", status=503)
    service.call("GET", "/c/x", status=404)
    monkeypatch.undo()
    assert_nothing_left(service)


def test_node_that_fails_half_way(service, monkeypatch):
    from objectstore.nodes import local
    whole = local.StagedFile.finish

    def finish(self):
        if "/n2/" in str(self._path):
            raise OSError(5, "I/O error")
        whole(self)
    monkeypatch.setattr(local.StagedFile, "finish", finish)

    service.call("PUT", "/c/x", b"content", status=201)
    assert service.call("GET", "/c/x").body == b"content"
    service.call("DELETE", "/c/x", status=204)
    monkeypatch.undo()
    assert_nothing_left(service)


def test_damaged_copies_are_passed_over(service):
    content = os.urandom(2 * BLOCK)
    service.call("PUT", "/c/x", content, status=201)
    paths = copies(service)
    damaged = bytearray(content)
    damaged[BLOCK + 7] ^= 1
    paths["n1"].write_bytes(damaged)
    paths["n2"].unlink()

    assert service.call("GET", "/c/x").body == content
    paths["n3"].write_bytes(damaged)
    assert service.call("GET", "/c/x", Range="bytes=0-9").body == (
        content[:10])
    service.call("GET", "/c/x", Range=f"bytes={BLOCK}-", status=503)


def test_truncated_copy_is_damaged(service):
    service.call("PUT", "/c/x", b"content", status=201)
    for path in copies(service).values():
        path.write_bytes(b"cont")

    service.call("GET", "/c/x", status=503)


def test_upload_of_a_dead_process_is_given_up(service):
    """As kill -9 leaves it: a staged copy and a row."""
    blob_id = db.new_id()
    with service.db.writer() as session:
        objects.begin(session, blob_id, "boot/space/1/0/x",
                      service.store.names)
    writer = service.store.stage(blob_id)
    writer.write(b"half")
    writer.close()

    service.collector.run_once()
    assert len(service.files()) == 3  # its lease lives
    with service.db.writer() as session:
        session.query(models.Blob).update({"expires_at": 0.0})
    service.collector.run_once()
    assert_nothing_left(service)


def test_upload_given_up_meanwhile_does_not_count(service):
    class Slow(io.BytesIO):
        def read(self, length=-1):
            with service.db.writer() as session:
                session.query(models.Blob).update({"state": "doomed"})
            service.collector.run_once()
            return super().read(length)

    got = service.send("/c/x", Slow(b"content"), 7)
    assert got.status_int == 503
    service.call("GET", "/c/x", status=404)
    assert_nothing_left(service)


def test_container_deleted_meanwhile(service):
    class Slow(io.BytesIO):
        def read(self, length=-1):
            service.call("DELETE", "/c", status=204)
            return super().read(length)

    assert service.send("/c/x", Slow(b"abc"), 3).status_int == 404
    assert_nothing_left(service)


def test_node_that_is_away_keeps_the_row(service):
    service.call("PUT", "/c/x", b"content", status=201)
    service.call("DELETE", "/c/x", status=204)
    away = service.directory / "n2"
    shutil.move(away, service.directory / "gone")
    away.write_text("not a directory")

    service.collector.run_once()
    assert list(blobs(service).values()) == ["doomed"]
    away.unlink()
    shutil.move(service.directory / "gone", away)
    assert_nothing_left(service)


def test_reader_gets_the_new_bytes_when_the_old_go_meanwhile(
        service, monkeypatch):
    service.call("PUT", "/c/x", b"old", status=201)
    opened = service.store.open

    def replaced_meanwhile(*args):
        monkeypatch.undo()
        service.call("PUT", "/c/x", b"new one", status=201)
        service.collector.run_once()
        return opened(*args)
    monkeypatch.setattr(service.store, "open", replaced_meanwhile)

    got = service.call("GET", "/c/x", status=200)
    assert (got.body, got.content_length) == (b"new one", 7)


def test_full_disk(service, monkeypatch):
    """Refused, with nothing left; as soon as there is room, it works."""
    from objectstore.nodes import local

    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")
    service.call("PUT", "/c/x", b"old", status=201)
    monkeypatch.setattr(local.StagedFile, "write", full)
    service.call("PUT", "/c/x", b"new", status=507)
    monkeypatch.undo()

    assert service.call("GET", "/c/x").body == b"old"
    service.call("DELETE", "/c/x", status=204)
    assert_nothing_left(service)
    service.call("PUT", "/c/x", b"new", status=201)


def test_upload_that_dies_between_bytes_and_index(service):
    """The copies have their names already, and the object none."""
    blob_id = db.new_id()
    with service.db.writer() as session:
        objects.begin(session, blob_id, "boot/space/1/0/x",
                      service.store.names)
    writer = service.store.stage(blob_id)
    writer.write(b"whole")
    writer.finish()
    writer.close()
    with service.db.writer() as session:
        session.query(models.Blob).update({"expires_at": 0.0})

    service.collector.run_once()
    assert_nothing_left(service)


def test_copy_is_gone_for_good_before_its_row(service, monkeypatch):
    service.call("PUT", "/c/x", b"content", status=201)
    folders = {str(path.parent) for path in copies(service).values()}
    service.call("DELETE", "/c/x", status=204)
    forget, at_the_end = objects.forget, []
    synced = set()
    fsync = os.fsync

    def note(fd):
        synced.add(os.readlink(f"/proc/self/fd/{fd}"))
        fsync(fd)
    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(objects, "forget", lambda session, ids: (
        at_the_end.append(folders <= synced), forget(session, ids)))
    service.collector.run_once()

    assert at_the_end == [True]


def test_everybody_at_one_name(service):
    """Whatever comes first, what is counted is what is there."""
    def write(number):
        got = service.call("PUT", "/c/x", b"x" * number)
        assert got.status_int == 201
        service.call("POST", "/c/x", X_Object_Meta_A=str(number))
        service.call("COPY", "/c/x", Destination="c/y")
        got = service.call("GET", "/c/x")
        assert got.status_int == 404 or len(got.body) == got.content_length
        service.call("DELETE", "/c/x" if number % 2 else "/c/y")
        service.collector.run_once()
    concurrency.gather(*[
        functools.partial(write, number) for number in range(1, 7)])

    there = service.call("GET", "/c?format=json").json
    head = service.call("HEAD", "/c").headers
    assert head["X-Container-Object-Count"] == str(len(there))
    assert head["X-Container-Bytes-Used"] == str(
        sum(item["bytes"] for item in there))
    for item in there:
        got = service.call("GET", f"/c/{item['name']}", status=200)
        assert len(got.body) == item["bytes"]
        service.call("DELETE", f"/c/{item['name']}", status=204)
    assert_nothing_left(service)
