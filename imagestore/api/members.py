"""Members: the projects that an image is shared with."""

from typing import Any

from sqlalchemy import orm

from common import db, wsgi
from imagestore import exceptions
from imagestore.api import access, views
from imagestore.db import images
from imagestore.db.models import Image, Member
from imagestore.policies import images as policies
from imagestore.schemas import images as schemas

_MOST = 128


class Members:
    """Handlers of /v2/images/{image_id}/members."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        many = "/v2/images/{image_id}/members"
        one = f"{many}/{{member_id}}"
        return [
            ("POST", many, self.create),
            ("GET", many, self.index),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(body=schemas.ADD_MEMBER)
    def create(self, req: wsgi.Request, image_id: str) -> dict[str, Any]:
        """Offer the image to a project."""
        with self._db.writer() as session:
            image = _shared(access.find(
                req, session, image_id, policies.ADD_MEMBER, lock=True))
            member_id = req.json["member"]
            known = images.members(session, image.id)
            if any(each.member_id == member_id for each in known):
                raise exceptions.DuplicateMember(
                    image_id=image_id, member_id=member_id)
            if len(known) >= _MOST:
                raise exceptions.TooMany(limit=_MOST, what="members")
            now = db.utcnow()
            member = Member(
                image_id=image_id, member_id=member_id, status="pending",
                created_at=now, updated_at=now)
            session.add(member)
        return views.member(member)

    @wsgi.handler()
    def index(self, req: wsgi.Request, image_id: str) -> dict[str, Any]:
        """List all for the owner, and for a member itself."""
        with self._db.reader() as session:
            image = _shared(access.find(
                req, session, image_id, policies.GET_MEMBERS))
            rows = images.members(session, image_id)
        if not req.allowed(policies.GET_MEMBERS, {
                "project_id": image.project_id, "member_id": "-"}):
            rows = [row for row in rows
                    if row.member_id == req.ctx.project_id]
        return {"members": [views.member(row) for row in rows],
                "schema": "/v2/schemas/members"}

    @wsgi.handler()
    def show(self, req: wsgi.Request, image_id: str,
             member_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            member = self._find(
                req, session, image_id, member_id, policies.GET_MEMBERS)
        return views.member(member)

    @wsgi.handler(body=schemas.SET_MEMBER)
    def update(self, req: wsgi.Request, image_id: str,
               member_id: str) -> dict[str, Any]:
        """Accept or reject the offer."""
        with self._db.writer() as session:
            member = self._find(
                req, session, image_id, member_id, policies.UPDATE_MEMBER)
            member.status = req.json["status"]
            member.updated_at = db.utcnow()
        return views.member(member)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, image_id: str,
               member_id: str) -> None:
        with self._db.writer() as session:
            access.find(req, session, image_id, policies.DELETE_MEMBER)
            member = images.member(session, image_id, member_id)
            if member is None:
                raise exceptions.MemberNotFound(
                    image_id=image_id, member_id=member_id)
            session.delete(member)

    def _find(self, req: wsgi.Request, session: orm.Session, image_id: str,
              member_id: str, rule: str) -> Member:
        """Return a member whom the sender may do ``rule`` to."""
        image = access.find(req, session, image_id, policies.GET)
        member = images.member(session, image_id, member_id)
        target = {"project_id": image.project_id, "member_id": member_id}
        missing = exceptions.MemberNotFound(
            image_id=image_id, member_id=member_id)
        req.authorize(policies.GET_MEMBERS, target, hide=missing)
        if member is None:
            raise missing
        req.authorize(rule, target)
        return member


def _shared(image: Image) -> Image:
    if image.visibility != "shared":
        raise exceptions.NotShared()
    return image
