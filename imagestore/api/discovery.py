"""What the service is: versions, schemas, and what a project uses."""

from typing import Any

from common import db, exceptions, wsgi
from imagestore.db import usage
from imagestore.policies import images as policies
from imagestore.quotas import Quotas
from imagestore.schemas import documents

#: The newest first. They are not negotiated: clients look for single ones,
#: which stand for what came with them.
_VERSIONS = ["v2.17", "v2.15", "v2.13", "v2.12", "v2.11", "v2.10", "v2.9",
             "v2.8", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1",
             "v2.0"]
#: Those that say that images are cached.
_OF_CACHES = ["v2.18", "v2.16", "v2.14"]


class Discovery:
    """Handlers of /, /versions, /v2/schemas and /v2/info/usage.

    :param cache: whether the calls of the cache are served
    """

    def __init__(self, database: db.Database, quotas: Quotas, *,
                 cache: bool = False) -> None:
        self._db = database
        self._quotas = quotas
        versions = _VERSIONS + (_OF_CACHES if cache else [])
        self._names = sorted(
            versions, key=lambda name: int(name[3:]), reverse=True)

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/", self.choices),
            ("GET", "/versions", self.versions),
            ("GET", "/v2/schemas/{name}", self.schema),
            ("GET", "/v2/schemas/metadefs/{name}", self.metadef_schema),
            ("GET", "/v2/info/usage", self.usage),
        ]

    @wsgi.handler(public=True, status=300)
    def choices(self, req: wsgi.Request) -> dict[str, Any]:
        return self._shown(req)

    @wsgi.handler(public=True)
    def versions(self, req: wsgi.Request) -> dict[str, Any]:
        return self._shown(req)

    @wsgi.handler()
    def schema(self, req: wsgi.Request, name: str) -> dict[str, Any]:
        return _document(req, name)

    @wsgi.handler()
    def metadef_schema(self, req: wsgi.Request, name: str) -> dict[str, Any]:
        return _document(req, f"metadefs/{name}")

    @wsgi.handler()
    def usage(self, req: wsgi.Request) -> dict[str, Any]:
        """Tell the sender's project what it uses; -1 is no limit."""
        req.authorize(policies.USAGE)
        project_id = req.ctx.project_id or ""
        limits = self._quotas.limits(project_id)
        with self._db.reader() as session:
            used = usage.of_project(session, project_id)
        return {"usage": {
            name: {"limit": limits.get(name, -1), "usage": number}
            for name, number in used.items()}}

    def _shown(self, req: wsgi.Request) -> dict[str, Any]:
        link = {"rel": "self", "href": req.public_url("/v2/")}
        return {"versions": [
            {"id": name, "links": [link],
             "status": "SUPPORTED" if index else "CURRENT"}
            for index, name in enumerate(self._names)]}


def _document(req: wsgi.Request, name: str) -> dict[str, Any]:
    req.authorize(policies.DISCOVER)
    if name not in documents.DOCUMENTS:
        raise exceptions.NotFound()
    return documents.DOCUMENTS[name]
