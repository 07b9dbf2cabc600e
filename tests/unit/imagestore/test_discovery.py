"""What the service says of itself."""

import jsonschema
import pytest

from common import db, wsgi
from imagestore.api.discovery import Discovery
from imagestore.schemas import documents
from tests import base
from tests.unit.imagestore.conftest import ADMIN, NOBODY, OTHER


def test_versions_are_public(service):
    for path, status in (("/", 300), ("/versions", 200)):
        got = base.webob.Request.blank(path).get_response(service.router)

        assert got.status_int == status
        shown = got.json["versions"]
        assert shown[0]["id"] == "v2.17"
        assert [each["status"] for each in shown] == [
            "CURRENT"] + ["SUPPORTED"] * (len(shown) - 1)
        assert shown[-1]["id"] == "v2.0"
        assert "v2.16" not in [each["id"] for each in shown]
        assert shown[0]["links"][0]["href"].endswith("/v2/")


def test_there_are_more_versions_with_a_cache(service):
    made = Discovery(service.db, service.env.quotas, cache=True)

    got = made.versions(wsgi.Request.blank("/versions"))
    names = [each["id"] for each in got["versions"]]
    assert names[:5] == ["v2.18", "v2.17", "v2.16", "v2.15", "v2.14"]


@pytest.mark.parametrize("path", sorted(documents.DOCUMENTS))
def test_each_document_is_a_schema(service, path):
    got = service.call("GET", f"/v2/schemas/{path}", status=200).json

    jsonschema.Draft7Validator.check_schema(got)
    name = path.rpartition("/")[2]
    if name.startswith("resource_type"):
        name = name.replace("type", "type_association")
    assert got["name"] == name
    service.call("GET", f"/v2/schemas/{path}", ctx=NOBODY, status=403)


def test_there_are_sixteen_documents(service):
    assert len(documents.DOCUMENTS) == 16
    service.call("GET", "/v2/schemas/x", status=404)
    service.call("GET", "/v2/schemas/metadefs/image", status=404)


def test_documents_fit_what_is_shown(service):
    """Clients check answers against the documents."""
    image = service.create(os_distro="debian", tags=["t"], colour="red")
    path = f"/v2/images/{image['id']}"
    space = service.call("POST", "/v2/metadefs/namespaces", {
        "namespace": "n", "objects": [{"name": "o"}],
        "description": "d", "display_name": "N",
        "properties": {"p": {"title": "P", "type": "string"}},
        "resource_type_associations": [{"name": "OS::Nova::Flavor"}]},
        ctx=ADMIN, status=201).json
    root = "/v2/metadefs/namespaces/n"
    shown = {
        "image": image, "images": service.call("GET", "/v2/images").json,
        "member": service.call(
            "POST", f"{path}/members", {"member": "p2"}, status=200).json,
        "members": service.call("GET", f"{path}/members").json,
        "metadefs/namespace": space,
        "metadefs/namespaces": service.call(
            "GET", "/v2/metadefs/namespaces", ctx=ADMIN).json,
        "metadefs/object": service.call(
            "GET", f"{root}/objects/o", ctx=ADMIN).json,
        "metadefs/property": service.call(
            "GET", f"{root}/properties/p", ctx=ADMIN).json,
        "metadefs/properties": service.call(
            "GET", f"{root}/properties", ctx=ADMIN).json,
        "metadefs/resource_types": service.call(
            "GET", f"{root}/resource_types", ctx=ADMIN).json,
    }
    for name, value in shown.items():
        rules = service.call("GET", f"/v2/schemas/{name}").json
        jsonschema.Draft7Validator(rules).validate(value)
        assert set(value) - {"colour"} <= set(rules["properties"]), name


def test_usage_is_that_of_the_own_project(service):
    service.upload(service.create()["id"], b"x" * ((1 << 20) + 1))
    service.create()
    service.create(ctx=OTHER)

    with db.count_queries(service.db) as queries:
        got = service.call("GET", "/v2/info/usage", status=200).json
    assert {name: each["usage"] for name, each in got["usage"].items()} == {
        "image_size_total": 2, "image_stage_total": 0,
        "image_count_total": 2, "image_count_uploading": 0}
    assert {each["limit"] for each in got["usage"].values()} == {-1}
    assert queries.count == 1
    service.call("GET", "/v2/info/usage", ctx=NOBODY, status=403)
