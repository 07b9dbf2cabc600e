"""Uploads: from the wire, or another store, to a whole image or nothing."""

import contextlib
import dataclasses
import functools
import io
import mmap
import os
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from sqlalchemy import orm

from common import concurrency, db, events, failpoint, lease
from common import exceptions as common_exceptions
from imagestore import exceptions, inspection
from imagestore.collector import Collector
from imagestore.db import data
from imagestore.db.models import EVENTS, Image
from imagestore.signed import SignedImages
from imagestore.stores.registry import STAGING, Store, Stores

#: Large enough that handing a chunk to threads costs nothing beside it.
_CHUNK = 4 << 20
#: Chunks that are being received, or wait for the slowest of those that look
#: at them. An upload takes their memory, and no more.
_CHUNKS = 4

failpoint.declare("upload.begun", "upload.half", "upload.written",
                  "upload.finished")


#: Raises if a task is another worker's by now.
Guard = Callable[[orm.Session], None]
#: Called with the id of data that are kept.
Then = Callable[[orm.Session, str], None]


class Source(Protocol):
    """What the bytes come from."""

    def read(self, length: int) -> bytes:
        """Return up to ``length`` bytes; none at the end."""


@dataclasses.dataclass(frozen=True)
class Copy:
    """Data that a task brings to a store, for an image it imports.

    :param guard: raises if the task is another worker's by now
    :param activate: the image becomes active by them
    """

    image: Image
    store: Store
    task_id: str
    guard: Guard
    activate: bool


class _Chunk:
    """A part of the data, in memory that is used again."""

    def __init__(self, memory: mmap.mmap) -> None:
        self.memory = memory
        self.size = 0
        #: How many have not seen it yet.
        self.unseen = 0

    @property
    def view(self) -> memoryview:
        """The bytes."""
        return memoryview(self.memory)[:self.size]

    def fill(self, source: Source, most: int) -> None:
        """Take up to ``most`` bytes; fewer only at the end."""
        with memoryview(self.memory) as room:
            while self.size < most:
                got = _take(source, room[self.size:most])
                if not got:
                    break
                self.size += got


def _take(source: Source, room: memoryview) -> int:
    if isinstance(source, io.BufferedReader):
        # From the wire, to where it stays.
        return source.readinto(room)
    part = source.read(len(room))
    room[:len(part)] = part
    return len(part)


class _Upload:
    """Bytes on their way, as their writer sees them."""

    def __init__(self, image_id: str, data_id: str, store: Store) -> None:
        self.image_id = image_id
        self.data_id = data_id
        self.store = store
        self.alive = True


#: Writes the data of an upload.
_Put = Callable[[_Upload], None]


class Uploads:
    """Receives the data of images.

    An upload holds a lease that it renews while it lives. When it ends in
    any other way than well, or its process dies, the collector removes
    what it has written.
    """

    def __init__(self, database: db.Database, stores: Stores,
                 collector: Collector, *, limit: int, signed: SignedImages,
                 enforce: bool = True) -> None:
        """Make it.

        :param limit: most bytes of one image
        :param signed: tells what is to check the data of an image
        :param enforce: refuse what is not of its image's format, or unsafe
        """
        self._db = database
        self._stores = stores
        self._collector = collector
        self._limit = limit
        self._enforce = enforce
        self._signed = signed
        self._owner = lease.new_owner()

    def receive(self, image: Image, source: Source, length: int | None,
                store: Store) -> None:
        """Store what ``source`` gives as the data of a queued image.

        :param length: bytes announced; fewer or more are refused
        """
        def begin(session: orm.Session, data_id: str) -> None:
            # Formats decide on what the data have to be.
            data.take(session, image.id, "saving", data_id,
                      container_format=image.container_format,
                      disk_format=image.disk_format)
            data.begin(session, image.id, data_id, self._owner, store.name)

        def finish(session: orm.Session, data_id: str) -> bool:
            return (data.keep(session, data_id)
                    and self._activate(session, image, data_id, "saving",
                                       seen.judge()))
        seen = self._inspector(image)
        self._write(image.id, store, self._read(source, length, seen),
                    begin, finish)

    def stage(self, image: Image, source: Source,
              length: int | None) -> None:
        """Keep what ``source`` gives until the image is imported."""
        def begin(session: orm.Session, data_id: str) -> None:
            data.take(session, image.id, "uploading", data_id)
            data.begin(session, image.id, data_id, self._owner, STAGING)
        self._write(image.id, self._stores.get(STAGING),
                    self._read(source, length, inspection.Seen()),
                    begin, data.keep)

    def fetch(self, image_id: str, source: Source, length: int | None,
              task_id: str, guard: Guard, then: Then) -> None:
        """Keep what a task fetches until it has brought it to stores.

        :param then: called in the transaction that keeps it
        """
        self._keep(image_id, self._read(source, length, inspection.Seen()),
                   task_id, guard, then)

    def fill(self, image_id: str, write: Callable[[str], None],
             task_id: str, guard: Guard, then: Then) -> None:
        """Keep what another program writes for a task.

        :param write: called with the path of an empty file; in a green
            thread
        """
        def put(upload: _Upload) -> None:
            store = upload.store
            staged = store.call(store.driver.stage, upload.data_id)
            try:
                assert staged.path
                write(staged.path)
                failpoint.hit("upload.half")
                if os.path.getsize(staged.path) > self._limit:
                    raise exceptions.TooLarge(limit=self._limit)
                store.call(staged.finish)
            finally:
                store.call(staged.close)
        self._keep(image_id, put, task_id, guard, then)

    def _keep(self, image_id: str, put: _Put, task_id: str, guard: Guard,
              then: Then) -> None:
        def begin(session: orm.Session, data_id: str) -> None:
            guard(session)
            data.begin(session, image_id, data_id, self._owner, STAGING,
                       task_id)

        def finish(session: orm.Session, data_id: str) -> bool:
            guard(session)
            if not data.keep(session, data_id):
                return False
            then(session, data_id)
            return True
        self._write(image_id, self._stores.get(STAGING), put, begin, finish)

    def copy(self, wanted: Copy, source: Source, length: int) -> None:
        """Bring data that are whole already to one more store."""
        image = wanted.image

        def begin(session: orm.Session, data_id: str) -> None:
            wanted.guard(session)
            data.begin(session, image.id, data_id, self._owner,
                       wanted.store.name, wanted.task_id)

        def finish(session: orm.Session, data_id: str) -> bool:
            wanted.guard(session)
            if not data.keep(session, data_id):
                return False
            facts = seen.judge()
            if image.hash_value and image.hash_value != facts.hash_value:
                raise exceptions.HashMismatch()
            if wanted.activate:
                return self._activate(
                    session, image, data_id, "importing", facts)
            return data.refresh(session, image.id, self._stores)
        seen = self._inspector(image)
        self._write(image.id, wanted.store,
                    self._read(source, length, seen), begin, finish)

    def _activate(self, session: orm.Session, image: Image, data_id: str,
                  status: str, facts: inspection.Facts) -> bool:
        if not data.activate(
                session, image.id, data_id, status, size=facts.size,
                virtual_size=facts.virtual_size, checksum=facts.checksum,
                hash_algo="sha512", hash_value=facts.hash_value):
            return False
        data.refresh(session, image.id, self._stores)
        events.add(session, EVENTS, kind="image.activate",
                   resource_id=image.id, project_id=image.project_id,
                   payload={"size": facts.size})
        return True

    def _inspector(self, image: Image) -> inspection.Inspector:
        assert image.container_format and image.disk_format
        # A copy has to have the digest that the image is known by. What
        # has one was compared with its signature before.
        known = image.hash_algo and image.hash_value
        return inspection.Inspector(
            image.container_format, image.disk_format,
            image.hash_algo if image.hash_algo and known else "sha512",
            enforce=self._enforce,
            signature=None if known else self._signed.verifier(image))

    def _read(self, source: Source, length: int | None,
              seen: inspection.Seen) -> _Put:
        """Return what writes the data of a source."""
        if length is not None and length > self._limit:
            raise exceptions.TooLarge(limit=self._limit)
        return functools.partial(
            self._store_data, source=source, length=length, seen=seen)

    def _write(self, image_id: str, store: Store, put: _Put,
               begin: Callable[[orm.Session, str], None],
               finish: Callable[[orm.Session, str], bool]) -> None:
        upload = _Upload(image_id, db.new_id(), store)
        db.retrying(self._in_transaction, begin, upload.data_id)
        failpoint.hit("upload.begun")
        try:
            with self._kept_alive(upload):
                put(upload)
                failpoint.hit("upload.written")
                finished = db.retrying(
                    self._in_transaction, finish, upload.data_id)
        except BaseException:
            db.retrying(self._abandon, upload.data_id)
            raise
        if not finished:
            db.retrying(self._abandon, upload.data_id)
            raise exceptions.Gone(image_id=image_id)
        failpoint.hit("upload.finished")

    def _in_transaction(self, func: Callable[[orm.Session, str], Any],
                        data_id: str) -> Any:
        with self._db.writer() as session:
            result = func(session, data_id)
            if result is False:
                session.rollback()
            return result

    def _abandon(self, data_id: str) -> None:
        with self._db.writer() as session:
            data.abandon(session, data_id)
        self._collector.wake()

    @contextlib.contextmanager
    def _kept_alive(self, upload: _Upload) -> Iterator[None]:
        thread = concurrency.spawn(self._renew_for_ever, upload)
        try:
            yield
        finally:
            thread.kill()

    def _renew_for_ever(self, upload: _Upload) -> None:
        while upload.alive:
            concurrency.sleep(data.LEASE_S / 4)
            # Away for a while, or only busy: there is time to try again.
            with contextlib.suppress(common_exceptions.ServiceUnavailable):
                with self._db.writer() as session:
                    upload.alive = data.renew(session, upload.data_id)

    def _store_data(self, upload: _Upload, source: Source,
                    length: int | None, seen: inspection.Seen) -> None:
        store = upload.store
        staged = store.call(store.driver.stage, upload.data_id)
        readers = _Readers([
            functools.partial(store.call, staged.write),
            *(functools.partial(concurrency.blocking, look)
              for look in seen.looks())])
        try:
            for chunk in self._chunks(upload, source, length, readers.room):
                readers.show(chunk)
                failpoint.hit("upload.half")
            readers.end()
            if isinstance(seen, inspection.Inspector):
                concurrency.blocking(seen.judge)
            store.call(staged.finish)
        finally:
            readers.stop()
            store.call(staged.close)

    def _chunks(self, upload: _Upload, source: Source, length: int | None,
                room: Callable[[], mmap.mmap]) -> Iterator[_Chunk]:
        got = 0
        while length is None or got < length:
            want = _CHUNK if length is None else min(_CHUNK, length - got)
            chunk = _Chunk(room())
            try:
                chunk.fill(source, want)
            except (OSError, ValueError):
                length = -1 if length is None else length
                break
            got += chunk.size
            if got > self._limit:
                raise exceptions.TooLarge(limit=self._limit)
            if not upload.alive:
                raise exceptions.Gone(image_id=upload.image_id)
            if chunk.size:
                yield chunk
            if chunk.size < want:
                break
        if length is not None and got != length:
            raise exceptions.LengthMismatch(
                got=got, wanted=length if length >= 0 else "more")


class _Readers:
    """Shows chunks to several functions, each in a green thread.

    None waits for another, unless it is too far ahead.
    """

    def __init__(self, reads: list[Callable[[memoryview], Any]]) -> None:
        self._queues = [concurrency.Queue() for _ in reads]
        self._free = concurrency.Queue()
        self._made = 0
        self._error: Exception | None = None
        self._threads = [
            concurrency.spawn(self._run, read, queue)
            for read, queue in zip(reads, self._queues, strict=True)]

    def _run(self, read: Callable[[memoryview], Any], queue: Any) -> None:
        while (chunk := queue.get()) is not None:
            try:
                if self._error is None:
                    read(chunk.view)
            except Exception as error:
                self._error = error
            chunk.unseen -= 1
            if not chunk.unseen:
                self._free.put(chunk.memory)

    def room(self) -> mmap.mmap:
        """Return memory for a chunk, as soon as there is some."""
        if self._made < _CHUNKS and self._free.empty():
            self._made += 1
            return mmap.mmap(-1, _CHUNK)
        memory: mmap.mmap = self._free.get()
        return memory

    def show(self, chunk: _Chunk) -> None:
        """Show it to all; raise what one of them has raised before."""
        chunk.unseen = len(self._queues)
        for queue in self._queues:
            queue.put(chunk)
        self._check()

    def end(self) -> None:
        """Wait until all were shown all; raise what one has raised."""
        self.stop()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Wait until none runs any longer; may be repeated."""
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            thread.wait()
        self._queues, self._threads = [], []
