"""Namespaces of metadata definitions, and what they are for."""

import urllib.parse
from typing import Any

from sqlalchemy import orm

from common import db, paging, wsgi
from imagestore import exceptions
from imagestore.api import metadef_views as views
from imagestore.db import metadefs
from imagestore.db.metadef_models import Namespace
from imagestore.policies import metadefs as policies
from imagestore.schemas import metadefs as schemas

_SORT_KEYS: dict[str, Any] = {
    "namespace": Namespace.name, "created_at": Namespace.created_at,
    "updated_at": Namespace.updated_at, "visibility": Namespace.visibility,
    "protected": Namespace.protected,
}
_PLAIN = ("display_name", "description")


def find(req: wsgi.Request, session: orm.Session, name: str, rule: str, *,
         lock: bool = False) -> Namespace:
    """Return a namespace that the sender may do ``rule`` to.

    :raises NamespaceNotFound: if they may not even see it
    :raises Forbidden: if they see it, but may not
    """
    req.authorize(policies.LIST)
    row = metadefs.get(session, name, lock=lock)
    seen = {"project_id": row.owner, "visibility": row.visibility}
    req.authorize(policies.GET, seen, hide=exceptions.NamespaceNotFound(
        namespace=name))
    if rule != policies.GET:
        req.authorize(rule, seen)
    return row


def unprotected(row: Namespace) -> Namespace:
    """Return the namespace if what it has may be deleted."""
    if row.protected:
        raise exceptions.ProtectedNamespace(namespace=row.name)
    return row


class Namespaces:
    """Handlers of /v2/metadefs/namespaces."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        many = "/v2/metadefs/namespaces"
        one = f"{many}/{{namespace}}"
        return [
            ("POST", many, self.create),
            ("GET", many, self.index),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(body=schemas.NAMESPACE, status=201)
    def create(self, req: wsgi.Request) -> wsgi.Response:
        """Make a namespace, with what it has and is for."""
        req.authorize(policies.ADD)
        body = req.json
        name = body["namespace"]
        with self._db.writer() as session:
            row = metadefs.add(
                session, name, **_columns(req, body),
                visibility=body.get("visibility", "private"),
                protected=body.get("protected", False))
            types = metadefs.associate(session, row.id, [
                _association(each) for each in body.get(
                    "resource_type_associations", ())])
            items = [item for kind, said in _said(body) for item in
                     metadefs.add_items(session, row.id, kind, said)]
        response = wsgi.Response(
            status=201, json=views.namespace(row, types, items))
        response.headers["Location"] = req.public_url(
            f"/v2/metadefs/namespaces/{urllib.parse.quote(name)}")
        return response

    @wsgi.handler(query=schemas.LIST_NAMESPACES)
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List those of the sender's project, and the public ones."""
        req.authorize(policies.LIST)
        asked = req.params_checked
        page = paging.parse(req, _SORT_KEYS, default="created_at:desc")
        with self._db.reader() as session:
            rows = metadefs.listed(
                session, page, owner=req.ctx.project_id,
                everything=req.allowed(policies.LIST_ALL),
                visibility=asked.get("visibility"),
                resource_types=[
                    each for each in asked.get(
                        "resource_types", "").split(",") if each])
            types = metadefs.associations(session, [r.id for r in rows])
        shown = [views.namespace(row, types[row.id]) for row in rows]
        return views.many(req, "namespaces", shown, page,
                          rows[-1].name if rows else None)

    @wsgi.handler(query=schemas.SHOW)
    def show(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        """Show it with all it has; names as a resource type has them."""
        wanted = req.params_checked.get("resource_type")
        with self._db.reader() as session:
            row = find(req, session, namespace, policies.GET)
            types = metadefs.associations(session, [row.id])[row.id]
            items = metadefs.items(session, row.id)
        prefix = ""
        if wanted is not None:
            found = [each for each in types if each.name == wanted]
            if not found:
                raise exceptions.AssociationNotFound(name=wanted)
            prefix = found[0].prefix or ""
        return views.namespace(row, types, items, prefix)

    @wsgi.handler(body=schemas.NAMESPACE)
    def update(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        """Change what it is; what it has stays."""
        with self._db.writer() as session:
            row = find(req, session, namespace, policies.UPDATE, lock=True)
            body = req.json
            metadefs.update(
                session, row, name=body["namespace"],
                **_columns(req, body, row),
                visibility=body.get("visibility", row.visibility),
                protected=body.get("protected", row.protected))
        return views.namespace(row)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, namespace: str) -> None:
        with self._db.writer() as session:
            row = find(req, session, namespace, policies.DELETE, lock=True)
            metadefs.delete(session, unprotected(row))


class ResourceTypes:
    """Handlers of /v2/metadefs/resource_types, and of namespaces' own."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        many = "/v2/metadefs/namespaces/{namespace}/resource_types"
        return [
            ("GET", "/v2/metadefs/resource_types", self.known),
            ("GET", many, self.index),
            ("POST", many, self.create),
            ("DELETE", f"{many}/{{name}}", self.delete),
        ]

    @wsgi.handler()
    def known(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.LIST_TYPES)
        with self._db.reader() as session:
            rows = metadefs.resource_types(session)
        return {"resource_types": [views.named(row) for row in rows]}

    @wsgi.handler()
    def index(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        with self._db.reader() as session:
            row = find(req, session, namespace, policies.GET_TYPES)
            types = metadefs.associations(session, [row.id])[row.id]
        return {"resource_type_associations": [
            views.association(each) for each in types]}

    @wsgi.handler(body=schemas.ASSOCIATION, status=201)
    def create(self, req: wsgi.Request, namespace: str) -> dict[str, Any]:
        with self._db.writer() as session:
            row = find(req, session, namespace, policies.ADD_TYPE, lock=True)
            [made] = metadefs.associate(
                session, row.id, [_association(req.json)])
        return views.association(made)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, namespace: str, name: str) -> None:
        with self._db.writer() as session:
            row = unprotected(find(
                req, session, namespace, policies.REMOVE_TYPE, lock=True))
            session.delete(metadefs.association(session, row.id, name))


def _columns(req: wsgi.Request, body: dict[str, Any],
             row: Namespace | None = None) -> dict[str, Any]:
    """Return what a body says of a namespace; what it does not is empty."""
    owner = row.owner if row else req.ctx.project_id
    return {name: body.get(name) for name in _PLAIN} | {
        "owner": body.get("owner") or owner}


def _association(said: dict[str, Any]) -> dict[str, Any]:
    return {name: said.get(name)
            for name in ("name", "prefix", "properties_target")}


def _said(body: dict[str, Any]
          ) -> list[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Return name and body of each definition in a namespace's body."""
    return [
        ("object", [(each["name"], views.body(each))
                    for each in body.get("objects", ())]),
        ("property", list(body.get("properties", {}).items())),
        ("tag", [(each["name"], {}) for each in body.get("tags", ())]),
    ]
