"""The attachments resource: how compute gets at volumes."""

import time
from typing import Any

from sqlalchemy import orm

from blockstore import exceptions
from blockstore.api import views
from blockstore.db import attachments, volumes
from blockstore.db.history import record
from blockstore.db.models import Attachment, Volume
from blockstore.parts import Parts
from blockstore.policies import attachments as policies
from blockstore.policies import volumes as volume_policies
from blockstore.schemas import attachments as schemas
from blockstore.tasks import ConnectVolume, DisconnectVolume
from common import concurrency, db, paging, schema, wsgi

#: Seconds that a request waits for the agent's work; other services give
#: up after 60.
_PATIENCE_S = 50
_FILTERS = {"volume_id", "status", "instance_id", "attach_status", "id"}


class Attachments:
    """Handlers of /attachments."""

    def __init__(self, parts: Parts) -> None:
        self._db = parts.db
        self._tasks = parts.tasks

    def routes(self) -> list[wsgi.Route]:
        one = "/attachments/{attachment_id}"
        return [
            ("POST", "/attachments", self.create_with_mode),
            ("POST", "/attachments", self.create),
            ("GET", "/attachments", self.index),
            ("GET", "/attachments/detail", self.detail),
            ("GET", one, self.show),
            ("PUT", one, self.update),
            ("POST", one + "/action", self.act),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(body=schemas.CREATE, status=202,
                  versions=("3.27", "3.53"))
    def create(self, req: wsgi.Request) -> dict:
        """Reserve the volume; connect it too, if a connector is given."""
        return self._create(req, req.json["attachment"])

    @wsgi.handler(body=schemas.CREATE_3_54, status=202,
                  versions=("3.54", None))
    def create_with_mode(self, req: wsgi.Request) -> dict:
        return self._create(req, req.json["attachment"])

    @wsgi.handler(query=schemas.LIST, versions=("3.27", None))
    def index(self, req: wsgi.Request) -> dict:
        return {"attachments": [
            views.attachment_summary(each) for each in self._list(req)]}

    @wsgi.handler(query=schemas.LIST, versions=("3.27", None))
    def detail(self, req: wsgi.Request) -> dict:
        return {"attachments": [
            views.attachment(req, each) for each in self._list(req)]}

    @wsgi.handler(versions=("3.27", None))
    def show(self, req: wsgi.Request, attachment_id: str) -> dict:
        with self._db.reader() as session:
            found = find(req, session, attachment_id)
        return {"attachment": views.attachment(req, found)}

    @wsgi.handler(body=schemas.UPDATE, versions=("3.27", None))
    def update(self, req: wsgi.Request, attachment_id: str) -> dict:
        """Connect the volume for a host; repeated, answer the same."""
        with self._db.writer() as session:
            found = find(req, session, attachment_id, policies.UPDATE)
            self._connect(req, session, found,
                          req.json["attachment"]["connector"])
        self._tasks.wake()
        connected = self._await_connected(attachment_id)
        return {"attachment": views.attachment(req, connected)}

    @wsgi.handler(body=schemas.ACTION, status=204, versions=("3.44", None))
    def act(self, req: wsgi.Request, attachment_id: str) -> None:
        """Note that the server has the volume."""
        with self._db.writer() as session:
            found = find(req, session, attachment_id, policies.COMPLETE)
            if found.status != "attached":
                attachments.complete(session, found)
                record(session, found.volume_id, "attach.end")

    @wsgi.handler(versions=("3.27", None))
    def delete(self, req: wsgi.Request, attachment_id: str) -> dict:
        """Disconnect the volume; it is free when this answers."""
        with self._db.writer() as session:
            found = find(req, session, attachment_id, policies.DELETE)
            waits = self._begin_delete(req, session, found)
        if waits:
            self._tasks.wake()
            self._await_gone(found)
        with self._db.reader() as session:
            others = attachments.of_volume(session, found.volume_id)
        return {"attachments": [
            views.attachment_summary(each) for each in others]}

    def _create(self, req: wsgi.Request, spec: dict[str, Any]) -> dict:
        connector = spec.get("connector")
        with self._db.writer() as session:
            volume = _volume_for(req, session, spec["volume_uuid"])
            made = self._repeated(req, volume, spec) or attachments.reserve(
                session, volume, id=db.new_id(),
                instance_id=spec.get("instance_uuid"),
                mode=spec.get("mode") or "rw")
            if connector:
                self._connect(req, session, made, connector)
        if connector:
            self._tasks.wake()
            made = self._await_connected(made.id)
        return {"attachment": views.attachment(req, made)}

    def _repeated(self, req: wsgi.Request, volume: Volume,
                  spec: dict[str, Any]) -> Attachment | None:
        """Return what a service has reserved for the same server before.

        A service that did not hear the answer asks again.
        """
        if not req.allowed(policies.AS_SERVICE) or not spec.get(
                "instance_uuid"):
            return None
        return next((each for each in volume.attachments
                     if each.instance_id == spec["instance_uuid"]
                     and each.status == "reserved"), None)

    def _list(self, req: wsgi.Request) -> list[Attachment]:
        req.authorize(policies.GET_ALL)
        page = paging.parse(
            req, attachments.SORT_KEYS, default="created_at:desc")
        asked = {name: value for name, value in req.params_checked.items()
                 if name in _FILTERS}
        if "attach_status" in asked:
            asked["status"] = asked.pop("attach_status")
        everything = schema.is_true(req.GET.get("all_tenants"))
        project_id = req.ctx.project_id or ""
        if everything and req.allowed(policies.GET_ALL_TENANTS):
            project_id = req.GET.get("project_id")
        with self._db.reader() as session:
            return attachments.page(session, attachments.Filters(
                project_id=project_id, equal=asked), page)

    def _connect(self, req: wsgi.Request, session: orm.Session,
                 attachment: Attachment, connector: dict[str, Any]) -> None:
        """Have the volume connected, unless it is or is about to be."""
        if attachment.status != "reserved" and (
                attachment.connector == connector):
            return
        volume = volumes.get(session, attachment.volume_id)
        mode = connector.get("mode") or attachment.mode
        attachments.begin_connect(session, attachment, connector, mode)
        session.refresh(attachment)
        self._tasks.add(session, ConnectVolume(
            volume_id=volume.id, attachment_id=attachment.id,
            generation=attachment.generation, backend=volume.host,
            readonly=volume.readonly or mode == "ro"), req.ctx)

    def _begin_delete(self, req: wsgi.Request, session: orm.Session,
                      found: Attachment) -> bool:
        """Begin to end the attachment; say whether there is work left."""
        if found.status == "reserved":
            attachments.unreserve(session, found.id)
            return False
        if not req.allowed(policies.AS_SERVICE):
            raise exceptions.ServerOwnsAttachment(
                attachment_id=found.id, instance_id=found.instance_id)
        if found.status == "detaching":
            return True
        attachments.begin_disconnect(session, found)
        session.refresh(found)
        self._tasks.add(session, DisconnectVolume(
            volume_id=found.volume_id, attachment_id=found.id,
            generation=found.generation,
            backend=volumes.host(session, found.volume_id)), req.ctx)
        return True

    def _await_connected(self, attachment_id: str) -> Attachment:
        """Return the attachment once it has a connection, or raise."""
        for _ in _moments():
            with self._db.reader() as session:
                found = attachments.get(session, attachment_id)
            if found.connection_info is not None:
                return found
            if found.status != "attaching":
                raise exceptions.ConnectFailed(
                    volume_id=found.volume_id,
                    reason=found.reason or f"it became {found.status}")
        raise exceptions.StillWorking(
            volume_id=found.volume_id, status=found.status)

    def _await_gone(self, attachment: Attachment) -> None:
        """Wait for the end of an attachment that is ``detaching``."""
        for _ in _moments():
            try:
                with self._db.reader() as session:
                    found = attachments.get(session, attachment.id)
            except exceptions.AttachmentNotFound:
                return
            if found.status != "detaching":
                raise exceptions.DisconnectFailed(
                    volume_id=found.volume_id,
                    reason=found.reason or f"it became {found.status}")
        raise exceptions.StillWorking(
            volume_id=attachment.volume_id, status="detaching")


def _moments() -> Any:
    """Yield at growing distances until patience is over."""
    until = time.monotonic() + _PATIENCE_S
    pause = 0.01
    while time.monotonic() < until:
        concurrency.sleep(pause)
        pause = min(pause * 1.3, 0.5)
        yield


def find(req: wsgi.Request, session: orm.Session, attachment_id: str,
         rule: str = policies.GET) -> Attachment:
    """Return the attachment, if the sender may do what ``rule`` guards.

    :raises AttachmentNotFound: also if the sender may not see it
    """
    hidden = exceptions.AttachmentNotFound(attachment_id=attachment_id)
    req.environ["common.authorized"] = True
    found = attachments.get(session, attachment_id)
    target = {"project_id": found.project_id}
    req.authorize(policies.GET, target, hide=hidden)
    if rule != policies.GET:
        req.authorize(rule, target)
    return found


def _volume_for(req: wsgi.Request, session: orm.Session,
                volume_id: str) -> Volume:
    """Return the volume to be attached; a foreign one is not found."""
    hidden = exceptions.VolumeNotFound(volume_id=volume_id)
    req.environ["common.authorized"] = True
    volume = volumes.get(session, volume_id)
    target = {"project_id": volume.project_id}
    req.authorize(volume_policies.GET, target, hide=hidden)
    req.authorize(policies.CREATE, target)
    return volume
