"""Copies of images on the host that serves them, for stores far away."""

import contextlib
import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator

from common import concurrency, db, loop
from common import exceptions as common_exceptions
from imagestore import exceptions
from imagestore.db import cached, data, images
from imagestore.db.models import CachedImage, Image
from imagestore.stores.base import Opened
from imagestore.stores.file import FileStore
from imagestore.stores.registry import Store, Stores

LOG = logging.getLogger(__name__)

_CHUNK = 4 << 20


class Cache(loop.Loop):
    """Fills, empties and bounds the cache of one host.

    :param most_bytes: what it may hold; the copy that was not read for the
        longest time goes first
    """

    def __init__(self, database: db.Database, stores: Stores,
                 directory: str, node: str, most_bytes: int) -> None:
        super().__init__(interval=60)
        self._db = database
        self._stores = stores
        self._node = node
        self._most_bytes = most_bytes
        self._directory = directory
        self._store = Store("cache", "file", FileStore(directory))

    def prepare(self) -> None:
        """Make the directory; may be repeated."""
        self._store.driver.prepare()

    def run_once(self) -> int:
        """Do all there is to do; return how many copies were made.

        One of the processes of this host does it, the others nothing: they
        would write the same files.
        """
        with self._alone() as alone:
            return self._run() if alone else 0

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Say whether no other process of this host is at it."""
        fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield _locked(fd)
        finally:
            os.close(fd)

    def _run(self) -> int:
        made = 0
        with self._db.reader() as session:
            wanted = [row for row in cached.of_node(session, self._node)
                      if row.state == "queued"]
        for row in wanted:
            try:
                made += self._fill(row)
            except (OSError, common_exceptions.ServiceError):
                LOG.exception("Image %s cannot be cached", row.image_id)
                self._drop(row)
        self._shrink()
        with self._db.writer() as session:
            cached.drop_useless(session, self._node)
            doomed = cached.doomed(session, self._node)
        for cached_id in doomed:
            self._store.call(self._store.driver.delete, cached_id)
            with self._db.writer() as session:
                cached.forget(session, cached_id)
        return made

    def _drop(self, row: CachedImage) -> None:
        with self._db.writer() as session:
            cached.drop(session, self._node, CachedImage.id == row.id)

    def _fill(self, row: CachedImage) -> bool:
        with self._db.reader() as session:
            image = images.get(session, row.image_id)
            found = data.best(session, image.id, self._stores)
        if not found:
            raise exceptions.Gone(image_id=image.id)
        store = self._stores.get(found[0].store or self._stores.default)
        opened = store.open(found[0].key)
        try:
            size = self._copy(row.id, image, store, opened)
        finally:
            store.call(opened.close)
        with self._db.writer() as session:
            return cached.filled(session, row.id, size)

    def _copy(self, cached_id: str, image: Image, store: Store,
              opened: Opened) -> int:
        driver = self._store.driver
        # What a process that died has left of it.
        concurrency.blocking(driver.delete, cached_id)
        staged = concurrency.blocking(driver.stage, cached_id)
        digest = hashlib.new(image.hash_algo or "sha512")
        size = 0
        try:
            while chunk := store.call(opened.read, size, _CHUNK):
                size += len(chunk)
                if size > self._most_bytes:
                    raise exceptions.StoreFull()
                concurrency.blocking(staged.write, chunk)
                concurrency.blocking(digest.update, chunk)
            if size != image.size or image.hash_value not in (
                    None, digest.hexdigest()):
                raise exceptions.HashMismatch()
            concurrency.blocking(staged.finish)
        finally:
            concurrency.blocking(staged.close)
        return size

    def _shrink(self) -> None:
        with self._db.reader() as session:
            rows = [row for row in cached.of_node(session, self._node)
                    if row.state == "cached"]
        total = sum(row.size for row in rows)
        for row in sorted(rows, key=lambda row: row.last_accessed):
            if total <= self._most_bytes:
                return
            total -= row.size
            self._drop(row)

    def open(self, image_id: str) -> tuple[Store, Opened] | None:
        """Begin to read this host's copy, if there is one."""
        with self._db.reader() as session:
            row = cached.find(session, self._node, image_id)
        if row is None or row.state != "cached":
            return None
        try:
            opened = self._store.open(row.id)
        except FileNotFoundError:
            self._drop(row)
            return None
        with self._db.writer() as session:
            cached.hit(session, row.id)
        return self._store, opened

    def queue(self, image_id: str) -> None:
        """Have an image copied soon."""
        with self._db.writer() as session:
            cached.queue(session, self._node, image_id)
        self.wake()

    def listed(self) -> list[CachedImage]:
        """Return what is in the cache or will be."""
        with self._db.reader() as session:
            return cached.of_node(session, self._node)

    def remove(self, image_id: str) -> None:
        """Remove one copy, if there is one."""
        with self._db.writer() as session:
            cached.drop(session, self._node,
                        CachedImage.image_id == image_id)
        self.wake()

    def clear(self, states: list[str]) -> None:
        """Remove all copies that are in one of the states."""
        with self._db.writer() as session:
            cached.drop(session, self._node, CachedImage.state.in_(states))
        self.wake()


def _locked(fd: int) -> bool:
    """Lock the file until it is closed; say whether nobody else has."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
