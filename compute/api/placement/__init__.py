"""The REST face of placement."""

from typing import Any

from common import db, faults, wsgi
from common.microversions import Microversions
from compute import policies
from compute.api.placement.allocations import Allocations
from compute.api.placement.providers import Providers

MICROVERSIONS = Microversions("placement", "1.0", "1.0")


class _Versions:
    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/", self.index)]

    @wsgi.handler(public=True)
    def index(self, req: wsgi.Request) -> dict[str, object]:
        return {"versions": [{
            "id": "v1.0", "status": "CURRENT",
            "min_version": MICROVERSIONS.minimum,
            "max_version": MICROVERSIONS.maximum,
            "links": [{"rel": "self", "href": ""}]}]}


def api(database: db.Database) -> wsgi.API:
    """Return the API over the database that cells share."""
    resources: list[Any] = [
        _Versions(), Providers(database), Allocations(database)]
    return wsgi.API(
        name="placement",
        routes=[route for resource in resources
                for route in resource.routes()],
        rules=policies.PLACEMENT_RULES, faults=faults.PLACEMENT,
        microversions=MICROVERSIONS)
