"""Accounts, containers and objects over the Swift API."""

import hashlib
import os
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import webob

from common import db
from objectstore import app
from tests import base
from tests.unit.objectstore.conftest import (
    ADMIN,
    MEMBER,
    NOBODY,
    OTHER,
    READER,
    RESELLER,
    ROOT,
)


def test_put_and_get(service):
    content = os.urandom((2 << 20) + 17)
    etag = hashlib.md5(content).hexdigest()

    put = service.call("PUT", "/c/a/b c", content, status=201,
                       Content_Type="image/png", X_Object_Meta_Colour="blå"
                       .encode().decode("latin-1"))
    got = service.call("GET", "/c/a/b c", status=200)

    assert put.headers["ETag"] == got.headers["ETag"] == etag
    assert got.body == content
    assert got.content_type == "image/png"
    assert got.headers["X-Object-Meta-Colour"].encode("latin-1") == (
        "blå".encode())
    assert got.headers["Accept-Ranges"] == "bytes"
    assert float(got.headers["X-Timestamp"]) > 0
    head = service.call("HEAD", "/c/a/b c", status=200)
    assert head.body == b"" and head.content_length == len(content)
    assert got.headers["Last-Modified"] == head.headers["Last-Modified"]


def test_empty_object_and_guessed_type(service):
    service.call("PUT", "/c/x.html", b"", status=201)

    got = service.call("GET", "/c/x.html", status=200)
    assert (got.body, got.content_type) == (b"", "text/html")


def test_account_counts_what_is_there(service):
    service.call("PUT", "/c/x", b"12345", status=201)
    service.call("PUT", "/c/x", b"123", status=201)
    service.call("PUT", "/c/y", b"1", status=201)

    for head in (service.call("HEAD", "", status=204),
                 service.call("GET", "", status=200)):
        assert head.headers["X-Account-Container-Count"] == "1"
        assert head.headers["X-Account-Object-Count"] == "2"
        assert head.headers["X-Account-Bytes-Used"] == "4"
    head = service.call("HEAD", "/c", status=204)
    assert head.headers["X-Container-Object-Count"] == "2"
    assert head.headers["X-Container-Bytes-Used"] == "4"
    service.call("DELETE", "/c/x", status=204)
    service.call("DELETE", "/c/x", status=404)
    assert service.call("GET", "/c").text == "y\n"


def test_unused_account_is_empty(service):
    got = base.call(service.router, "GET", "/v1/AUTH_p2", ctx=OTHER)

    assert got.status_int == 204
    got = base.call(service.router, "GET", "/v1/AUTH_p2?format=json",
                    ctx=OTHER)
    assert (got.status_int, got.json) == (200, [])


def test_account_metadata(service):
    service.call("POST", "", status=204, X_Account_Meta_A="1",
                 X_Account_Meta_B="2")
    service.call("POST", "", status=204, X_Remove_Account_Meta_A="x",
                 X_Account_Meta_C="3")

    head = service.call("HEAD", "")
    assert "X-Account-Meta-A" not in head.headers
    assert head.headers["X-Account-Meta-B"] == "2"
    assert head.headers["X-Account-Meta-C"] == "3"


def test_container_life(service):
    service.call("PUT", "/c", status=202, X_Container_Meta_A="1")
    assert service.call("HEAD", "/c").headers["X-Container-Meta-A"] == "1"
    service.call("POST", "/c", status=204, X_Container_Meta_A="")
    assert "X-Container-Meta-A" not in service.call("HEAD", "/c").headers
    service.call("PUT", "/c/x", b"x", status=201)
    service.call("DELETE", "/c", status=409)
    service.call("DELETE", "/c/x", status=204)
    service.call("DELETE", "/c", status=204)
    service.call("HEAD", "/c", status=404)
    service.call("DELETE", "/c", status=404)
    service.call("PUT", "/c/x", b"x", status=404)


@pytest.mark.parametrize("path, status", [
    ("/" + "x" * 256, 201), ("/" + "x" * 257, 400),
    ("/c/" + "x" * 1024, 201), ("/c/" + "x" * 1025, 400),
    ("/" + "å" * 129, 400), ("/c/a%0Ab", 201), ("/c//x", 201),
    ("/c/../x", 201), ("/c/x/", 201), ("/c/%F0%9F%90%B1", 201),
    ("/c/%FF", 400), ("/c/a%00b", 400)])
def test_names(service, path, status):
    req = webob.Request.blank(ROOT, method="PUT", body=b"x")
    from urllib.parse import unquote_to_bytes
    req.environ["PATH_INFO"] = ROOT + unquote_to_bytes(path).decode("latin-1")
    req.environ["common.context"] = MEMBER
    assert req.get_response(service.router).status_int == status
    if status == 201 and path.startswith("/c/"):
        req.environ["REQUEST_METHOD"] = "GET"
        assert req.get_response(service.router).body == b"x"


@pytest.mark.parametrize("headers", [
    {"X_Object_Meta_" + "N" * 129: "v"}, {"X_Object_Meta_N": "v" * 257},
    {f"X_Object_Meta_N{n}": "v" for n in range(91)},
    {f"X_Object_Meta_N{n}": "v" * 250 for n in range(17)},
    {"X_Object_Meta_N": "\xff"}, {"If_None_Match": "abc"},
    {"Content_Type": "x" * 256}])
def test_bad_headers(service, headers):
    service.call("PUT", "/c/x", b"x", status=400, **headers)
    service.call("GET", "/c/x", status=404)


def test_wrong_etag_leaves_nothing(service):
    service.call("PUT", "/c/x", b"old", status=201)
    service.call("PUT", "/c/x", b"new", status=422, ETag="0" * 32)

    assert service.call("GET", "/c/x").body == b"old"
    service.collector.run_once()
    assert len(service.files()) == 3


def test_post_replaces_all_metadata(service):
    service.call("PUT", "/c/x", b"x", status=201, X_Object_Meta_A="1",
                 Content_Encoding="gzip", Content_Type="text/css")
    service.call("POST", "/c/x", status=202, X_Object_Meta_B="2")

    head = service.call("HEAD", "/c/x")
    assert head.headers["X-Object-Meta-B"] == "2"
    assert "X-Object-Meta-A" not in head.headers
    assert head.content_type == "text/css"
    service.call("POST", "/c/none", status=404)


def test_copy_shares_the_bytes(service):
    service.call("PUT", "/d", status=201)
    service.call("PUT", "/c/x", b"content", status=201, X_Object_Meta_A="1")

    got = service.call("COPY", "/c/x", status=201, Destination="d/y%20z",
                       X_Object_Meta_B="2")
    assert got.headers["X-Copied-From"] == "c/x"
    service.call("PUT", "/d/z", b"", status=201, X_Copy_From="/c/x",
                 X_Fresh_Metadata="true")
    service.call("DELETE", "/c/x", status=204)
    service.collector.run_once()

    copied = service.call("GET", "/d/y z")
    assert copied.body == b"content"
    assert copied.headers["X-Object-Meta-A"] == "1"
    assert copied.headers["X-Object-Meta-B"] == "2"
    assert "X-Object-Meta-A" not in service.call("GET", "/d/z").headers
    assert service.call("HEAD", "/d").headers[
        "X-Container-Bytes-Used"] == "14"
    service.call("DELETE", "/d/y z", status=204)
    service.call("DELETE", "/d/z", status=204)
    service.collector.run_once()
    assert service.files() == []


def test_copy_onto_itself(service):
    service.call("PUT", "/c/x", b"content", status=201, X_Object_Meta_A="1")
    service.call("COPY", "/c/x", status=201, Destination="c/x",
                 X_Object_Meta_A="2")
    service.collector.run_once()

    got = service.call("GET", "/c/x")
    assert (got.body, got.headers["X-Object-Meta-A"]) == (b"content", "2")


def test_bad_copies(service):
    service.call("PUT", "/c/x", b"content", status=201)
    service.call("COPY", "/c/x", status=412)
    service.call("COPY", "/c/x", status=412, Destination="justone")
    service.call("COPY", "/c/x", status=404, Destination="none/y")
    service.call("COPY", "/c/none", status=404, Destination="c/y")
    service.call("COPY", "/c/x", status=403, Destination="c/y",
                 Destination_Account="AUTH_p2")
    service.call("PUT", "/c/y", b"body", status=400, X_Copy_From="/c/x")
    service.call("PUT", "/c/y", b"", status=403, X_Copy_From="/c/x",
                 X_Copy_From_Account="AUTH_p2")
    service.call("GET", "/c/y", status=404)


def test_conditions(service):
    made = service.call("PUT", "/c/x", b"0123456789", status=201)
    etag, when = made.headers["ETag"], made.headers["Last-Modified"]
    old, new = ("Thu, 01 Jan 1998 00:00:00 GMT",
                "Fri, 01 Jan 2100 00:00:00 GMT")

    service.call("GET", "/c/x", status=200, If_Match=f'"{etag}"')
    service.call("GET", "/c/x", status=200, If_Match="*")
    service.call("GET", "/c/x", status=412, If_Match="other")
    got = service.call("GET", "/c/x", status=304, If_None_Match=etag)
    assert got.headers["ETag"] == etag and got.body == b""
    service.call("HEAD", "/c/x", status=304, If_None_Match=etag)
    service.call("GET", "/c/x", status=200, If_None_Match="a, b")
    service.call("GET", "/c/x", status=304, If_Modified_Since=when)
    service.call("GET", "/c/x", status=200, If_Modified_Since=old)
    service.call("GET", "/c/x", status=412, If_Unmodified_Since=old)
    service.call("GET", "/c/x", status=200, If_Unmodified_Since=new)
    service.call("GET", "/c/x", status=200, If_Modified_Since="nonsense")
    service.call("PUT", "/c/x", b"x", status=412, If_None_Match="*")
    service.call("PUT", "/c/y", b"x", status=201, If_None_Match="*")


@pytest.mark.parametrize("header, body, shown", [
    ("bytes=0-2", b"012", "bytes 0-2/10"),
    ("bytes=7-", b"789", "bytes 7-9/10"),
    ("bytes=-4", b"6789", "bytes 6-9/10"),
    ("bytes=5-99", b"56789", "bytes 5-9/10"),
])
def test_range(service, header, body, shown):
    service.call("PUT", "/c/x", b"0123456789", status=201)

    got = service.call("GET", "/c/x", Range=header, status=206)

    assert (got.body, got.headers["Content-Range"]) == (body, shown)
    assert got.content_length == len(body)


def test_ranges_across_blocks(service):
    content = os.urandom((3 << 20) + 5)
    service.call("PUT", "/c/x", content, status=201)
    start, end = (1 << 20) - 3, (2 << 20) + 9

    got = service.call("GET", "/c/x", Range=f"bytes={start}-{end - 1}")

    assert got.body == content[start:end]


def test_several_ranges_come_in_parts(service):
    service.call("PUT", "/c/x", b"0123456789", status=201,
                 Content_Type="text/css")
    got = service.call("GET", "/c/x", Range="bytes=0-1, -2", status=206)

    boundary = got.headers["Content-Type"].partition("boundary=")[2]
    assert got.headers["Content-Type"].startswith("multipart/byteranges")
    assert len(got.body) == got.content_length
    parts = got.body.split(f"--{boundary}".encode())
    assert parts[1].endswith(b"Content-Range: bytes 0-1/10\r\n\r\n01\r\n")
    assert parts[2].endswith(b"Content-Range: bytes 8-9/10\r\n\r\n89\r\n")
    assert parts[3] == b"--"


@pytest.mark.parametrize("header, status", [
    ("bytes=10-", 416), ("bytes=20-30", 416), ("bytes=-0", 416),
    ("bytes=" + ",".join(["0-1"] * 51), 416),
    ("bytes=" + ",".join(["0-"] * 50), 416),
    ("bytes=5-2", 200), ("bytes=x", 200), ("lines=1-2", 200),
    ("bytes=-", 200), ("bytes=0-1,,", 200)])
def test_odd_ranges(service, header, status):
    service.call("PUT", "/c/x", b"0123456789", status=201)

    service.call("GET", "/c/x", Range=header, status=status)


def test_if_range(service):
    etag = service.call("PUT", "/c/x", b"0123456789").headers["ETag"]

    service.call("GET", "/c/x", Range="bytes=0-1", If_Range=etag, status=206)
    service.call("GET", "/c/x", Range="bytes=0-1", If_Range="other",
                 status=200)


def fill(service):
    for name in ("a", "b/1", "b/2", "b/c/3", "b", "c/", "d", "ä", "🐱"):
        service.call("PUT", f"/c/{quote(name)}", b"x", status=201)
    return service


@pytest.fixture
def filled(service):
    return fill(service)


@pytest.mark.parametrize("query, names", [
    ("", "a b b/1 b/2 b/c/3 c/ d ä 🐱"),
    ("limit=2", "a b"), ("limit=0", ""),
    ("marker=b/2", "b/c/3 c/ d ä 🐱"),
    ("marker=b&end_marker=c", "b/1 b/2 b/c/3"),
    ("prefix=b", "b b/1 b/2 b/c/3"),
    ("delimiter=/", "a b b/ c/ d ä 🐱"),
    ("delimiter=/&limit=3", "a b b/"),
    ("delimiter=/&limit=2&marker=b/", "c/ d"),
    ("prefix=b/&delimiter=/", "b/1 b/2 b/c/"),
    ("path=b", "b/1 b/2 b/c/"),
    ("reverse=true&limit=4", "🐱 ä d c/"),
    ("reverse=true&delimiter=/&prefix=b", "b/ b"),
    ("reverse=true&marker=b/2&end_marker=a", "b/1 b"),
])
def test_listing(filled, query, names):
    got = filled.call("GET", f"/c?{query}")

    assert got.text.split() == names.split()
    shown = filled.call("GET", f"/c?format=json&{query}", status=200).json
    assert [item.get("name", item.get("subdir")) for item in shown] == (
        names.split())


def test_rolled_up_names_need_few_queries(service):
    for number in range(30):
        service.call("PUT", f"/c/{number:02}/x", b"", status=201)
    with db.count_queries(service.db) as queries:
        got = service.call("GET", "/c?delimiter=/&limit=10")

    assert got.text.split() == [f"{number:02}/" for number in range(10)]
    assert queries.count <= 2


def test_many_behind_one_folder(service, monkeypatch):
    from objectstore.db import listing
    monkeypatch.setattr(listing, "_BATCH", 2)
    for name in ("a/1", "a/2", "a/3", "b/1", "b/2", "b/3", "c"):
        service.call("PUT", f"/c/{name}", b"", status=201)

    assert service.call("GET", "/c?delimiter=/").text.split() == [
        "a/", "b/", "c"]
    assert service.call("GET", "/c?delimiter=/&reverse=1").text.split() == [
        "c", "b/", "a/"]


def test_json_listing_shows_all(service):
    service.call("PUT", "/c/x", b"xyz", status=201, Content_Type="text/css")

    [item] = service.call("GET", "/c", Accept="application/json").json
    assert item.pop("last_modified")[10] == "T"
    assert item == {"name": "x", "bytes": 3, "content_type": "text/css",
                    "hash": hashlib.md5(b"xyz").hexdigest()}
    [item] = service.call("GET", "?format=json").json
    assert item.pop("last_modified")
    assert item == {"name": "c", "count": 1, "bytes": 3}


def test_xml_listing_is_well_formed(service):
    service.call("PUT", "/c/<&>%01", b"xyz", status=201)
    service.call("PUT", "/c/d/x", b"", status=201)
    got = service.call("GET", "/c?format=xml&delimiter=/", status=200)

    root = ElementTree.fromstring(got.body)
    assert root.tag == "container" and root.get("name") == "c"
    assert root.find("object/bytes").text == "3"
    assert root.find("subdir").get("name") == "d/"


def test_listing_forms(service):
    service.call("GET", "/c", status=204)
    service.call("GET", "/c", status=200, Accept="application/json")
    service.call("GET", "/c", status=406, Accept="image/png")
    service.call("GET", "/c?limit=10001", status=412)
    service.call("GET", "/c?limit=x", status=400)


def test_foreign_account_is_closed(service):
    service.call("PUT", "/c/x", b"x", status=201)
    for method, path in (("GET", ""), ("HEAD", "/c"), ("GET", "/c/x"),
                         ("PUT", "/d"), ("PUT", "/c/y"), ("POST", ""),
                         ("DELETE", "/c/x"), ("GET", "/none")):
        service.call(method, path, ctx=OTHER, status=403)
        service.call(method, path, ctx=NOBODY, status=403)
    for account in ("AUTH_None", "AUTH_", "AUTH_-", "None", "-"):
        got = base.call(service.router, "GET", f"/v1/{account}",
                        ctx=base.make_ctx(project=None))
        assert got.status_int == 403
    service.call("GET", "/c/x", ctx=READER, status=200)
    service.call("DELETE", "/c/x", ctx=READER, status=403)
    service.call("POST", "", ctx=READER, status=403)
    service.call("GET", "/c/x", ctx=ADMIN, status=200)
    service.call("DELETE", "/c/x", ctx=RESELLER, status=204)


def test_info_is_public(service):
    got = webob.Request.blank("/info").get_response(service.router)

    assert got.json["swift"]["max_object_name_length"] == 1024


def test_length_is_required(service):
    req = webob.Request.blank(f"{ROOT}/c/x", method="PUT")
    req.environ.pop("CONTENT_LENGTH", None)
    req.environ["common.context"] = MEMBER

    assert req.get_response(service.router).status_int == 411


def test_requests_ask_the_database_a_constant_number_of_times(service):
    def count(method, path, body=None):
        with db.count_queries(service.db) as queries:
            service.call(method, path, body)
        return queries.count
    few = [count("PUT", "/c/x0", b"x"), count("GET", "/c/x0"),
           count("GET", "/c"), count("GET", "")]
    for number in range(1, 20):
        service.call("PUT", f"/c/x{number}", b"x", status=201)

    assert [count("PUT", "/c/x20", b"x"), count("GET", "/c/x0"),
            count("GET", "/c"), count("GET", "")] == few
    assert max(few) <= 10


def test_migrations_make_what_the_models_say(service):
    assert db.check(app.SCHEMA, str(service.db.url)) == []


def test_metadata_do_not_grow_without_end(service):
    """Not over many requests, and not by way of copies."""
    many = {f"{{}}_Meta_{letter}{n}": "v" for letter in "AB"
            for n in range(46)}
    first, second = ({name: value for name, value in many.items()
                      if letter in name.replace("Meta", "")}
                     for letter in "AB")

    def of(kind, headers):
        return {f"X_{name.format(kind)}": value
                for name, value in headers.items()}
    for kind, path in (("Account", ""), ("Container", "/c")):
        service.call("POST", path, status=204, **of(kind, first))
        service.call("POST", path, status=400, **of(kind, second))
    service.call("PUT", "/c/x", b"", status=201, **of("Object", first))
    service.call("COPY", "/c/x", status=400, Destination="c/y",
                 **of("Object", second))
    service.call("GET", "/c/y", status=404)
    service.call("COPY", "/c/x", status=201, Destination="c/y",
                 X_Fresh_Metadata="true", **of("Object", second))


@pytest.mark.parametrize("headers", [
    {"X_Object_Meta_N": "a\0b"}, {"X_Object_Meta_N": "a\r\n b"},
    {"Content_Disposition": "a\x1b"}, {"Content_Type": "text/\x7f"},
    {"Content_Disposition": "x" * 8193}])
def test_header_that_cannot_be_told_again(service, headers):
    service.call("PUT", "/c/x", b"", status=201)
    environ = {"CONTENT_LENGTH": "0"} | {
        "HTTP_" + name.upper(): value
        for name, value in headers.items()}
    if "Content_Type" in headers:
        environ["CONTENT_TYPE"] = headers["Content_Type"]
    for method in ("PUT", "POST"):
        req = webob.Request.blank(f"{ROOT}/c/x", method=method,
                                  environ=environ)
        req.environ["common.context"] = MEMBER
        assert req.get_response(service.router).status_int == 400


@pytest.mark.parametrize("method, path, headers", [
    ("PUT", "/c/x", {"X_Delete_After": "60"}),
    ("POST", "/c/old", {"X_Delete_At": "1999999999"}),
    ("POST", "?bulk-delete", {}),
    ("PUT", "/c?extract-archive=tar", {}),
    ("POST", "/c", {"X_Versions_Enabled": "true"}),
])
def test_what_the_store_does_not_do_is_refused(service, method, path,
                                               headers):
    """Else data would be lost, or kept, without a word."""
    service.call("PUT", "/c/old", b"", status=201)

    got = service.call(method, path, b"", status=400, **headers)

    assert "not supported" in got.text
    service.call("GET", "/c/x", status=404)


def test_account_of_no_project(service):
    for account in ("AUTH_" + "x" * 300, "AUTH_", "other"):
        for ctx in (ADMIN, RESELLER):
            got = base.call(service.router, "PUT", f"/v1/{account}/c",
                            ctx=ctx)
            assert got.status_int == 403


def test_bytes_are_no_page(service):
    service.call("PUT", "/c/x", b"<script>", status=201)

    got = service.call("GET", "/c/x")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
