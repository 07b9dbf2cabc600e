"""The metadata of a volume."""

from blockstore import exceptions
from blockstore.api import views
from blockstore.api.volumes import find
from blockstore.db import volumes
from blockstore.parts import Parts
from blockstore.policies import volumes as policies
from blockstore.schemas import metadata as schemas
from common import wsgi

_MAX_KEYS = 128


class Metadata:
    """Handlers of /volumes/{volume_id}/metadata."""

    def __init__(self, parts: Parts) -> None:
        self._db = parts.db

    def routes(self) -> list[wsgi.Route]:
        base = "/volumes/{volume_id}/metadata"
        return [
            ("GET", base, self.show),
            ("POST", base, self.add),
            ("PUT", base, self.replace),
            ("GET", base + "/{key}", self.show_one),
            ("PUT", base + "/{key}", self.set_one),
            ("DELETE", base + "/{key}", self.delete_one),
        ]

    @wsgi.handler()
    def show(self, req: wsgi.Request, volume_id: str) -> dict:
        with self._db.reader() as session:
            volume = find(req, session, volume_id, policies.GET_METADATA)
        return {"metadata": views.metadata(volume)}

    @wsgi.handler(body=schemas.SET)
    def add(self, req: wsgi.Request, volume_id: str) -> dict:
        """Set some keys, keep the others."""
        return self._set(req, volume_id, req.json["metadata"])

    @wsgi.handler(body=schemas.SET)
    def replace(self, req: wsgi.Request, volume_id: str) -> dict:
        """Set all keys."""
        return self._set(
            req, volume_id, req.json["metadata"], replace=True)

    @wsgi.handler()
    def show_one(self, req: wsgi.Request, volume_id: str, key: str) -> dict:
        with self._db.reader() as session:
            volume = find(req, session, volume_id, policies.GET_METADATA)
        shown = views.metadata(volume)
        if key not in shown:
            raise exceptions.MetadataNotFound(volume_id=volume_id, key=key)
        return {"meta": {key: shown[key]}}

    @wsgi.handler(body=schemas.SET_ONE)
    def set_one(self, req: wsgi.Request, volume_id: str, key: str) -> dict:
        meta = req.json["meta"]
        if key not in meta:
            raise exceptions.InvalidInput(
                field="meta", reason="must have the key of the path")
        self._set(req, volume_id, meta)
        return {"meta": meta}

    @wsgi.handler()
    def delete_one(self, req: wsgi.Request, volume_id: str,
                   key: str) -> None:
        with self._db.writer() as session:
            find(req, session, volume_id, policies.DELETE_METADATA)
            volumes.unset_metadata(session, volume_id, key)

    def _set(self, req: wsgi.Request, volume_id: str,
             items: dict[str, str], *, replace: bool = False) -> dict:
        with self._db.writer() as session:
            find(req, session, volume_id, policies.SET_METADATA)
            volumes.set_metadata(
                session, volume_id, items, replace=replace)
            volume = volumes.get(session, volume_id)
            if len(volume.metadata_items) > _MAX_KEYS:
                raise exceptions.InvalidInput(
                    field="metadata",
                    reason=f"a volume has at most {_MAX_KEYS} keys")
        return {"metadata": views.metadata(volume)}
