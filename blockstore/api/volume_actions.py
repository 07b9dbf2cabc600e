"""What can be done to a volume: POST /volumes/{volume_id}/action."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import orm

from blockstore import exceptions
from blockstore.api.volumes import begin_force_delete, find
from blockstore.db import attachments, volumes
from blockstore.db.history import record
from blockstore.parts import Parts
from blockstore.policies import volumes as policies
from blockstore.schemas import volume_actions as schemas
from blockstore.tasks import DeleteVolume, ExtendVolume
from common import schema, wsgi

Act = Callable[[wsgi.Request, orm.Session, str, Any], None]


class VolumeActions:
    """One handler, and a method for each action."""

    def __init__(self, parts: Parts) -> None:
        self._db = parts.db
        self._tasks = parts.tasks
        self._quotas = parts.quotas
        #: By name: the schema of its arguments, what does it, its status.
        self._actions: dict[str, tuple[schema.Schema, Act, int]] = {
            "os-extend": (schemas.EXTEND, self._extend, 202),
            "os-reset_status": (
                schemas.RESET_STATUS, self._reset_status, 202),
            "os-force_delete": (
                schemas.FORCE_DELETE, self._force_delete, 202),
            "os-set_bootable": (
                schemas.SET_BOOTABLE, self._set_bootable, 200),
            "os-update_readonly_flag": (
                schemas.SET_READONLY, self._set_readonly, 202),
        }

    def routes(self) -> list[wsgi.Route]:
        return [("POST", "/volumes/{volume_id}/action", self.act)]

    @wsgi.handler(body=schemas.ANY)
    def act(self, req: wsgi.Request, volume_id: str) -> wsgi.Response:
        """Do the one action that the body names."""
        with self._db.reader() as session:
            find(req, session, volume_id)  # before anything is told
        name, arguments = next(iter(req.json.items()))
        if name not in self._actions:
            raise exceptions.InvalidInput(
                field=name[:64], reason="no such action; there are "
                + ", ".join(sorted(self._actions)))
        rules, act, status = self._actions[name]
        arguments = schema.validate(arguments, rules, f"body.{name}")
        with self._db.writer() as session:
            act(req, session, volume_id, arguments)
        self._tasks.wake()
        return wsgi.Response(status=status)

    def _extend(self, req: wsgi.Request, session: orm.Session,
                volume_id: str, arguments: dict[str, Any]) -> None:
        volume = find(req, session, volume_id, policies.EXTEND)
        size_gib = int(arguments["new_size"])
        if not volume.size_gib < size_gib <= 65536:
            raise exceptions.InvalidInput(
                field="new_size", reason="must be larger than the "
                f"{volume.size_gib} GiB it has, and 65536 at most")
        self._quotas.charge(
            session, volume.project_id, volumes=0, size_gib=size_gib,
            gigabytes=size_gib - volume.size_gib)
        volumes.move(session, volume_id, "extending", target_gib=size_gib)
        self._tasks.add(session, ExtendVolume(
            volume_id=volume_id, size_gib=size_gib), req.ctx)
        record(session, volume_id, "resize.start")

    def _reset_status(self, req: wsgi.Request, session: orm.Session,
                      volume_id: str, arguments: dict[str, Any]) -> None:
        """Set what an operator says, except against the evidence."""
        volume = find(req, session, volume_id, policies.RESET_STATUS)
        status = arguments.get("status")
        if status == "available" or (
                arguments.get("attach_status") == "detached"):
            _refuse_connected(volume)
            for each in volume.attachments:
                attachments.unreserve(session, each.id)
        if status:
            volumes.update(session, volume_id, status=status, reason=None)
        record(session, volume_id, "reset_status.end")

    def _force_delete(self, req: wsgi.Request, session: orm.Session,
                      volume_id: str, arguments: Any) -> None:
        volume = find(req, session, volume_id, policies.FORCE_DELETE)
        begin_force_delete(session, volume)
        self._tasks.cancel(session, volume_id)
        self._tasks.add(session, DeleteVolume(
            volume_id=volume_id, force=True), req.ctx)
        record(session, volume_id, "delete.start")

    def _set_bootable(self, req: wsgi.Request, session: orm.Session,
                      volume_id: str, arguments: dict[str, Any]) -> None:
        find(req, session, volume_id, policies.SET_BOOTABLE)
        volumes.update(session, volume_id, bootable=schema.is_true(
            arguments["bootable"]))

    def _set_readonly(self, req: wsgi.Request, session: orm.Session,
                      volume_id: str, arguments: dict[str, Any]) -> None:
        find(req, session, volume_id, policies.SET_READONLY)
        volumes.move(
            session, volume_id, "available", of={"available"},
            readonly=schema.is_true(arguments["readonly"]))


def _refuse_connected(volume: Any) -> None:
    """Raise InvalidVolume where a host was told how to reach the volume.

    Calling it free against that is how two servers come to write to it.
    """
    if any(each.status != "reserved" for each in volume.attachments):
        raise exceptions.InvalidVolume(
            reason=f"volume {volume.id} has attachments that are not just "
                   "reserved; end them first")
