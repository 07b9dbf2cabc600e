"""Data that lie elsewhere: looked at, and their digests told."""

import contextlib
import dataclasses
from typing import Any, ClassVar

from sqlalchemy import orm

from common import concurrency, events, signatures, task
from imagestore import exceptions, inspection
from imagestore.db import cached, data, images, tasks
from imagestore.db.models import EVENTS, Data, Image
from imagestore.env import Env
from imagestore.stores.base import Opened
from imagestore.stores.registry import Store

_CHUNK = 4 << 20


@dataclasses.dataclass
class AddLocation(task.Task):
    """Makes an importing image active by data that stay where they are.

    :param data_id: row of the data, which is there already
    :param hash_algo: that of ``hash_value``, which the data must have;
        without one it is computed
    :param secure: the digests are computed; without it, only a signature
        is compared
    """

    deadline_s: ClassVar[float] = 24 * 3600

    image_id: str
    data_id: str
    hash_algo: str = "sha512"
    hash_value: str | None = None
    secure: bool = True

    @property
    def resource(self) -> str:
        return self.image_id

    @task.step
    def look(self, env: Env) -> None:
        """Make it active, unless it is to be compared first."""
        with env.db.writer() as session:
            self.guard(session)
            tasks.note(session, self.id, status="processing")
        image, store, opened = self._open(env)
        try:
            signed = env.signed.verifier(image)
            seen = self._inspector(env, image, None)
            size = self._read(env, store, opened, seen, whole=False)
            virtual_size = concurrency.blocking(seen.examine, size)
        finally:
            store.call(opened.close)
        if not (signed or (self.secure and self.hash_value)):
            self._activate(env, size=size, virtual_size=virtual_size)

    @task.step
    def digest(self, env: Env) -> None:
        """Read it all, and note what it is."""
        with env.db.reader() as session:
            signed = env.signed.verifier(images.get(session, self.image_id))
        if not (self.secure or signed):
            return
        image, store, opened = self._open(env)
        try:
            seen = self._inspector(env, image, signed)
            self._read(env, store, opened, seen, whole=True)
            facts = concurrency.blocking(seen.judge)
        finally:
            store.call(opened.close)
        if self.hash_value not in (None, facts.hash_value):
            raise exceptions.HashMismatch()
        self._activate(env, size=facts.size, checksum=facts.checksum,
                       virtual_size=facts.virtual_size,
                       hash_value=facts.hash_value)

    @task.step
    def settle(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            tasks.note(session, self.id, status="success",
                       result={"image_id": self.image_id})

    def undone(self, env: Env, reason: str) -> None:
        """Let the image wait for other data; what was said is still shown.
        """
        with env.db.writer() as session:
            self.guard(session)
            tasks.note(session, self.id, status="failure", message=reason)
            with contextlib.suppress(exceptions.ImageNotFound):
                image = images.get(session, self.image_id, lock=True)
                self._refuse(session, env, image)

    def _refuse(self, session: orm.Session, env: Env, image: Image) -> None:
        row = session.get(Data, self.data_id)
        if row is None or row.state != "live":
            return
        row.state = "refused"
        # A queued image has no data: what was added beside would count
        # again with the next upload.
        data.doom(session, Data.image_id == image.id,
                  Data.id != row.id, Data.state == "live")
        for name in ("size", "virtual_size", "checksum", "hash_algo",
                     "hash_value", "data_id"):
            setattr(image, name, None)
        image.status = "queued"
        cached.drop_everywhere(session, image.id)
        data.refresh(session, image.id, env.stores)

    def _inspector(self, env: Env, image: Image,
                   signature: signatures.Verifier | None
                   ) -> inspection.Inspector:
        assert image.container_format and image.disk_format
        return inspection.Inspector(
            image.container_format, image.disk_format, self.hash_algo,
            enforce=env.conf.imagestore.require_image_format_match,
            nested=True, signature=signature)

    def _open(self, env: Env) -> tuple[Image, Store, Opened]:
        with env.db.reader() as session:
            image = images.get(session, self.image_id)
            row = session.get(Data, self.data_id)
        if row is None or row.state != "live":
            raise exceptions.Gone(image_id=self.image_id)
        store = env.stores.get(row.store or env.stores.default)
        return image, store, store.open(row.key)

    def _read(self, env: Env, store: Store, opened: Opened,
              seen: inspection.Inspector, *, whole: bool) -> int:
        """Show the data; return how many bytes they are.

        :param whole: to their end, even if they are known before
        """
        limit = env.conf.imagestore.image_size_cap
        if (opened.size or 0) > limit:
            raise exceptions.TooLarge(limit=limit)
        while chunk := store.call(opened.read, seen.size, _CHUNK):
            for look in seen.looks():
                concurrency.blocking(look, chunk)
            if seen.size > limit:
                raise exceptions.TooLarge(limit=limit)
            if not whole and seen.decided and opened.size is not None:
                return opened.size
            with env.db.reader() as session:
                # Raises if it was deleted meanwhile.
                images.get(session, self.image_id)
        return seen.size

    def _activate(self, env: Env, **facts: Any) -> None:
        algo = self.hash_algo if self.secure or self.hash_value else None
        values = {"hash_algo": algo, "hash_value": self.hash_value} | facts
        with env.db.writer() as session:
            self.guard(session)
            image = images.get(session, self.image_id, lock=True)
            if image.status == "importing":
                image.status = "active"
                events.add(session, EVENTS, kind="image.activate",
                           resource_id=image.id, project_id=image.project_id,
                           payload={"size": values["size"]})
            for name, value in values.items():
                setattr(image, name, value)
            # Those were made before the digest was known.
            cached.drop_everywhere(session, image.id)
            data.refresh(session, image.id, env.stores)
