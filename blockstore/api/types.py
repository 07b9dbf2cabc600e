"""Volume types."""

from blockstore.api import views
from blockstore.db import types
from blockstore.parts import Parts
from blockstore.policies import types as policies
from common import wsgi


class Types:
    """Handlers of /types."""

    def __init__(self, parts: Parts) -> None:
        self._db = parts.db

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/types", self.index),
            ("GET", "/types/{type_id}", self.show),
        ]

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict:
        req.authorize(policies.GET_ALL)
        with self._db.reader() as session:
            found = types.all_public(session)
        return {"volume_types": [views.volume_type(kind) for kind in found]}

    @wsgi.handler()
    def show(self, req: wsgi.Request, type_id: str) -> dict:
        """Return the type of this id, or the one called ``default``."""
        req.authorize(policies.GET)
        with self._db.reader() as session:
            found = types.find(session, type_id)
        return {"volume_type": views.volume_type(found)}
