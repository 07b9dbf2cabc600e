"""New images, whichever call asks for them."""

from typing import Any

from sqlalchemy import orm

from common import events, wsgi
from common import exceptions as common_exceptions
from imagestore.changes import Document
from imagestore.db import images
from imagestore.db.models import EVENTS, Image
from imagestore.policies import images as policies
from imagestore.quotas import Quotas


class Creation:
    """An image that the sender may make.

    It may ask identity for limits, so no transaction may be open yet.

    :raises Forbidden: if the sender may not say what they say of it
    :raises BadRequest: if their token is of no project
    """

    def __init__(self, req: wsgi.Request, quotas: Quotas,
                 document: Document) -> None:
        if not req.ctx.project_id:
            raise common_exceptions.BadRequest(
                reason="An image belongs to a project: use a token that is "
                       "scoped to one.")
        self._document = document
        self._quotas = quotas
        self._columns = {
            "project_id": req.ctx.project_id} | document.columns
        self._project_id = str(self._columns["project_id"])
        authorize(req, document, self._project_id)
        self._limits = quotas.limits(self._project_id)

    def add(self, session: orm.Session, image_id: str,
            *limits: str) -> Image:
        """Record the image, or raise OverQuota or DuplicateImage.

        :param limits: those that count beside image_count_total
        """
        self._quotas.check(session, self._project_id, self._limits,
                           "image_count_total", *limits)
        image = images.add(
            session, image_id, properties=self._document.properties,
            tags=self._document.tags or [], **self._columns)
        record(session, image, "image.create")
        return image


def authorize(req: wsgi.Request, document: Document, project_id: str,
              image: Image | None = None) -> None:
    """Raise Forbidden for values that need a right of their own."""
    target = {"project_id": project_id}
    said = document.columns
    visibility = said.get("visibility")
    if visibility != (image and image.visibility):
        if visibility == "public":
            req.authorize(policies.PUBLICIZE, target)
        if visibility == "community":
            req.authorize(policies.COMMUNITIZE, target)
    owner = image.project_id if image else req.ctx.project_id
    if said.get("project_id", owner) != owner:
        req.authorize(policies.SET_OWNER, target)


def record(session: Any, image: Image, kind: str) -> None:
    """Note what happened to an image, for those who listen."""
    events.add(session, EVENTS, kind=kind, resource_id=image.id,
               project_id=image.project_id)
