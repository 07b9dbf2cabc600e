"""Where data are, as a member of images: the older way."""

import pytest

from common import fetch
from tests.unit.imagestore.conftest import ADMIN, MEMBER, READER, Service
from tests.unit.imagestore.test_imports import Web

CONTENT = b"x" * 1000
SHA512 = "deadbeef" * 16


@pytest.fixture
def web():
    made = Web()
    yield made
    made.close()


@pytest.fixture
def service(tmp_path, web):
    made = Service(
        tmp_path, web_ports=[web.port], stores=["file:file", "web:http"],
        web_allowed_networks=["127.0.0.0/8"], locations_in_images=True)
    yield made
    made.db.dispose()


def add(url, **said):
    return {"op": "add", "path": "/locations/-", "value": {
        "url": url, "metadata": {}} | said}


def locations(service, image, ctx=READER):
    return service.show(image, ctx=ctx)["locations"]


def test_location_makes_an_image_active(service, web):
    url = web.add("/x", CONTENT)
    made = service.create()
    assert made["locations"] == []
    service.patch(made["id"], add(url, metadata={"foo": "bar"}))

    shown = service.show(made["id"])
    assert shown["locations"] == [
        {"url": url, "metadata": {"foo": "bar", "store": "web"}}]
    assert (shown["status"], shown["size"], shown["os_hash_value"]) == (
        "active", 1000, None)
    got = service.call("GET", f"/v2/images/{made['id']}/file", status=200)
    assert got.body == CONTENT


def test_data_are_looked_at_before_they_count(service, web, qcow2):
    unsafe = web.add("/u", qcow2("-u", "-b", "/etc/passwd", "-F", "raw"))
    for kind in ("qcow2", "raw"):
        image = service.create(disk_format=kind)["id"]
        got = service.patch(image, add(unsafe), status=400)
        assert "unsafe qcow2" in got.text
        assert service.show(image)["status"] == "queued"
        service.patch(image, add(web.add("/q", qcow2())))
        assert service.show(image)["status"] == "active"


def test_formats_stay_while_data_are_looked_at(
        service, web, qcow2, monkeypatch):
    """Of an archive the content is not looked at."""
    url = web.add("/u", qcow2("-u", "-b", "/etc/passwd", "-F", "raw"))
    image = service.create(container_format="ova", disk_format="vmdk")["id"]
    get = fetch.get

    def racing(*args):
        service.patch(image, *[
            {"op": "replace", "path": f"/{name}", "value": value}
            for name, value in (("container_format", "bare"),
                                ("disk_format", "qcow2"))])
        return get(*args)
    monkeypatch.setattr(fetch, "get", racing)
    service.patch(image, add(url), status=409)
    assert service.show(image)["status"] == "queued"


def test_nothing_is_fetched_for_who_may_not_add(service, web):
    image = service.create(visibility="shared")["id"]
    url = web.add("/x", CONTENT)
    service.patch(image, add(url), ctx=READER, status=403)
    service.patch(image, *[add(f"{url}#{n}") for n in range(65)], status=400)
    assert web.asked == []


def test_uploaded_data_have_a_location(service):
    image = service.create()["id"]
    service.upload(image)

    [found] = locations(service, image)
    assert found["url"].startswith("file://")
    other = service.create(ctx=ADMIN, visibility="public")["id"]
    assert "locations" not in service.show(other, ctx=READER)


def test_replacement_changes_metadata_alone(service, web):
    url, image = web.add("/x", CONTENT), service.create()["id"]
    service.patch(image, add(url))
    service.patch(image, add(f"{url}#new", metadata={"speed": "1"}))
    first, second = locations(service, image)

    def replace(value, status=200):
        service.patch(image, {
            "op": "replace", "path": "/locations", "value": value},
            status=status)
    replace([first, second])
    first["metadata"]["date"] = "2026-01-02"
    replace([first, second])
    for bad in ([first], [], [first, second | {"url": f"{url}#3"}], "x",
                [first, "x"], [first, {"url": second["url"]}]):
        replace(bad, 400)
    assert locations(service, image) == [first, second]


def test_digests_are_those_of_the_image(service, web):
    url, image = web.add("/x", CONTENT), service.create()["id"]
    said = {"checksum": "1" * 32, "os_hash_algo": "sha512",
            "os_hash_value": SHA512}
    service.patch(image, add(url, validation_data={"checksum": "1" * 32}),
                  status=400)
    service.patch(image, add(url, validation_data=said))
    shown = service.show(image)
    assert {name: shown[name] for name in said} == said

    for name, value in {"checksum": "2" * 32, "os_hash_value": SHA512[::-1],
                        "os_hash_algo": "sha256"}.items():
        service.patch(image, add(
            f"{url}#2", validation_data=said | {name: value}), status=409)
    web.add("/y", CONTENT + b"y")
    service.patch(image, add(url.replace("/x", "/y")), status=409)
    service.patch(image, add(f"{url}#2", validation_data=said))
    assert len(locations(service, image)) == 2
    service.patch(image, add(f"{url}#2"), status=400)


def test_administrators_remove_all_but_the_last(service, web):
    url, image = web.add("/x", CONTENT), service.create()["id"]
    service.patch(image, add(url))
    service.patch(image, add(f"{url}#new"))

    def remove(index, status, ctx=ADMIN):
        service.patch(image, {
            "op": "remove", "path": f"/locations/{index}"}, ctx=ctx,
            status=status)
    remove(0, 403, ctx=MEMBER)
    remove(2, 400)
    remove(0, 200)
    assert [each["url"] for each in locations(service, image)] == [
        f"{url}#new"]
    remove(0, 403)
    assert service.call(
        "GET", f"/v2/images/{image}/file", status=200).body == CONTENT


def test_size_must_be_said(service, web):
    image = service.create()["id"]

    service.patch(image, add(web.add("/x", b"", Content_Length="")),
                  status=400)


@pytest.mark.parametrize("operation", [
    add("gopher://info.cern.ch"), add("http://127.0.0.1:22/"),
    add("http://192.168.1.1/"), add("file:///etc/passwd"),
    {"op": "add", "path": "/locations/-"},
    {"op": "add", "path": "/locations", "value": []},
    {"op": "add", "path": "/locations/x", "value": {}},
    {"op": "remove", "path": "/locations"}])
def test_bad_operation_is_refused(service, operation):
    image = service.create()["id"]

    service.patch(image, operation, status=400)
    assert service.show(image)["status"] == "queued"
