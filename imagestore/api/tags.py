"""Tags of an image."""

from common import db, wsgi
from common import exceptions as common_exceptions
from imagestore import exceptions
from imagestore.api import access
from imagestore.db import images
from imagestore.db.models import Tag
from imagestore.policies import images as policies

_MOST = 128


class Tags:
    """Handlers of /v2/images/{image_id}/tags/{tag}."""

    def __init__(self, database: db.Database) -> None:
        self._db = database

    def routes(self) -> list[wsgi.Route]:
        path = "/v2/images/{image_id}/tags/{tag}"
        return [("PUT", path, self.add), ("DELETE", path, self.remove)]

    @wsgi.handler(status=204)
    def add(self, req: wsgi.Request, image_id: str, tag: str) -> None:
        with self._db.writer() as session:
            image = access.find(
                req, session, image_id, policies.UPDATE, lock=True)
            if len(tag) > 255:
                raise common_exceptions.BadRequest(
                    reason="tag: longer than 255 characters")
            if all(each.value != tag for each in image.tags):
                if len(image.tags) >= _MOST:
                    raise exceptions.TooMany(limit=_MOST, what="tags")
                image.tags.append(Tag(value=tag))
                images.touch(image)

    @wsgi.handler(status=204)
    def remove(self, req: wsgi.Request, image_id: str, tag: str) -> None:
        with self._db.writer() as session:
            image = access.find(
                req, session, image_id, policies.UPDATE, lock=True)
            kept = [each for each in image.tags if each.value != tag]
            if len(kept) == len(image.tags):
                raise exceptions.TagNotFound(image_id=image_id, tag=tag)
            image.tags = kept
            images.touch(image)
