"""Discovery: what versions there are, and where; and what is in them."""

from collections.abc import Sequence
from typing import Any

from common import wsgi
from identity.api import base, json_home

_MEDIA = {"base": "application/json",
          "type": "application/vnd.openstack.identity-v3+json"}


class Versions:
    """Handlers of / and /v3, which need no token.

    :param table: the routes below /v3
    """

    def __init__(self, table: Sequence[wsgi.Route]) -> None:
        self._table = table

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/", self.list), ("GET", "/v3", self.show)]

    @wsgi.handler(public=True)
    def list(self, req: wsgi.Request) -> wsgi.Response:
        if _wants_home(req):
            return self._home("/v3")
        response = base.json_response(
            {"versions": {"values": [_v3(req)]}}, 300)
        response.headers["Location"] = req.public_url("/v3/")
        response.headers["Vary"] = "X-Auth-Token, Accept"
        return response

    @wsgi.handler(public=True)
    def show(self, req: wsgi.Request) -> wsgi.Response:
        if _wants_home(req):
            return self._home("")
        response = base.json_response({"version": _v3(req)}, 200)
        response.headers["Vary"] = "X-Auth-Token, Accept"
        return response

    def _home(self, prefix: str) -> wsgi.Response:
        response = base.json_response(
            json_home.document(self._table, prefix), 200)
        response.headers["Content-Type"] = json_home.MEDIA_TYPE
        response.headers["Vary"] = "X-Auth-Token, Accept"
        return response


def _wants_home(req: wsgi.Request) -> bool:
    """Say whether JSON-home is what the client likes best."""
    if "Accept" not in req.headers:
        return False
    best = req.accept.acceptable_offers(
        ["application/json", json_home.MEDIA_TYPE])
    return bool(best) and best[0][0] == json_home.MEDIA_TYPE


def _v3(req: wsgi.Request) -> dict[str, Any]:
    return {"id": "v3.14", "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": req.public_url("/v3/")}],
            "media-types": [_MEDIA]}
