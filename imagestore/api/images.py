"""The images resource."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import orm

from common import db, wsgi
from common import exceptions as common_exceptions
from imagestore import changes, exceptions
from imagestore.api import access, creation, links, listing, views
from imagestore.api.location_patch import InImages, Looked
from imagestore.collector import Collector
from imagestore.db import images
from imagestore.db.models import Image
from imagestore.policies import images as policies
from imagestore.protection import NO_PROTECTION, Protection
from imagestore.quotas import Quotas
from imagestore.schemas import images as schemas


class Images:
    """Handlers of /v2/images."""

    def __init__(self, database: db.Database, collector: Collector,
                 quotas: Quotas,
                 protection: Protection = NO_PROTECTION,
                 locations: InImages | None = None,
                 offers: Mapping[str, str] | None = None) -> None:
        """Take the parts.

        :param offers: headers that tell how a new image can be filled
        """
        self._offers = offers or {}
        self._db = database
        self._collector = collector
        self._quotas = quotas
        self._protection = protection
        self._locations = locations

    def routes(self) -> list[wsgi.Route]:
        one = "/v2/images/{image_id}"
        return [
            ("POST", "/v2/images", self.create),
            ("GET", "/v2/images", self.index),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
            # Clients whose ID is empty must get no list.
            ("GET", "/v2/images/", self.nameless),
            ("DELETE", "/v2/images/", self.nameless),
            ("POST", f"{one}/actions/deactivate", self.deactivate),
            ("POST", f"{one}/actions/reactivate", self.reactivate),
        ]

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> wsgi.Response:
        """Record an image that has no data yet."""
        req.authorize(policies.CREATE)
        wanted = creation.Creation(
            req, self._quotas, changes.from_body(req.json, self._rights(req)))
        with self._db.writer() as session:
            image = wanted.add(session, req.json.get("id") or db.new_id())
            shown = self._shown(req, session, image)
        response = wsgi.Response(status=201, json=shown)
        response.headers["Location"] = req.public_url(
            f"/v2/images/{image.id}")
        response.headers.update(self._offers)
        return response

    @wsgi.handler(query=schemas.LIST)
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        """List the images that the sender's project has or is offered."""
        req.authorize(policies.GET_ALL)
        with self._db.reader() as session:
            found, page = listing.find(req, session, self._protection)
        shown = {"images": found, "schema": "/v2/schemas/images"}
        return links.add(shown, req, page, len(found),
                         found[-1]["id"] if found else None)

    @wsgi.handler()
    def show(self, req: wsgi.Request, image_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            image = access.find(req, session, image_id, policies.GET)
            return self._shown(req, session, image)

    @wsgi.handler()
    def nameless(self, req: wsgi.Request) -> None:
        req.authorize(policies.GET_ALL)
        raise exceptions.ImageNotFound(image_id="")

    @wsgi.handler(body=schemas.PATCH)
    def update(self, req: wsgi.Request, image_id: str) -> dict[str, Any]:
        """Apply all operations, or none."""
        looked = self._look(req, image_id)
        with self._db.writer() as session:
            image = access.find(
                req, session, image_id, policies.UPDATE, lock=True)
            document = changes.patched(
                image, _operations(req), self._rights(req))
            creation.authorize(req, document, image.project_id, image)
            changes.apply(image, document)
            if self._locations and looked and document.locations:
                self._locations.apply(
                    req, session, image, document.locations, looked)
            creation.record(session, image, "image.update")
            return self._shown(req, session, image)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, image_id: str) -> None:
        """Forget the image; its data go as soon as may be."""
        with self._db.writer() as session:
            image = access.find(
                req, session, image_id, policies.DELETE, lock=True)
            if image.protected:
                raise exceptions.Protected(image_id=image_id)
            images.delete(session, image)
            creation.record(session, image, "image.delete")
        self._collector.wake()

    @wsgi.handler(status=204)
    def deactivate(self, req: wsgi.Request, image_id: str) -> None:
        self._move(req, image_id, policies.DEACTIVATE, "deactivated")

    @wsgi.handler(status=204)
    def reactivate(self, req: wsgi.Request, image_id: str) -> None:
        self._move(req, image_id, policies.REACTIVATE, "active")

    def _look(self, req: wsgi.Request, image_id: str) -> Looked | None:
        """Look at data that a patch adds by address."""
        if self._locations is None:
            return None
        with self._db.reader() as session:
            image = access.find(req, session, image_id, policies.UPDATE)
            document = changes.patched(
                image, _operations(req), self._rights(req))
        return self._locations.look(req, image, document)

    def _rights(self, req: wsgi.Request) -> changes.Rights:
        return changes.Rights(self._protection, req.ctx.roles,
                              locations=self._locations is not None)

    def _shown(self, req: wsgi.Request, session: orm.Session,
               image: Image) -> dict[str, Any]:
        shown = views.image(image)
        if self._locations:
            shown |= self._locations.shown(req, session, image)
        return self._protection.cleaned(shown, req.ctx.roles)

    def _move(self, req: wsgi.Request, image_id: str, rule: str,
              status: str) -> None:
        with self._db.writer() as session:
            image = access.find(req, session, image_id, rule, lock=True)
            if image.status not in ("active", "deactivated"):
                # Only an upload makes an image active at first.
                raise exceptions.NotActivated(
                    status=image.status, wanted=status)
            images.set_status(session, image, status)
            creation.record(session, image, f"image.{rule}")


def _operations(req: wsgi.Request) -> list[dict[str, Any]]:
    if req.content_type not in changes.PATCH_TYPES:
        raise common_exceptions.UnsupportedMediaType(
            content_type=req.content_type or "(none)",
            allowed=", ".join(changes.PATCH_TYPES))
    return changes.operations(req.json, req.content_type)
