"""The action createImage: an image of a server as it is."""

import functools
import logging
import uuid
from collections.abc import Callable
from typing import Any

from oslo_config import cfg

from common import db, exceptions, schema, task, wsgi
from compute import snapshots, states
from compute.api.native.common import find_server, minor
from compute.api.native.server_actions import wrong_state
from compute.db.cell import actions
from compute.db.cell import servers as queries
from compute.db.cell.models import Server, Volume
from compute.env import Env
from compute.exceptions import MetadataLimitExceeded
from compute.policies import servers as policies
from compute.schemas import servers as schemas
from compute.tasks.create_image import CreateImage
from compute.volumes import Volumes as BlockStore

LOG = logging.getLogger(__name__)

_FROM = (states.ACTIVE, states.STOPPED, states.PAUSED, states.SUSPENDED)
_ACTION = "createImage"


class ServerImages:
    """Makes images of servers."""

    def __init__(self, conf: cfg.ConfigOpts, cell: db.Database,
                 tasks: task.Runner, env: Env) -> None:
        self._conf = conf
        self._cell = cell
        self._tasks = tasks
        self._env = env

    def create(self, req: wsgi.Request, server_id: str,
               value: Any) -> wsgi.Response:
        """Make the image's record, with the sender's rights, and answer.

        A task sees to the data. It is written first: if we die before the
        record is made, the task finds none and lets the server rest.
        """
        schema.validate(value, schemas.create_image(minor(req)),
                        f"body.{_ACTION}")
        metadata = value.get("metadata", {})
        limit = self._conf.compute.quota_metadata_items
        if 0 <= limit < len(metadata):
            raise MetadataLimitExceeded(limit=limit)
        rest = self._env.clients.as_user(req, "image")
        images = snapshots.Images(rest)
        image_id = str(uuid.uuid4())
        # Before anything is begun: a service that is away begins nothing.
        url = images.url(image_id)
        server = self._find(req, server_id)
        if not server.image_id:
            self._create_of_volumes(req, server, images, snapshots.record(
                server, image_id, value["name"].strip(), req.ctx, metadata))
            return _answer(req, image_id, url)
        server = self._begin(req, server_id, image_id)
        try:
            images.create(snapshots.record(
                server, image_id, value["name"].strip(), req.ctx, metadata))
        except exceptions.ServiceError:
            self._give_up(server_id, image_id)
            raise
        self._tasks.wake()
        return _answer(req, image_id, url)

    def _find(self, req: wsgi.Request, server_id: str) -> Server:
        with self._cell.reader() as session:
            return find_server(
                req, session, server_id, policies.CREATE_IMAGE)

    def _create_of_volumes(self, req: wsgi.Request, server: Server,
                           images: snapshots.Images,
                           record: dict[str, Any]) -> None:
        """Make snapshots of the volumes, and an image that names them.

        All is done as the user: what is left of it, should we die on the
        way, is theirs to see and to delete.
        """
        req.authorize(policies.CREATE_IMAGE_OF_VOLUMES, {
            "project_id": server.project_id, "user_id": server.user_id})
        self._log(req, server)
        store = BlockStore(self._env.clients.as_user(req, "volume"))
        taken: list[tuple[Volume, dict[str, Any]]] = []
        try:
            for row in server.volumes:
                taken.append((row, store.snapshot(
                    row.volume_id, f"snapshot for {record['name']}")))
            images.create(snapshots.record_of_volumes(record, taken))
            images.fill_with_nothing(record["id"])
        except exceptions.ServiceError:
            _take_back(lambda: images.delete(record["id"]))
            for _, made in taken:
                _take_back(functools.partial(
                    store.delete_snapshot, made["id"]))
            raise

    def _log(self, req: wsgi.Request, server: Server) -> None:
        """Note the action, of a server that rests."""
        with self._cell.writer() as session:
            now = queries.get(session, server.id)
            if now.vm_state not in _FROM or now.task_state:
                raise wrong_state(now, _ACTION, _FROM)
            actions.begin(session, req.ctx, server.id, _ACTION)

    def _begin(self, req: wsgi.Request, server_id: str,
               image_id: str) -> Server:
        with self._cell.writer() as session:
            server = find_server(
                req, session, server_id, policies.CREATE_IMAGE)
            session.expunge_all()
            moved = queries.change(
                session, server_id, vm_state=_FROM, task_state=[None],
                generation=server.generation,
                values={"task_state": states.IMAGE_SNAPSHOT})
            if moved is None or server.host is None:
                raise wrong_state(server, _ACTION, _FROM)
            actions.begin(session, req.ctx, server_id, _ACTION)
            self._tasks.add(session, CreateImage(
                server_id=server_id, image_id=image_id), req.ctx)
        return server

    def _give_up(self, server_id: str, image_id: str) -> None:
        """Let the server rest at once; the task finds it so and ends."""
        with self._cell.writer() as session:
            queries.change(
                session, server_id, task_state=[states.IMAGE_SNAPSHOT],
                values={"task_state": None})
        self._tasks.wake()


def _take_back(delete: Callable[[], None]) -> None:
    """Delete what was made; the sender is told why it was not enough."""
    try:
        delete()
    except exceptions.ServiceError as error:
        LOG.warning("What was made for an image stays: %s", error)


def _answer(req: wsgi.Request, image_id: str, url: str) -> wsgi.Response:
    if minor(req) >= 45:
        return wsgi.Response(json_body={"image_id": image_id}, status=202,
                             charset="UTF-8")
    return wsgi.Response(status=202, location=url)
