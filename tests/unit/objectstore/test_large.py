"""Large objects: segments that are read as one."""

import hashlib
import json
import os

import pytest

from common import db
from objectstore.blobs import BLOCK
from tests import base
from tests.unit.objectstore.conftest import MEMBER, OTHER, ROOT

JSON = "application/json"


def md5(*texts):
    return hashlib.md5(b"".join(texts)).hexdigest()


def put_segments(service, *contents, container="s"):
    """Store segments; return the manifest that names them."""
    service.call("PUT", f"/{container}")
    manifest = []
    for number, content in enumerate(contents):
        path = f"/{container}/seg{number}"
        got = service.call("PUT", path, content, status=201)
        manifest.append({"path": path, "etag": got.headers["ETag"],
                         "size_bytes": len(content)})
    return manifest


def put_manifest(service, manifest, path="/c/big", status=201, **headers):
    return service.call("PUT", f"{path}?multipart-manifest=put",
                        json.dumps(manifest).encode(), status=status,
                        **headers)


def make(service, *contents, path="/c/big", **headers):
    """Make a static large object; return its ETag."""
    return put_manifest(service, put_segments(service, *contents), path,
                        **headers).headers["ETag"]


def test_static_large_object(service):
    contents = [os.urandom(BLOCK + 17), b"x", os.urandom(3 * BLOCK)]
    whole = b"".join(contents)
    etag = f'"{md5(*(md5(each).encode() for each in contents))}"'

    assert etag == make(service, *contents, Content_Type="image/png",
                        X_Object_Meta_A="1", ETag=etag)

    for method in ("GET", "HEAD"):
        got = service.call(method, "/c/big", status=200)
        assert got.headers["ETag"] == etag
        assert got.headers["X-Static-Large-Object"] == "True"
        assert got.headers["X-Object-Meta-A"] == "1"
        assert got.content_length == len(whole)
        assert got.content_type == "image/png"
    assert service.call("GET", "/c/big").body == whole
    for start, end in ((0, 1), (BLOCK + 16, BLOCK + 19),
                       (BLOCK + 17, 2 * BLOCK), (5, len(whole) - 5),
                       (len(whole) - 1, len(whole) + 9)):
        got = service.call("GET", "/c/big", status=206,
                           Range=f"bytes={start}-{end - 1}")
        assert got.body == whole[start:end]
    got = service.call("GET", "/c/big", status=206, Range="bytes=0-1,-3")
    assert whole[:2] in got.body and whole[-3:] in got.body
    service.call("GET", "/c/big", status=416, Range=f"bytes={len(whole)}-")
    service.call("GET", "/c/big", status=304, If_None_Match=etag)
    service.call("GET", "/c/big", status=412, If_Match="other")


def test_lists_show_the_whole_and_count_the_manifest(service):
    etag = make(service, b"12345", b"678")

    [shown] = service.call("GET", "/c?format=json").json
    manifest = service.call("GET", "/c/big?multipart-manifest=get")
    assert shown["bytes"] == 8 and shown["slo_etag"] == etag
    assert shown["hash"] == manifest.headers["ETag"] == md5(manifest.body)
    used = service.call("HEAD", "/c").headers["X-Container-Bytes-Used"]
    assert int(used) == len(manifest.body)


def test_manifest_can_be_read(service):
    sent = put_segments(service, b"12345", b"678")
    sent[1]["range"] = "1-"
    put_manifest(service, sent)

    got = service.call("GET", "/c/big?multipart-manifest=get", status=200)
    assert got.headers["Content-Type"] == "application/json; charset=utf-8"
    assert got.headers["X-Static-Large-Object"] == "True"
    first, second = got.json
    assert (first["name"], first["bytes"], first["hash"]) == (
        "/s/seg0", 5, md5(b"12345"))
    assert (second["range"], second["bytes"]) == ("1-2", 3)
    got = service.call("GET", "/c/big?multipart-manifest=get&format=raw")
    sent[1]["range"] = "1-2"
    assert got.json == sent
    assert got.headers["ETag"] == md5(got.body)
    put_manifest(service, got.json, "/c/again")
    assert service.call("GET", "/c/again").body == b"1234578"


@pytest.mark.parametrize("span, content", [
    ("0-0", b"0"), ("8-", b"89"), ("-3", b"789"), ("2-99", b"23456789")])
def test_segment_may_be_part_of_an_object(service, span, content):
    [part] = put_segments(service, b"0123456789")
    put_manifest(service, [part | {"range": span}, part])

    assert service.call("GET", "/c/big").body == content + b"0123456789"


def test_large_object_of_large_objects(service):
    inner = make(service, b"01234", b"56789", path="/s/inner")
    put_manifest(service, [
        {"path": "/s/seg0", "etag": None, "size_bytes": None},
        {"path": "s/inner", "etag": inner, "size_bytes": 10,
         "range": "3-6"}])

    assert service.call("GET", "/c/big").body == b"012343456"
    shown = service.call("GET", "/c/big?multipart-manifest=get").json[1]
    assert shown["sub_slo"] is True
    # The same way down once more for each of ten.
    path = "/s/inner"
    for depth in range(10):
        put_manifest(service, [{"path": path}], f"/s/deep{depth}")
        path = f"/s/deep{depth}"
    assert service.call("GET", "/s/deep7").body == b"0123456789"
    service.call("GET", path, status=400)


def replaced(**members):
    return lambda manifest: [manifest[0] | members, manifest[1]]


@pytest.mark.parametrize("change, status, text", [
    (replaced(etag="0" * 32), 400, "/s/seg0, Etag Mismatch"),
    (replaced(size_bytes=4), 400, "/s/seg0, Size Mismatch"),
    (replaced(path="/s/none"), 400, "/s/none, 404 Not Found"),
    (replaced(path="/none/seg0"), 400, "/none/seg0, 404 Not Found"),
    (replaced(range="9-"), 400, "/s/seg0, Unsatisfiable Range"),
    (replaced(range="x"), 400, "/s/seg0, Unsatisfiable Range"),
    (replaced(path="/s/empty", etag=None, size_bytes=0), 400, "Too Small"),
    (replaced(path="/c/big"), 409, "cannot name itself"),
    (replaced(path="/s"), 400, "object"),
    (replaced(size_bytes=-1), 400, "size_bytes"),
    (replaced(colour="blue"), 400, "colour"),
    (lambda manifest: [], 400, "manifest"),
    (lambda manifest: {}, 400, "manifest"),
    (lambda manifest: manifest * 501, 413, "1000"),
])
def test_bad_manifests(service, change, status, text):
    manifest = put_segments(service, b"12345", b"678")
    service.call("PUT", "/s/empty", b"", status=201)

    assert text in put_manifest(service, change(manifest), status=status).text
    service.call("GET", "/c/big", status=404)


def test_manifest_that_is_none(service):
    put = "/c/big?multipart-manifest=put"
    service.call("PUT", put, b"no JSON", status=400)
    service.call("PUT", put, b" " * ((8 << 20) + 1), status=413)
    manifest = put_segments(service, b"12345")
    put_manifest(service, manifest, status=422, ETag=md5(b"other"))
    put_manifest(service, manifest, status=404, path="/none/big")
    service.call("GET", "/c/big", status=404)
    put_manifest(service, manifest, If_None_Match="*")
    put_manifest(service, manifest, status=412, If_None_Match="*")


def test_segment_that_changes_breaks_the_large_object(service):
    make(service, b"12345", b"678")
    service.call("PUT", "/s/seg0", b"other", status=201)
    service.call("GET", "/c/big", status=409)
    assert service.call("GET", "/c/big", status=206,
                        Range="bytes=5-").body == b"678"
    service.call("DELETE", "/s/seg1", status=204)
    service.call("GET", "/c/big", status=409, Range="bytes=5-")
    service.call("HEAD", "/c/big", status=200)


def test_segment_that_goes_while_it_becomes_one(service):
    """There is no moment at which it could go unseen."""
    manifest = put_segments(service, b"12345", b"678")
    stage = service.store.stage

    def stage_late(blob_id):
        service.call("DELETE", "/s/seg1", status=204)
        return stage(blob_id)
    service.store.stage = stage_late
    put_manifest(service, manifest, status=409)
    service.store.stage = stage

    service.call("GET", "/c/big", status=404)
    service.collector.run_once()
    assert len(service.files()) == 3


def test_metadata_may_change(service):
    etag = make(service, b"12345", X_Object_Meta_A="1")
    service.call("POST", "/c/big", status=202, X_Object_Meta_B="2")

    got = service.call("GET", "/c/big")
    assert (got.body, got.headers["ETag"]) == (b"12345", etag)
    assert "X-Object-Meta-A" not in got.headers
    service.call("PUT", "/c/big", b"plain", status=201)
    got = service.call("GET", "/c/big")
    assert "X-Static-Large-Object" not in got.headers
    assert got.headers["ETag"] == md5(b"plain")


def test_delete_with_all_segments(service):
    make(service, b"1", b"2", path="/s/inner")
    put_manifest(service, [{"path": "/s/inner"}, {"path": "/s/seg0"}])
    service.call("DELETE", "/s/seg1", status=204)

    got = service.call("DELETE", "/c/big?multipart-manifest=delete",
                       status=200, Accept=JSON)
    assert got.json == {
        "Number Deleted": 3, "Number Not Found": 1, "Errors": [],
        "Response Status": "200 OK", "Response Body": ""}
    service.collector.run_once()
    assert service.files() == []
    head = service.call("HEAD", "/s").headers
    assert head["X-Container-Object-Count"] == "0"
    assert head["X-Container-Bytes-Used"] == "0"
    service.call("DELETE", "/s", status=204)


def test_delete_follows_no_more_manifests_than_reading(service):
    put_segments(service, b"1")
    for number in range(101):
        put_manifest(service, [{"path": "/s/seg0"}], f"/c/{number}")
    inner = [{"path": f"/c/{number}"} for number in range(101)]
    put_manifest(service, inner)
    put_manifest(service, inner[:100], "/c/most")

    got = service.call("DELETE", "/c/big?multipart-manifest=delete",
                       status=200, Accept=JSON).json
    assert (got["Number Deleted"], got["Response Status"]) == (
        0, "400 Bad Request")
    assert "too many" in got["Errors"][0][1]
    got = service.call("DELETE", "/c/most?multipart-manifest=delete",
                       status=200, Accept=JSON).json
    assert (got["Number Deleted"], got["Errors"]) == (102, [])


def test_delete_alone_keeps_the_segments(service):
    make(service, b"12345")
    service.call("DELETE", "/c/big", status=204)

    assert service.call("GET", "/s/seg0").body == b"12345"
    got = service.call("DELETE", "/c/big?multipart-manifest=delete",
                       status=200)
    assert "Number Not Found: 1\n" in got.text
    got = service.call("DELETE", "/s/seg0?multipart-manifest=delete",
                       status=200)
    assert "Response Status: 400" in got.text
    assert "/s/seg0, 400 Not an SLO manifest" in got.text
    assert service.call("GET", "/s/seg0").body == b"12345"


def test_copy_makes_a_plain_object_of_it(service):
    make(service, b"12345", b"678", X_Object_Meta_A="1")
    service.call("COPY", "/c/big", status=201, Destination="c/plain")
    service.call("PUT", "/c/manifest?multipart-manifest=get", b"",
                 status=201, X_Copy_From="/c/big")
    service.call("DELETE", "/s/seg0", status=204)

    got = service.call("GET", "/c/plain")
    assert (got.body, got.headers["ETag"]) == (b"12345678", md5(b"12345678"))
    assert got.headers["X-Object-Meta-A"] == "1"
    assert "X-Static-Large-Object" not in got.headers
    service.call("GET", "/c/manifest", status=409)
    service.call("COPY", "/c/big", status=409, Destination="c/other")
    service.call("GET", "/c/other", status=404)


def strange(service, path="/c/big", method="GET"):
    return base.call(service.router, method, ROOT + path, ctx=OTHER)


@pytest.mark.parametrize("dynamic", [False, True])
def test_strangers_need_the_segments_container_too(service, dynamic):
    make(service, b"12345")
    if dynamic:
        service.call("PUT", "/c/big", b"", status=201,
                     X_Object_Manifest="s/seg")
    service.call("POST", "/c", status=204, X_Container_Read="p2:u2")
    assert strange(service).status_int == 403
    service.call("POST", "/s", status=204, X_Container_Read="p2:u2")
    assert strange(service).body == b"12345"


def test_manifest_opens_no_container_to_who_may_write_another(service):
    manifest = put_segments(service, b"12345")
    service.call("POST", "/c", status=204, X_Container_Write="p2:u2",
                 X_Container_Read="p2:u2")

    def attempt():
        return base.call(
            service.router, "PUT", f"{ROOT}/c/big?multipart-manifest=put",
            json.dumps(manifest).encode(), ctx=OTHER).status_int
    assert attempt() == 403
    service.call("POST", "/s", status=204, X_Container_Read="p2:u2")
    assert attempt() == 201
    got = strange(service, "/c/big?multipart-manifest=delete", "DELETE")
    assert "/s/seg0, 403" in got.text
    assert service.call("GET", "/c/big").body == b"12345"


def test_deletion_tells_of_no_segments_to_who_may_not_read(service):
    service.call("PUT", "/m")
    make(service, b"1", b"2", path="/m/inner")
    put_manifest(service, [{"path": "/m/inner"}])

    def attempt():
        got = strange(service, "/c/big?multipart-manifest=delete", "DELETE")
        assert "seg" not in got.text
        return got.text
    service.call("POST", "/c", status=204, X_Container_Write="p2:u2")
    assert "/c/big, 403" in attempt()
    service.call("POST", "/c", status=204, X_Container_Read="p2:u2")
    assert "/c/big, 403" in attempt()
    service.call("POST", "/m", status=204, X_Container_Read="p2:u2")
    got = strange(service, "/c/big?multipart-manifest=delete", "DELETE")
    assert "/s/seg1, 403" in got.text
    assert service.call("GET", "/c/big").body == b"12"


def test_large_objects_have_a_largest_size(service):
    [segment] = put_segments(service, b"x" * (1 << 14))
    for level in range(5):
        put_manifest(service, [segment] * 1000, f"/s/{level}",
                     413 if level == 4 else 201)
        segment = {"path": f"/s/{level}"}
    service.call("GET", "/s/2", status=400)
    service.call("GET", "/s/4", status=404)


def test_queries_do_not_grow_with_segments(service):
    def count(path, segments):
        manifest = put_segments(service, *[b"x"] * segments)
        with db.count_queries(service.db) as put:
            put_manifest(service, manifest, path)
        with db.count_queries(service.db) as read:
            service.call("HEAD", path, status=200)
            service.call("GET", path, status=206, Range="bytes=0-0")
        with db.count_queries(service.db) as deleted:
            service.call("DELETE", f"{path}?multipart-manifest=delete")
        return put.count, read.count, deleted.count
    assert count("/c/one", 1) == count("/c/many", 30)


def test_dynamic_large_object(service):
    put_segments(service, b"12345", b"678", b"")
    service.call("PUT", "/c/big", b"", status=201, Content_Type="image/png",
                 X_Object_Manifest="s/seg")

    etag = f'"{md5(*(md5(e).encode() for e in (b"12345", b"678", b"")))}"'
    for method in ("GET", "HEAD"):
        got = service.call(method, "/c/big", status=200)
        assert got.headers["X-Object-Manifest"] == "s/seg"
        assert (got.headers["ETag"], got.content_length) == (etag, 8)
    assert service.call("GET", "/c/big").body == b"12345678"
    assert service.call("GET", "/c/big", status=206,
                        Range="bytes=4-5").body == b"56"
    # It is what is there when it is read.
    service.call("PUT", "/s/seg00", b"-", status=201)
    assert service.call("GET", "/c/big").body == b"12345-678"
    service.call("COPY", "/c/big", status=201, Destination="c/plain")
    assert "X-Object-Manifest" not in service.call("HEAD", "/c/plain").headers
    service.call("COPY", "/c/big?multipart-manifest=get", status=201,
                 Destination="c/two")
    service.call("POST", "/c/big", status=202)
    assert service.call("GET", "/c/big").body == b""
    assert service.call("GET", "/c/plain").body == b"12345-678"
    assert service.call("GET", "/c/two").body == b"12345-678"
    got = service.call("GET", "/c/two?multipart-manifest=get")
    assert (got.body, got.headers["ETag"]) == (b"", md5(b""))
    service.call("POST", "/c/big", status=202, X_Object_Manifest="s/none")
    assert service.call("GET", "/c/big").body == b""
    service.call("POST", "/c/big", status=202, X_Object_Manifest="none/x")
    service.call("GET", "/c/big", status=404)


def test_dynamic_large_object_of_static_ones(service):
    make(service, b"12345", b"678", path="/s/part1")
    service.call("PUT", "/s/part2", b"-", status=201)
    service.call("PUT", "/c/big", b"", status=201,
                 X_Object_Manifest="s/part")

    assert service.call("GET", "/c/big").body == b"12345678-"


@pytest.mark.parametrize("target", ["s", "s/", "/s/x", "s/x?y", "s/x&y"])
def test_manifest_that_names_no_segments(service, target):
    for method in ("PUT", "POST"):
        service.call("PUT", "/c/old", b"", status=201)
        service.call(method, "/c/old", b"", status=400,
                     X_Object_Manifest=target)


def test_what_there_is_is_told(service):
    got = base.call(service.router, "GET", "/info", ctx=MEMBER).json
    assert got["slo"]["max_manifest_segments"] == 1000
    assert "dlo" in got
