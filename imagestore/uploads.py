"""Uploads: from the wire to an active image, or to nothing."""

import contextlib
from collections.abc import Iterator
from typing import Protocol

from common import concurrency, db, events, lease
from imagestore import exceptions, inspection
from imagestore.collector import Collector
from imagestore.db import data
from imagestore.db.models import EVENTS, Image
from imagestore.stores.base import ImageStore, Staged

_CHUNK = 1 << 20


class Source(Protocol):
    """What the bytes come from."""

    def read(self, length: int) -> bytes:
        """Return up to ``length`` bytes; none at the end."""


class Uploads:
    """Receives the data of images.

    An upload holds a lease that it renews while it lives. When it ends in
    any other way than well, or its process dies, the collector removes
    what it has written.
    """

    def __init__(self, database: db.Database, store: ImageStore,
                 collector: Collector, *, limit: int) -> None:
        self._db = database
        self._store = store
        self._collector = collector
        self._limit = limit
        self._owner = lease.new_owner()

    def receive(self, image: Image, source: Source,
                length: int | None) -> None:
        """Store what ``source`` gives as the data of a queued image.

        :param length: bytes announced; fewer or more are refused
        """
        if length is not None and length > self._limit:
            raise exceptions.TooLarge(limit=self._limit)
        data_id = db.new_id()
        db.retrying(self._begin, image.id, data_id)
        try:
            with self._kept_alive(data_id):
                facts = self._store_data(image, data_id, source, length)
                finished = db.retrying(
                    self._finish, image, data_id, facts)
        except BaseException:
            db.retrying(self._abandon, data_id)
            raise
        if not finished:
            db.retrying(self._abandon, data_id)
            raise exceptions.Gone(image_id=image.id)

    def _begin(self, image_id: str, data_id: str) -> None:
        with self._db.writer() as session:
            data.begin(session, image_id, data_id, self._owner)

    def _finish(self, image: Image, data_id: str,
                facts: inspection.Facts) -> bool:
        with self._db.writer() as session:
            if not data.finish(
                    session, image.id, data_id, size=facts.size,
                    virtual_size=facts.virtual_size,
                    checksum=facts.checksum, hash_algo="sha512",
                    hash_value=facts.hash_value):
                session.rollback()
                return False
            events.add(session, EVENTS, kind="image.activate",
                       resource_id=image.id, project_id=image.project_id,
                       payload={"size": facts.size})
            return True

    def _abandon(self, data_id: str) -> None:
        with self._db.writer() as session:
            data.abandon(session, data_id)
        self._collector.wake()

    @contextlib.contextmanager
    def _kept_alive(self, data_id: str) -> Iterator[None]:
        thread = concurrency.spawn(self._renew_for_ever, data_id)
        try:
            yield
        finally:
            thread.kill()

    def _renew_for_ever(self, data_id: str) -> None:
        alive = True
        while alive:
            concurrency.sleep(data.LEASE_S / 4)
            with contextlib.suppress(db.Retryable):
                with self._db.writer() as session:
                    alive = data.renew(session, data_id)

    def _store_data(self, image: Image, data_id: str, source: Source,
                    length: int | None) -> inspection.Facts:
        assert image.container_format and image.disk_format
        inspector = inspection.Inspector(
            image.container_format, image.disk_format)
        staged = concurrency.blocking(self._store.stage, data_id)
        try:
            for chunk in self._chunks(source, length):
                concurrency.blocking(_take, chunk, staged, inspector)
            facts = concurrency.blocking(inspector.judge)
            concurrency.blocking(staged.finish)
        finally:
            concurrency.blocking(staged.close)
        return facts

    def _chunks(self, source: Source,
                length: int | None) -> Iterator[bytes]:
        got = 0
        while length is None or got < length:
            want = _CHUNK if length is None else min(_CHUNK, length - got)
            try:
                chunk = source.read(want)
            except (OSError, ValueError):
                chunk = b""
                length = -1 if length is None else length
            if not chunk:
                break
            got += len(chunk)
            if got > self._limit:
                raise exceptions.TooLarge(limit=self._limit)
            yield chunk
        if length is not None and got != length:
            raise exceptions.LengthMismatch(
                got=got, wanted=length if length >= 0 else "more")


def _take(chunk: bytes, staged: Staged,
          inspector: inspection.Inspector) -> None:
    staged.write(chunk)
    inspector.see(chunk)
