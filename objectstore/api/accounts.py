"""Accounts: what a project has in the store."""

from typing import Any

import sqlalchemy as sa

from common import db, wsgi
from objectstore import policies
from objectstore.api import headers, listings
from objectstore.api.access import authorize
from objectstore.db import accounts, listing
from objectstore.db.models import Account, Container


class Accounts:
    """Handlers of /v1/{account}."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        path = "/v1/{account}"
        return [
            ("GET", path, self.index),
            ("HEAD", path, self.head),
            ("POST", path, self.update),
        ]

    @wsgi.handler(query=listings.QUERY)
    def index(self, req: wsgi.Request, account: str) -> wsgi.Response:
        """List the containers; an account that is not used is empty."""
        authorize(req, policies.READ, account)
        spec = listings.spec(req)
        with self._db.reader() as session:
            found = accounts.get(session, account)
            usage = accounts.usage(session, account)
            rows = listing.find(
                session, sa.select(
                    Container.name, Container.object_count,
                    Container.bytes_used, Container.updated_at)
                .where(Container.account == account), Container.name, spec)
        response = listings.respond(
            req, "account", account, rows, _view, "container")
        _describe(response, found, usage)
        return response

    @wsgi.handler()
    def head(self, req: wsgi.Request, account: str) -> wsgi.Response:
        authorize(req, policies.READ, account)
        with self._db.reader() as session:
            found = accounts.get(session, account)
            usage = accounts.usage(session, account)
        response = wsgi.Response(status=204)
        _describe(response, found, usage)
        return response

    @wsgi.handler(status=204)
    def update(self, req: wsgi.Request, account: str) -> None:
        """Change the account's metadata."""
        authorize(req, policies.ADMINISTER, account)
        change = headers.said(req, "Account")
        with self._db.writer() as session:
            accounts.update(session, account, change)


def _describe(response: wsgi.Response, found: Account | None,
              usage: accounts.Usage) -> None:
    shown = {
        "X-Account-Container-Count": str(usage.container_count),
        "X-Account-Object-Count": str(usage.object_count),
        "X-Account-Bytes-Used": str(usage.bytes_used),
        "Accept-Ranges": "bytes",
        "X-Timestamp": headers.timestamp(
            found.created_at if found else db.utcnow()),
    }
    headers.tell(response, shown | (found.headers if found else {}))


def _view(row: Any) -> dict[str, Any]:
    return {"name": row.name, "count": row.object_count,
            "bytes": row.bytes_used,
            "last_modified": listings.moment(row.updated_at)}
