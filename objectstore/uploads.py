"""Uploads: from the wire to a committed object, or to nothing."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Protocol

from sqlalchemy import orm

from common import concurrency, db, lease
from common import exceptions as common_exceptions
from objectstore import exceptions
from objectstore.blobs import BLOCK, Store, Writer
from objectstore.collector import Collector
from objectstore.db import objects
from objectstore.db.models import Object


class Source(Protocol):
    """What the bytes come from."""

    def read(self, length: int) -> bytes:
        """Return up to ``length`` bytes; none at the end."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What an upload announces.

    :param length: bytes; None if it is not said
    :param etag: MD5 of the bytes; None if it is not said
    :param only_new: the name must not be taken
    :param large: size and MD5 of the large object that the bytes are the
        manifest of
    :param check: called in the transaction that makes it an object
    """

    place: objects.Place
    content_type: str
    headers: dict[str, str]
    length: int | None = None
    etag: str | None = None
    only_new: bool = False
    large: tuple[int, str] | None = None
    check: Callable[[orm.Session], None] = lambda session: None

    def of(self, manifest: bytes, size: int, etag: str,
           check: Callable[[orm.Session], None]) -> "Wanted":
        """Return what announces the manifest of a large object."""
        return dataclasses.replace(
            self, length=len(manifest), etag=None, large=(size, etag),
            check=check)


class Uploads:
    """Receives objects.

    An upload holds a lease that it renews while it lives. When it ends in
    any other way than well, or its process dies, the collector removes
    what it has written.
    """

    def __init__(self, database: db.Database, store: Store,
                 collector: Collector, *, limit: int) -> None:
        self._db = database
        self._store = store
        self._collector = collector
        self._limit = limit
        self._owner = lease.new_owner()

    def receive(self, wanted: Wanted, source: Source) -> Object:
        """Store what ``source`` gives; return once it is durable."""
        if wanted.length is not None and wanted.length > self._limit:
            raise exceptions.TooLarge(limit=self._limit)
        blob_id = db.new_id()
        db.retrying(self._begin, blob_id)
        try:
            with self._kept_alive(blob_id):
                made = self._store_and_commit(wanted, blob_id, source)
        except BaseException:
            db.retrying(self._abandon, blob_id)
            raise
        return made

    def _begin(self, blob_id: str) -> None:
        with self._db.writer() as session:
            objects.begin(session, blob_id, self._owner, self._store.names)

    def _abandon(self, blob_id: str) -> None:
        with self._db.writer() as session:
            objects.abandon(session, blob_id)
        self._collector.wake()

    @contextlib.contextmanager
    def _kept_alive(self, blob_id: str) -> Iterator[None]:
        thread = concurrency.spawn(self._renew_for_ever, blob_id)
        try:
            yield
        finally:
            thread.kill()

    def _renew_for_ever(self, blob_id: str) -> None:
        alive = True
        while alive:
            concurrency.sleep(objects.LEASE_S / 4)
            # Away for a while, or only busy: there is time to try again.
            with contextlib.suppress(common_exceptions.ServiceUnavailable):
                with self._db.writer() as session:
                    alive = objects.renew(session, blob_id)

    def _store_and_commit(self, wanted: Wanted, blob_id: str,
                          source: Source) -> Object:
        writer = self._store.stage(blob_id)
        try:
            for block in self._blocks(source, wanted.length):
                writer.write(block)
            if wanted.etag is not None and wanted.etag != writer.etag:
                raise exceptions.WrongETag(
                    got=writer.etag, wanted=wanted.etag)
            writer.finish()
        finally:
            writer.close()
        made = db.retrying(self._commit, wanted, blob_id, writer)
        self._collector.wake()
        return made

    def _commit(self, wanted: Wanted, blob_id: str,
                writer: Writer) -> Object:
        """Let the object be seen: from here on it is not lost."""
        with self._db.writer() as session:
            if not objects.commit(
                    session, blob_id, writer.size, writer.sums):
                raise exceptions.NoQuorum()
            wanted.check(session)
            large_size, large_etag = wanted.large or (None, None)
            return objects.put(session, wanted.place, objects.Content(
                blob_id=blob_id, size=writer.size, etag=writer.etag,
                content_type=wanted.content_type, headers=wanted.headers,
                large_size=large_size, large_etag=large_etag,
            ), only_new=wanted.only_new)

    def _blocks(self, source: Source, length: int | None) -> Iterator[bytes]:
        """Yield blocks, all but the last of full size."""
        got = 0
        while length is None or got < length:
            want = BLOCK if length is None else min(BLOCK, length - got)
            block, cut = _read_fully(source.read, want)
            got += len(block)
            if got > self._limit:
                raise exceptions.TooLarge(limit=self._limit)
            if cut or (length is not None and len(block) < want):
                raise exceptions.ClientGone(
                    got=got, wanted="more" if length is None else length)
            if block:
                yield block
            if len(block) < want:
                return


def _read_fully(read: Callable[[int], bytes],
                want: int) -> tuple[bytes, bool]:
    """Return up to ``want`` bytes, and whether the sender broke off."""
    parts, got = [], 0
    while got < want:
        try:
            part = read(want - got)
        except (OSError, ValueError):
            return b"".join(parts), True
        if not part:
            break
        parts.append(part)
        got += len(part)
    return b"".join(parts), False
