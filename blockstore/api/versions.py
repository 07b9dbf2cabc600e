"""Which versions of the API there are; anybody may ask."""

import json

from common import wsgi
from common.microversions import Microversions

#: All that is served behaves as Cinder's does up to 3.67; 3.68 begins with
#: what is not.
MICROVERSIONS = Microversions("volume", "3.0", "3.67")
_UPDATED = "2021-12-15T00:00:00Z"


class Versions:
    """Handlers of / and /v3/."""

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/", self.all), ("GET", "/v3/", self.one),
                ("GET", "/v3", self.one)]

    @wsgi.handler(public=True)
    def all(self, req: wsgi.Request) -> wsgi.Response:
        return wsgi.Response(
            status=300, content_type="application/json",
            body=json.dumps({"versions": [_version(req)]}).encode())

    @wsgi.handler(public=True)
    def one(self, req: wsgi.Request) -> dict:
        return {"versions": [_version(req)]}


def _version(req: wsgi.Request) -> dict:
    return {
        "id": "v3.0", "status": "CURRENT",
        "version": MICROVERSIONS.maximum,
        "min_version": MICROVERSIONS.minimum, "updated": _UPDATED,
        "links": [
            {"rel": "describedby", "type": "text/html",
             "href": "https://docs.openstack.org/"},
            {"rel": "self", "href": req.public_url("/v3/")}],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.volume+json;version=3"}],
    }
