"""What the service is: versions, schemas, and what it offers."""

from typing import Any

from common import exceptions, wsgi
from imagestore.policies import images as policies
from imagestore.schemas import images as schemas

#: Not one after the other: clients look for single ones, which stand for
#: what came with them. Left out: stores and caches to choose from.
_VERSIONS = ["v2.9", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1",
             "v2.0"]

_LINK = {"type": "string", "readOnly": True}
_TEXT = {"type": ["null", "string"]}
_NUMBER = {"type": ["null", "integer"], "readOnly": True}


def _image() -> dict[str, Any]:
    shown: dict[str, Any] = dict(schemas.WRITABLE)
    shown |= dict.fromkeys(
        ("id", "self", "file", "schema", "created_at", "updated_at"), _LINK)
    shown |= dict.fromkeys(
        ("checksum", "os_hash_algo", "os_hash_value"),
        _TEXT | {"readOnly": True})
    shown |= {"size": _NUMBER, "virtual_size": _NUMBER,
              "status": {"enum": schemas.STATUSES, "readOnly": True}}
    return {"name": "image", "properties": shown,
            "additionalProperties": {"type": "string"},
            "links": [{"rel": "self", "href": "{self}"},
                      {"rel": "enclosure", "href": "{file}"},
                      {"rel": "describedby", "href": "{schema}"}]}


def _member() -> dict[str, Any]:
    names = ("image_id", "member_id", "created_at", "updated_at", "schema")
    return {"name": "member", "properties": {
        **{name: {"type": "string"} for name in names},
        "status": {"enum": ["pending", "accepted", "rejected"]}}}


def _many(name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "properties": {
        name: {"type": "array", "items": item},
        "schema": {"type": "string"}, "first": {"type": "string"},
        "next": {"type": "string"}},
        "links": [{"rel": "first", "href": "{first}"},
                  {"rel": "next", "href": "{next}"},
                  {"rel": "describedby", "href": "{schema}"}]}


_SCHEMAS = {
    "image": _image(), "images": _many("images", _image()),
    "member": _member(), "members": _many("members", _member()),
}


class Discovery:
    """Handlers of /, /versions, /v2/schemas and /v2/info."""

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/", self.choices),
            ("GET", "/versions", self.versions),
            ("GET", "/v2/schemas/{name}", self.schema),
            ("GET", "/v2/info/import", self.imports),
            ("GET", "/v2/info/stores", self.stores),
        ]

    @wsgi.handler(public=True, status=300)
    def choices(self, req: wsgi.Request) -> dict[str, Any]:
        return _versions(req)

    @wsgi.handler(public=True)
    def versions(self, req: wsgi.Request) -> dict[str, Any]:
        return _versions(req)

    @wsgi.handler()
    def schema(self, req: wsgi.Request, name: str) -> dict[str, Any]:
        req.authorize(policies.DISCOVER)
        if name not in _SCHEMAS:
            raise exceptions.NotFound()
        return _SCHEMAS[name]

    @wsgi.handler()
    def imports(self, req: wsgi.Request) -> dict[str, Any]:
        """Say that data come by upload alone."""
        req.authorize(policies.DISCOVER)
        return {"import-methods": {
            "description": "Import methods available.", "type": "array",
            "value": []}}

    @wsgi.handler()
    def stores(self, req: wsgi.Request) -> None:
        """Say, as the API has it, that there are no stores to choose."""
        req.authorize(policies.DISCOVER)
        raise exceptions.NotFound()


def _versions(req: wsgi.Request) -> dict[str, Any]:
    link = {"rel": "self", "href": req.public_url("/v2/")}
    return {"versions": [
        {"id": version, "links": [link],
         "status": "SUPPORTED" if index else "CURRENT"}
        for index, version in enumerate(_VERSIONS)]}
