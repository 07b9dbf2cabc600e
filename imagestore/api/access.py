"""Find an image for a request: hidden is as good as not there."""

from typing import Any

from sqlalchemy import orm

from common import wsgi
from imagestore import exceptions
from imagestore.db import images
from imagestore.db.models import Image, Member
from imagestore.policies import images as policies

#: No project's id: what a rule compares with when there is no member.
_NOBODY = "-"


def target(image: Image, member: Member | None) -> dict[str, Any]:
    """Return what rules look at."""
    return {
        "project_id": image.project_id, "visibility": image.visibility,
        "member_id": member.member_id if member and (
            image.visibility == "shared") else _NOBODY,
    }


def find(req: wsgi.Request, session: orm.Session, image_id: str, rule: str,
         *, lock: bool = False) -> Image:
    """Return an image that the sender may do ``rule`` to.

    :raises ImageNotFound: if they may not even see it
    :raises Forbidden: if they see it, but may not
    """
    missing = exceptions.ImageNotFound(image_id=image_id)
    try:
        image = images.get(session, image_id, lock=lock)
    except exceptions.ImageNotFound:
        # Who may see no image at all is told so.
        req.authorize(policies.GET_ALL)
        raise
    mine = images.member(session, image_id, req.ctx.project_id or _NOBODY)
    seen = target(image, mine)
    req.authorize(policies.GET, seen, hide=missing)
    if rule != policies.GET:
        req.authorize(rule, seen)
    return image
