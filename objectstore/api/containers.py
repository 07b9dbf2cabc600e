"""Containers: named sets of objects."""

from typing import Any

import sqlalchemy as sa

from common import db, wsgi
from objectstore import acl, metadata, names, policies
from objectstore.api import headers, listings
from objectstore.api.access import Access, allowed, authorize
from objectstore.db import accounts, listing
from objectstore.db.models import Container, Object

#: Told to those only who may change them.
_ACLS = (acl.READ, acl.WRITE)


class Containers:
    """Handlers of /v1/{account}/{container}."""

    def __init__(self, database: db.Database) -> None:
        self._db = database
        self._access = Access(database)

    def routes(self) -> list[wsgi.Route]:
        path = "/v1/{account}/{container}"
        return [
            ("PUT", path, self.create),
            ("GET", path, self.index),
            ("HEAD", path, self.head),
            ("POST", path, self.update),
            ("DELETE", path, self.delete),
        ]

    @wsgi.handler()
    def create(self, req: wsgi.Request, account: str,
               container: str) -> wsgi.Response:
        """Make it, or change the metadata of what is there."""
        authorize(req, policies.WRITE, account)
        names.check_container(container)
        change = _said(req)
        with self._db.writer() as session:
            new = accounts.ensure(session, account, container, change)
        return wsgi.Response(status=201 if new else 202)

    @wsgi.handler(query=listings.QUERY, public=True)
    def index(self, req: wsgi.Request, account: str,
              container: str) -> wsgi.Response:
        """List the objects; for strangers too, if an ACL lets them."""
        self._access.read(req, account, container, listing=True)
        spec = listings.spec(req)
        with self._db.reader() as session:
            found = accounts.find(session, account, container)
            rows = listing.find(
                session, sa.select(
                    Object.name, Object.size, Object.etag,
                    Object.content_type, Object.updated_at,
                    Object.large_size, Object.large_etag)
                .where(Object.container_id == found.id), Object.name, spec)
        response = listings.respond(
            req, "container", container, rows, _view, "object")
        _describe(req, response, found)
        return response

    @wsgi.handler(public=True)
    def head(self, req: wsgi.Request, account: str,
             container: str) -> wsgi.Response:
        self._access.read(req, account, container, listing=True)
        with self._db.reader() as session:
            found = accounts.find(session, account, container)
        response = wsgi.Response(status=204)
        _describe(req, response, found)
        return response

    @wsgi.handler(status=204)
    def update(self, req: wsgi.Request, account: str,
               container: str) -> None:
        """Change the container's metadata."""
        authorize(req, policies.WRITE, account)
        change = _said(req)
        with self._db.writer() as session:
            found = accounts.find(session, account, container, lock=True)
            found.headers = metadata.merged(found.headers, change)
            found.updated_at = db.utcnow()

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, account: str,
               container: str) -> None:
        """Remove an empty container."""
        authorize(req, policies.WRITE, account)
        with self._db.writer() as session:
            accounts.remove(session, account, container)


def _said(req: wsgi.Request) -> dict[str, str]:
    found = headers.said(req, "Container", _ACLS)
    return found | {name: acl.cleaned(name, found[name])
                    for name in _ACLS if name in found}


def _describe(req: wsgi.Request, response: wsgi.Response,
              found: Container) -> None:
    own = found.headers
    if not allowed(req, policies.WRITE, found.account):
        own = {name: value for name, value in own.items()
               if name not in _ACLS}
    headers.tell(response, own | {
        "X-Container-Object-Count": str(found.object_count),
        "X-Container-Bytes-Used": str(found.bytes_used),
        "X-Storage-Policy": "default",
        "Accept-Ranges": "bytes",
        "X-Timestamp": headers.timestamp(found.created_at),
        "Last-Modified": headers.last_modified(found.updated_at),
    })


def _view(row: Any) -> dict[str, Any]:
    shown = {"name": row.name, "hash": row.etag, "bytes": row.size,
             "content_type": row.content_type,
             "last_modified": listings.moment(row.updated_at)}
    if row.large_etag is None:
        return shown
    return shown | {"bytes": row.large_size,
                    "slo_etag": f'"{row.large_etag}"'}
