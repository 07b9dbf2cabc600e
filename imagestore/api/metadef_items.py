"""What a namespace has: objects, properties and tags."""

from typing import Any

from sqlalchemy import orm

from common import db, paging, schema, wsgi
from imagestore import exceptions
from imagestore.api import metadef_views as views
from imagestore.api.metadefs import find, unprotected
from imagestore.db import metadefs
from imagestore.db.metadef_models import Item, Namespace
from imagestore.policies import metadefs as policies
from imagestore.schemas import metadefs as schemas

_SORT_KEYS: dict[str, Any] = {
    "name": Item.name, "created_at": Item.created_at,
    "updated_at": Item.updated_at,
}


class _Items:
    """What the three kinds have in common."""

    kind: str

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def _of(self, req: wsgi.Request, session: orm.Session, name: str,
            act: str) -> Namespace:
        """Return the namespace, to do ``act`` to definitions in it."""
        return find(req, session, name, policies.ITEMS[self.kind][act],
                    lock=act not in ("list", "get"))

    def _add(self, req: wsgi.Request, namespace: str) -> tuple[str, Item]:
        with self._db.writer() as session:
            owner = self._of(req, session, namespace, "add")
            [row] = metadefs.add_items(
                session, owner.id, self.kind,
                [(req.json["name"], views.body(req.json))])
        return owner.name, row

    def _page(self, req: wsgi.Request, namespace: str
              ) -> tuple[str, list[Item], paging.Page]:
        page = paging.parse(req, _SORT_KEYS, default="name:asc")
        with self._db.reader() as session:
            owner = self._of(req, session, namespace, "list")
            rows = metadefs.page_of_items(
                session, page, owner.id, self.kind)
        return owner.name, rows, page

    def _show(self, req: wsgi.Request, namespace: str,
              name: str) -> tuple[str, Item]:
        with self._db.reader() as session:
            owner = self._of(req, session, namespace, "get")
            row = metadefs.item(session, owner.id, self.kind, name)
        return owner.name, row

    def _update(self, req: wsgi.Request, namespace: str,
                name: str) -> tuple[str, Item]:
        with self._db.writer() as session:
            owner = self._of(req, session, namespace, "update")
            row = metadefs.item(session, owner.id, self.kind, name)
            metadefs.update_item(
                session, row, req.json["name"], views.body(req.json))
        return owner.name, row

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, namespace: str, name: str) -> None:
        with self._db.writer() as session:
            owner = unprotected(self._of(req, session, namespace, "delete"))
            session.delete(
                metadefs.item(session, owner.id, self.kind, name))

    @wsgi.handler(status=204)
    def clear(self, req: wsgi.Request, namespace: str) -> None:
        with self._db.writer() as session:
            owner = unprotected(self._of(req, session, namespace, "clear"))
            metadefs.clear(session, owner.id, self.kind)


class Objects(_Items):
    """Handlers of objects: properties that go together."""

    kind = "object"

    def routes(self) -> list[wsgi.Route]:
        many = "/v2/metadefs/namespaces/{namespace}/objects"
        one = f"{many}/{{name}}"
        return [
            ("POST", many, self.create), ("GET", many, self.index),
            ("DELETE", many, self.clear), ("GET", one, self.show),
            ("PUT", one, self.update), ("DELETE", one, self.delete),
        ]

    @wsgi.handler(body=schemas.OBJECT, status=201)
    def create(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        return views.definition(*self._add(req, namespace))

    @wsgi.handler(query=schemas.LIST_ITEMS)
    def index(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        owner, rows, page = self._page(req, namespace)
        return views.many(
            req, "objects", [views.definition(owner, row) for row in rows],
            page, rows[-1].name if rows else None)

    @wsgi.handler()
    def show(self, req: wsgi.Request, namespace: str,
             name: str) -> dict[str, Any]:
        return views.definition(*self._show(req, namespace, name))

    @wsgi.handler(body=schemas.OBJECT)
    def update(self, req: wsgi.Request, namespace: str,
               name: str) -> dict[str, Any]:
        return views.definition(*self._update(req, namespace, name))


class Properties(_Items):
    """Handlers of properties."""

    kind = "property"

    def routes(self) -> list[wsgi.Route]:
        many = "/v2/metadefs/namespaces/{namespace}/properties"
        one = f"{many}/{{name}}"
        return [
            ("POST", many, self.create), ("GET", many, self.index),
            ("DELETE", many, self.clear), ("GET", one, self.show),
            ("PUT", one, self.update), ("DELETE", one, self.delete),
        ]

    @wsgi.handler(body=schemas.PROPERTY, status=201)
    def create(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        _, row = self._add(req, namespace)
        return views.prop(row)

    @wsgi.handler()
    def index(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        """Show all, by name: they are no list, so they have no pages."""
        with self._db.reader() as session:
            owner = self._of(req, session, namespace, "list")
            rows = metadefs.items(session, owner.id, self.kind)
        return {"properties": {row.name: views.prop(row) for row in rows}}

    @wsgi.handler(query=schemas.SHOW)
    def show(self, req: wsgi.Request, namespace: str,
             name: str) -> dict[str, Any]:
        """Show one, by the name it has for a resource type."""
        wanted, prefix = req.params_checked.get("resource_type"), ""
        with self._db.reader() as session:
            owner = self._of(req, session, namespace, "get")
            if wanted is not None:
                prefix = metadefs.association(
                    session, owner.id, wanted).prefix or ""
            if not name.startswith(prefix):
                raise exceptions.DefinitionNotFound(
                    kind=self.kind, name=name)
            row = metadefs.item(
                session, owner.id, self.kind, name.removeprefix(prefix))
        return views.prop(row, prefix)

    @wsgi.handler(body=schemas.PROPERTY)
    def update(self, req: wsgi.Request, namespace: str,
               name: str) -> dict[str, Any]:
        _, row = self._update(req, namespace, name)
        return views.prop(row)


class Tags(_Items):
    """Handlers of tags."""

    kind = "tag"

    def routes(self) -> list[wsgi.Route]:
        many = "/v2/metadefs/namespaces/{namespace}/tags"
        one = f"{many}/{{name}}"
        return [
            ("POST", many, self.replace), ("GET", many, self.index),
            ("DELETE", many, self.clear), ("POST", one, self.create),
            ("GET", one, self.show), ("PUT", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(status=201)
    def create(self, req: wsgi.Request, namespace: str,
               name: str) -> dict[str, Any]:
        with self._db.writer() as session:
            owner = self._of(req, session, namespace, "add")
            schema.validate(name, schemas.NAME, "name")
            [row] = metadefs.add_items(
                session, owner.id, self.kind, [(name, {})])
        return views.named(row)

    @wsgi.handler(body=schemas.TAGS, status=201)
    def replace(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        """Set all tags; with ``X-OpenStack-Append: True``, add them."""
        append = schema.is_true(req.headers.get("X-OpenStack-Append"))
        with self._db.writer() as session:
            owner = self._of(req, session, namespace, "replace")
            names = [each["name"] for each in req.json["tags"]]
            if not append:
                metadefs.clear(session, owner.id, self.kind)
            metadefs.add_items(
                session, owner.id, self.kind, [(name, {}) for name in names])
        return {"tags": [{"name": name} for name in names]}

    @wsgi.handler(query=schemas.LIST_ITEMS)
    def index(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        _, rows, page = self._page(req, namespace)
        return views.many(
            req, "tags", [{"name": row.name} for row in rows], page,
            rows[-1].name if rows else None)

    @wsgi.handler()
    def show(self, req: wsgi.Request, namespace: str,
             name: str) -> dict[str, Any]:
        _, row = self._show(req, namespace, name)
        return views.named(row)

    @wsgi.handler(body=schemas.TAG)
    def update(self, req: wsgi.Request, namespace: str,
               name: str) -> dict[str, Any]:
        _, row = self._update(req, namespace, name)
        return views.named(row)
