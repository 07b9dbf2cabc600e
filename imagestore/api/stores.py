"""What stores and ways to import there are, and data in one store."""

from typing import Any

from common import events, wsgi
from imagestore import exceptions
from imagestore.api import access
from imagestore.db import data
from imagestore.db.models import EVENTS, Data
from imagestore.env import Env
from imagestore.policies import images as image_policies
from imagestore.policies import stores as policies
from imagestore.stores.registry import Store


class Stores:
    """Handlers of /v2/info and /v2/stores."""

    def __init__(self, env: Env) -> None:
        self._env = env

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/v2/info/import", self.imports),
            ("GET", "/v2/info/stores", self.index),
            ("GET", "/v2/info/stores/detail", self.detail),
            ("DELETE", "/v2/stores/{store}/{image_id}", self.delete),
        ]

    @wsgi.handler()
    def imports(self, req: wsgi.Request) -> dict[str, Any]:
        """Say in which ways data come, uploads aside."""
        req.authorize(image_policies.DISCOVER)
        return {"import-methods": {
            "description": "Import methods available.", "type": "array",
            "value": self._env.conf.imagestore.import_methods}}

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(image_policies.DISCOVER)
        return {"stores": [self._view(each) for each in self._env.stores]}

    @wsgi.handler()
    def detail(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.DETAIL)
        return {"stores": [
            self._view(each) | {"type": each.kind, "properties": {}}
            for each in self._env.stores]}

    def _view(self, store: Store) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": store.name, "description": store.description,
            "weight": store.weight}
        if store.name == self._env.stores.default:
            shown["default"] = "true"
        if store.driver.read_only:
            shown["read-only"] = "true"
        return shown

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, store: str, image_id: str) -> None:
        """Remove an image's data from one of its stores."""
        with self._env.db.writer() as session:
            image = access.find(
                req, session, image_id, policies.DELETE, lock=True)
            self._env.stores.get(store)
            if image.protected:
                raise exceptions.Protected(image_id=image_id)
            if image.status != "active":
                raise exceptions.WrongStatus(
                    status=image.status, wanted="active")
            # What an import has copied may go again, and be all that is left.
            if image.importing_to:
                raise exceptions.BeingImported(image_id=image_id)
            if self._env.stores.get(store).driver.read_only:
                raise exceptions.StoreReadOnly()
            rows = data.best(session, image_id, self._env.stores)
            here = [row for row in rows if self._name(row) == store]
            left = [row for row in rows if self._name(row) != store]
            if not here:
                raise exceptions.NotInStore(image_id=image_id, store=store)
            if not left:
                raise exceptions.LastStore(image_id=image_id, store=store)
            data.doom(session, Data.id.in_([row.id for row in here]))
            data.refresh(session, image_id, self._env.stores,
                         data_id=left[0].id)
            events.add(session, EVENTS, kind="image.update",
                       resource_id=image.id, project_id=image.project_id)
        self._env.collector.wake()

    def _name(self, row: Data) -> str:
        return row.store or self._env.stores.default
