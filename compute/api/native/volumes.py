"""Volumes of servers: /servers/{id}/os-volume_attachments."""

import time
from typing import Any

import sqlalchemy as sa

from common import clients, concurrency, db, schema, task, wsgi
from common.exceptions import BadRequest, NotFound
from compute import states
from compute.api.native.common import ANY, body, find_server, minor
from compute.api.native.server_actions import check_unlocked, wrong_state
from compute.db.cell import actions
from compute.db.cell import volumes as queries
from compute.db.cell.models import Server, Volume
from compute.exceptions import TooManyVolumes, VolumeUnusable
from compute.policies import servers as policies
from compute.schemas import servers as schemas
from compute.tasks.attach_volume import AttachVolume, DetachVolume
from compute.volumes import Volumes as BlockStore

View = dict[str, Any]

_READY = (states.ACTIVE, states.PAUSED, states.STOPPED, states.SUSPENDED)
#: Seconds that an answer waits for the block store to reserve the volume.
_RESERVE_S = 5.0
_LETTERS = "bcdefghijklmnopqrstuvwxyz"


class Volumes:
    """Handlers of the volumes of a server."""

    def __init__(self, cell: db.Database, tasks: task.Runner,
                 rest: clients.Clients) -> None:
        self._cell = cell
        self._tasks = tasks
        self._rest = rest

    def routes(self) -> list[wsgi.Route]:
        many = "/servers/{server_id}/os-volume_attachments"
        one = many + "/{volume_id}"
        return [("GET", many, self.index), ("POST", many, self.attach),
                ("GET", one, self.show), ("PUT", one, self.update),
                ("DELETE", one, self.detach)]

    @wsgi.handler()
    def index(self, req: wsgi.Request, server_id: str) -> View:
        with self._cell.reader() as session:
            server = find_server(
                req, session, server_id, policies.VOLUMES_LIST)
        return {"volumeAttachments": [
            view(req, row) for row in server.volumes]}

    @wsgi.handler()
    def show(self, req: wsgi.Request, server_id: str,
             volume_id: str) -> View:
        with self._cell.reader() as session:
            find_server(req, session, server_id, policies.VOLUMES_SHOW)
            row = queries.get(session, server_id, volume_id)
        return {"volumeAttachment": view(req, row)}

    @wsgi.handler(body=ANY)
    def attach(self, req: wsgi.Request, server_id: str) -> View:
        """Begin to attach; answer once the volume is reserved.

        The rest goes on, whether or not somebody waits for the answer.
        """
        asked = body(req, schemas.attach_volume)["volumeAttachment"]
        volume_id = asked["volumeId"].lower()
        with self._cell.reader() as session:
            server = find_server(
                req, session, server_id, policies.VOLUMES_CREATE)
        _check_ready(req, server, "attach_volume")
        self._check_volume(req, server, volume_id)
        row = Volume(
            id=db.new_id(), server_id=server_id, volume_id=volume_id,
            device="", tag=asked.get("tag"),
            delete_on_termination=schema.is_true(
                asked.get("delete_on_termination", False)))
        self._add(req, server, row)
        self._tasks.wake()
        self._wait_reserved(row)
        return {"volumeAttachment": view(req, row, created=True)}

    def _check_volume(self, req: wsgi.Request, server: Server,
                      volume_id: str) -> None:
        """Raise unless the sender may attach the volume, and it is free."""
        found = BlockStore(self._rest.as_user(req, "volume")).get(volume_id)
        if found is None:
            raise NotFound()
        if any(row.volume_id == volume_id for row in server.volumes):
            raise VolumeUnusable(
                volume_id=volume_id,
                reason="it is attached to this server already")
        shared = found.get("multiattach") and found["status"] == "in-use"
        if found["status"] != "available" and not shared:
            raise VolumeUnusable(
                volume_id=volume_id,
                reason=f"status must be available, but is "
                       f"{found['status']}")

    def _add(self, req: wsgi.Request, server: Server, row: Volume) -> None:
        with self._cell.writer() as session:
            used = {other.device for other
                    in queries.of_server(session, server.id)}
            row.device = _free_device(used)
            try:
                queries.add(session, row)
            except sa.exc.IntegrityError:
                raise db.Retryable() from None
            actions.begin(session, req.ctx, server.id, "attach_volume")
            self._tasks.add(session, AttachVolume(
                server_id=server.id, volume_id=row.volume_id), req.ctx)

    def _wait_reserved(self, row: Volume) -> None:
        """Return once the volume is reserved, or after a few seconds.

        :raises VolumeUnusable: the block store refused it
        """
        end = time.monotonic() + _RESERVE_S
        while time.monotonic() < end:
            with self._cell.reader() as session:
                found = queries.find(session, row.server_id, row.volume_id)
            if found is None or found.id != row.id:
                raise VolumeUnusable(
                    volume_id=row.volume_id,
                    reason="the block store refused to reserve it")
            if found.attachment_id:
                row.attachment_id = found.attachment_id
                return
            concurrency.sleep(0.03)

    @wsgi.handler(body=schemas.UPDATE_VOLUME, status=202)
    def update(self, req: wsgi.Request, server_id: str,
               volume_id: str) -> None:
        """Set whether the volume is deleted with the server."""
        asked = req.json["volumeAttachment"]
        with self._cell.writer() as session:
            find_server(req, session, server_id, policies.VOLUMES_UPDATE)
            if minor(req) < 85 or asked["volumeId"] != volume_id:
                raise BadRequest(
                    reason="volumeId: swapping a volume for another is not "
                           "supported")
            row = queries.get(session, server_id, volume_id)
            queries.set_state(
                session, row.id, delete_on_termination=schema.is_true(
                    asked.get("delete_on_termination",
                              row.delete_on_termination)))

    @wsgi.handler(status=202)
    def detach(self, req: wsgi.Request, server_id: str,
               volume_id: str) -> None:
        with self._cell.writer() as session:
            server = find_server(
                req, session, server_id, policies.VOLUMES_DELETE)
            row = queries.get(session, server_id, volume_id)
            if row.device == queries.ROOT:
                raise BadRequest(
                    reason="Cannot detach a root device volume")
            _check_ready(req, server, "detach_volume")
            if not queries.set_state(
                    session, row.id, was="attached", status="detaching"):
                raise VolumeUnusable(
                    volume_id=volume_id,
                    reason=f"it is {row.status}, not attached")
            actions.begin(session, req.ctx, server_id, "detach_volume")
            self._tasks.add(session, DetachVolume(
                server_id=server_id, volume_id=volume_id), req.ctx)
        self._tasks.wake()


def _free_device(used: set[str]) -> str:
    for letter in _LETTERS:
        if f"/dev/vd{letter}" not in used:
            return f"/dev/vd{letter}"
    raise TooManyVolumes(limit=len(_LETTERS))


def _check_ready(req: wsgi.Request, server: Server, action: str) -> None:
    check_unlocked(req, server)
    if server.vm_state not in _READY or server.task_state == (
            states.DELETING):
        raise wrong_state(server, action, _READY)


def view(req: wsgi.Request, row: Volume, *, created: bool = False) -> View:
    """Return an attachment as the version of the request has it."""
    version = minor(req)
    shown: View = {"serverId": row.server_id, "volumeId": row.volume_id,
                   "device": row.device}
    if version < 89 or created:
        shown["id"] = row.volume_id
    else:
        shown["attachment_id"] = row.attachment_id
        shown["bdm_uuid"] = row.id
    if version >= 70:
        shown["tag"] = row.tag
    if version >= 79:
        shown["delete_on_termination"] = row.delete_on_termination
    return shown
