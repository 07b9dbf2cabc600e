"""What belongs to a server: addresses, metadata, tags, groups."""

from typing import Any

from oslo_config import cfg

from common import db, wsgi
from common.exceptions import BadRequest, NotFound
from compute import states
from compute.api.native import server_views
from compute.api.native.common import Links, find_server
from compute.api.native.server_actions import wrong_state
from compute.db.cell import servers as queries
from compute.db.cell.models import Server
from compute.exceptions import MetadataLimitExceeded, ServerLocked
from compute.policies import servers as policies
from compute.schemas import servers as schemas

View = dict[str, Any]

_CHANGEABLE = (states.ACTIVE, states.STOPPED, states.PAUSED,
               states.SUSPENDED)
_MAX_TAGS = 50


class ServerParts:
    """Handlers of /servers/{server_id}/... that change no state."""

    def __init__(self, conf: cfg.ConfigOpts, cell: db.Database) -> None:
        self._conf = conf
        self._cell = cell

    def routes(self) -> list[wsgi.Route]:
        one = "/servers/{server_id}"
        return [
            ("GET", one + "/ips", self.ips),
            ("GET", one + "/ips/{network}", self.ips_of),
            ("GET", one + "/metadata", self.metadata),
            ("POST", one + "/metadata", self.add_metadata),
            ("PUT", one + "/metadata", self.set_metadata),
            ("GET", one + "/metadata/{key}", self.meta),
            ("PUT", one + "/metadata/{key}", self.set_meta),
            ("DELETE", one + "/metadata/{key}", self.delete_meta),
            ("GET", one + "/tags", self.tags),
            ("PUT", one + "/tags", self.set_tags),
            ("DELETE", one + "/tags", self.delete_tags),
            ("GET", one + "/tags/{tag}", self.tag),
            ("PUT", one + "/tags/{tag}", self.add_tag),
            ("DELETE", one + "/tags/{tag}", self.delete_tag),
            ("GET", one + "/os-security-groups", self.groups),
        ]

    def _read(self, req: wsgi.Request, server_id: str,
              rule: str) -> Server:
        with self._cell.reader() as session:
            return find_server(req, session, server_id, rule)

    @wsgi.handler()
    def ips(self, req: wsgi.Request, server_id: str) -> View:
        server = self._read(req, server_id, policies.IPS)
        return {"addresses": server_views.addresses(
            server.nics, short=True)}

    @wsgi.handler()
    def ips_of(self, req: wsgi.Request, server_id: str,
               network: str) -> View:
        server = self._read(req, server_id, policies.IPS)
        found = server_views.addresses(server.nics, short=True)
        if network not in found:
            raise NotFound()
        return {network: found[network]}

    @wsgi.handler()
    def groups(self, req: wsgi.Request, server_id: str) -> View:
        server = self._read(req, server_id, policies.SECURITY_GROUPS)
        found = {group["id"]: group["name"] for nic in server.nics
                 for group in nic.security_groups}
        return {"security_groups": [
            {"id": key, "name": name, "description": "", "rules": [],
             "tenant_id": server.project_id}
            for key, name in found.items()]}

    @wsgi.handler()
    def metadata(self, req: wsgi.Request, server_id: str) -> View:
        server = self._read(req, server_id, policies.METADATA_READ)
        return {"metadata": server.meta}

    @wsgi.handler()
    def meta(self, req: wsgi.Request, server_id: str, key: str) -> View:
        server = self._read(req, server_id, policies.METADATA_READ)
        if key not in server.meta:
            raise NotFound()
        return {"meta": {key: server.meta[key]}}

    @wsgi.handler(body=schemas.METADATA_BODY)
    def add_metadata(self, req: wsgi.Request, server_id: str) -> View:
        added = req.json["metadata"]
        return {"metadata": self._write_meta(
            req, server_id, lambda old: old | added)}

    @wsgi.handler(body=schemas.METADATA_BODY)
    def set_metadata(self, req: wsgi.Request, server_id: str) -> View:
        wanted = req.json["metadata"]
        return {"metadata": self._write_meta(
            req, server_id, lambda old: wanted)}

    @wsgi.handler(body=schemas.META_BODY)
    def set_meta(self, req: wsgi.Request, server_id: str,
                 key: str) -> View:
        item = req.json["meta"]
        if key not in item:
            raise BadRequest(
                reason="Request body and URI mismatch")
        self._write_meta(req, server_id, lambda old: old | item)
        return {"meta": item}

    @wsgi.handler(status=204)
    def delete_meta(self, req: wsgi.Request, server_id: str,
                    key: str) -> None:
        def without(old: View) -> View:
            if key not in old:
                raise NotFound()
            return {name: value for name, value in old.items()
                    if name != key}
        self._write_meta(req, server_id, without)

    def _write_meta(self, req: wsgi.Request, server_id: str,
                    change: Any) -> View:
        """Change the metadata; of two that race, the later reads again."""
        with self._cell.writer() as session:
            server = find_server(
                req, session, server_id, policies.METADATA_WRITE)
            _check_changeable(req, server)
            wanted: View = change(server.meta)
            limit = self._conf.compute.quota_metadata_items
            if 0 <= limit < len(wanted):
                raise MetadataLimitExceeded(limit=limit)
            if not queries.update_if(session, server, {"meta": wanted}):
                raise db.Retryable()
        return wanted

    @wsgi.handler(versions=("2.26", None))
    def tags(self, req: wsgi.Request, server_id: str) -> View:
        return {"tags": _names(
            self._read(req, server_id, policies.TAGS_READ))}

    @wsgi.handler(versions=("2.26", None), status=204)
    def tag(self, req: wsgi.Request, server_id: str, tag: str) -> None:
        if tag not in _names(
                self._read(req, server_id, policies.TAGS_READ)):
            raise NotFound()

    @wsgi.handler(body=schemas.TAGS_BODY, versions=("2.26", None))
    def set_tags(self, req: wsgi.Request, server_id: str) -> View:
        self._write_tags(req, server_id, lambda old: req.json["tags"])
        return {"tags": req.json["tags"]}

    @wsgi.handler(versions=("2.26", None), status=204)
    def delete_tags(self, req: wsgi.Request, server_id: str) -> None:
        self._write_tags(req, server_id, lambda old: [])

    @wsgi.handler(versions=("2.26", None))
    def add_tag(self, req: wsgi.Request, server_id: str,
                tag: str) -> wsgi.Response:
        if len(tag) > 60 or "," in tag:
            raise BadRequest(
                reason="tag: is longer than 60 characters or holds a comma")
        had = self._write_tags(
            req, server_id, lambda old: [*old, tag])
        response = wsgi.Response(status=204 if tag in had else 201)
        if tag not in had:
            response.headers["Location"] = Links(req).href(
                "servers", f"{server_id}/tags/{tag}")
        return response

    @wsgi.handler(versions=("2.26", None), status=204)
    def delete_tag(self, req: wsgi.Request, server_id: str,
                   tag: str) -> None:
        def without(old: list[str]) -> list[str]:
            if tag not in old:
                raise NotFound()
            return [name for name in old if name != tag]
        self._write_tags(req, server_id, without)

    def _write_tags(self, req: wsgi.Request, server_id: str,
                    change: Any) -> list[str]:
        """Change the tags; return those that were there before."""
        with self._cell.writer() as session:
            server = find_server(
                req, session, server_id, policies.TAGS_WRITE)
            _check_changeable(req, server)
            had = _names(server)
            wanted = change(had)
            if len(set(wanted)) > _MAX_TAGS:
                raise BadRequest(
                    reason=f"tags: a server has {_MAX_TAGS} at most")
            queries.set_tags(session, server_id, wanted)
        return had


def _names(server: Server) -> list[str]:
    return [row.tag for row in server.tags]


def _check_changeable(req: wsgi.Request, server: Server) -> None:
    if server.locked_by and "admin" not in req.ctx.roles:
        raise ServerLocked(server_id=server.id)
    if server.vm_state not in _CHANGEABLE:
        raise wrong_state(server, "change", _CHANGEABLE)
