"""Where data are, as a member of images: the older way, off by default.

Users see addresses inside of the deployment, and what they add is looked
at, but not checked against any digest: clients of this way rely on both.
"""

import dataclasses
from typing import Any

from sqlalchemy import orm

from common import concurrency, db, schema, wsgi
from common import exceptions as common_exceptions
from imagestore import exceptions, inspection
from imagestore.changes import Document, LocationChange
from imagestore.db import data
from imagestore.db.models import Data, Image
from imagestore.env import Env
from imagestore.policies import images as policies
from imagestore.policies import stores as store_policies
from imagestore.quotas import Limits
from imagestore.schemas import images as schemas
from imagestore.stores.base import Opened
from imagestore.stores.registry import Store

_CHUNK = 1 << 20
#: Bytes to read of data whose sender waits for an answer.
_MOST = 16 << 20
_DIGESTS = {"checksum": "checksum", "os_hash_algo": "hash_algo",
            "os_hash_value": "hash_value"}


@dataclasses.dataclass
class Looked:
    """What is at addresses that are new.

    :param sizes: by URL
    :param formats: container and disk, what the data may be
    :param limits: those of the image's project
    """

    sizes: dict[str, int] = dataclasses.field(default_factory=dict)
    formats: tuple[str | None, str | None] = (None, None)
    limits: Limits = dataclasses.field(default_factory=dict)


class InImages:
    """Shows and changes ``locations`` of images."""

    def __init__(self, env: Env) -> None:
        self._env = env

    def shown(self, req: wsgi.Request, session: orm.Session,
              image: Image) -> dict[str, Any]:
        """Return members to show beside the others of an image."""
        if not req.allowed(policies.GET_LOCATION,
                           {"project_id": image.project_id}):
            return {}
        return {"locations": [
            self._view(row) for row in data.of_image(session, image.id)]}

    def look(self, req: wsgi.Request, image: Image,
             document: Document) -> Looked:
        """Look at what is at each address that is new.

        It waits for other servers, so no transaction may be open.

        :raises ContentRefused: if the data there cannot be the image's
        """
        said = [each for change in document.locations
                if change.kind != "remove" for each in _listed(change)]
        schema.validate(said, schemas.LOCATIONS, "locations")
        if not said:
            return Looked()
        req.authorize(policies.SET_LOCATION,
                      {"project_id": image.project_id})
        container, disk = (
            document.columns.get(name) or getattr(image, name)
            for name in ("container_format", "disk_format"))
        if not (container and disk):
            raise exceptions.FormatsUnset()
        with self._env.db.reader() as session:
            known = {self._view(row)["url"]
                     for row in data.of_image(session, image.id)}
        wanted = {each["url"] for each in said} - known
        sizes = {url: self._size(url, container, disk)
                 for url in sorted(wanted)}
        return Looked(sizes, (container, disk),
                      self._env.quotas.limits(image.project_id))

    def apply(self, req: wsgi.Request, session: orm.Session, image: Image,
              asked: list[LocationChange], looked: Looked) -> None:
        """Do as asked, or raise BadRequest, Forbidden or Conflict."""
        if image.status not in ("queued", *data.HAS_DATA):
            raise exceptions.WrongStatus(
                status=image.status, wanted="active")
        target = {"project_id": image.project_id}
        for change in asked:
            if change.kind == "remove":
                req.authorize(store_policies.DELETE, target)
                self._remove(session, image, change.index)
                continue
            req.authorize(policies.SET_LOCATION, target)
            if change.kind == "add":
                self._add(session, image, change.value, looked)
            else:
                self._replace(session, image, change.value, looked)
            session.flush()
        data.refresh(session, image.id, self._env.stores)

    def _add(self, session: orm.Session, image: Image,
             said: dict[str, Any], looked: Looked) -> None:
        size = looked.sizes.pop(said["url"], None)
        if size is None:
            raise common_exceptions.BadRequest(
                reason=f"locations: {said['url']} is one of them already")
        if self._env.signed.verifier(image):
            raise common_exceptions.BadRequest(
                reason="locations: data of a signed image have to be "
                       "read before they count: use POST /locations")
        _take_digests(image, said.get("validation_data") or {})
        row = Data(
            id=db.new_id(), image_id=image.id, state="live", owner="",
            store=self._web().name, url=said["url"], expires_at=db.epoch(),
            notes=_notes(said))
        session.add(row)
        if image.status == "queued":
            if looked.formats != (image.container_format, image.disk_format):
                raise exceptions.ChangedMeanwhile(image_id=image.id)
            self._env.quotas.check(session, image.project_id, looked.limits,
                                   "image_size_total")
            image.status, image.data_id, image.size = "active", row.id, size
        elif size != image.size:
            raise exceptions.HashMismatch()

    def _replace(self, session: orm.Session, image: Image,
                 said: list[dict[str, Any]], looked: Looked) -> None:
        rows = data.of_image(session, image.id)
        if not rows:
            for each in said:
                self._add(session, image, each, looked)
            return
        by_url = {self._view(row)["url"]: row for row in rows}
        if sorted(by_url) != sorted(each["url"] for each in said):
            raise common_exceptions.BadRequest(
                reason="locations: of those that are there, a replacement "
                       "may change the metadata alone")
        for each in said:
            by_url[each["url"]].notes = _notes(each)

    def _remove(self, session: orm.Session, image: Image,
                index: int | None) -> None:
        # What an import has copied may go again, and be all that is left.
        if image.importing_to:
            raise exceptions.BeingImported(image_id=image.id)
        rows = data.of_image(session, image.id)
        if index is None or index >= len(rows):
            raise common_exceptions.BadRequest(
                reason=f"body: there are {len(rows)} locations, counted "
                       "from 0")
        row = rows.pop(index)
        if not rows:
            raise exceptions.LastStore(store=row.store, image_id=image.id)
        row.state = "doomed"
        if image.data_id == row.id:
            image.data_id = rows[0].id

    def _web(self) -> Store:
        found = self._env.stores.of_kind("http")
        if found is None:
            raise common_exceptions.BadRequest(
                reason="locations: no store takes addresses")
        return found

    def _size(self, url: str, container: str, disk: str) -> int:
        store = self._web()
        opened = store.open(url)
        try:
            if opened.size is None:
                raise common_exceptions.BadRequest(
                    reason=f"locations: {url} does not say its size")
            seen = inspection.Inspector(
                container, disk, nested=True,
                enforce=self._env.conf.imagestore.require_image_format_match)
            _look(seen, store, opened)
            concurrency.blocking(seen.examine, opened.size)
        finally:
            store.call(opened.close)
        return opened.size

    def _view(self, row: Data) -> dict[str, Any]:
        name = row.store or self._env.stores.default
        return {"url": self._env.stores.get(name).driver.url(row.key),
                "metadata": (row.notes or {}) | {"store": name}}


def _look(seen: inspection.Inspector, store: Store, opened: Opened) -> None:
    """Read until the format is known, or to the end."""
    while not seen.decided:
        chunk = store.call(opened.read, seen.size, _CHUNK)
        if not chunk:
            return
        for look in seen.looks():
            concurrency.blocking(look, chunk)
        if seen.size > _MOST:
            raise exceptions.ContentRefused(
                reason=f"the format cannot be told from {_MOST} bytes")


def _listed(change: LocationChange) -> list[Any]:
    if change.kind == "add":
        return [change.value]
    if not isinstance(change.value, list):
        raise common_exceptions.BadRequest(
            reason="body: the value of /locations is a list")
    return change.value


def _notes(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said["metadata"].items()
            if name != "store"}


def _take_digests(image: Image, said: dict[str, Any]) -> None:
    """Note digests of a new image, or compare with those that it has."""
    if said and image.status == "queued":
        if len(said) != len(_DIGESTS) or said["os_hash_algo"] != "sha512":
            raise common_exceptions.BadRequest(
                reason="validation_data: checksum, os_hash_value and "
                       "os_hash_algo, which must be sha512, need each other")
        for name, column in _DIGESTS.items():
            setattr(image, column, said[name])
    elif any(value != getattr(image, _DIGESTS[name])
             for name, value in said.items()):
        raise exceptions.HashMismatch()
