"""Discovery: what versions there are, and where."""

from typing import Any

from common import wsgi
from identity.api import base

_MEDIA = {"base": "application/json",
          "type": "application/vnd.openstack.identity-v3+json"}


class Versions:
    """Handlers of / and /v3, which need no token."""

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/", self.list), ("GET", "/v3", self.show)]

    @wsgi.handler(public=True)
    def list(self, req: wsgi.Request) -> wsgi.Response:
        response = base.json_response(
            {"versions": {"values": [_v3(req)]}}, 300)
        response.headers["Location"] = req.public_url("/v3/")
        response.headers["Vary"] = "X-Auth-Token"
        return response

    @wsgi.handler(public=True)
    def show(self, req: wsgi.Request) -> dict[str, Any]:
        return {"version": _v3(req)}


def _v3(req: wsgi.Request) -> dict[str, Any]:
    return {"id": "v3.14", "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": req.public_url("/v3/")}],
            "media-types": [_MEDIA]}
