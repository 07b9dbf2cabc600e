"""Removes blobs that no object needs, and ends uploads that are dead."""

import logging

from common import db, lease, loop
from objectstore.blobs import Store
from objectstore.db import objects

LOG = logging.getLogger(__name__)

_BATCH = 500


class Collector(loop.Loop):
    """Compares the rows of blobs with the nodes; safe in several processes.

    Only what a row calls doomed is removed: an unknown file stays.
    """

    def __init__(self, database: db.Database, store: Store,
                 interval: float = 30) -> None:
        super().__init__(interval)
        self._db = database
        self._store = store

    def run_once(self) -> int:
        """Remove all there is to remove; return how many blobs that was."""
        with self._db.reader() as session:
            uploads = objects.staged(session)
        for row in uploads:
            if row.expired or lease.is_dead(row.owner):
                LOG.warning("Upload %s is dead: giving it up", row.id)
                with self._db.writer() as session:
                    objects.abandon(session, row.id)
        count = 0
        while not self.stopping:
            with self._db.reader() as session:
                found = objects.doomed(session, _BATCH)
            gone = [row.id for row in found
                    if self._store.delete(row.id, row.nodes)]
            if gone:
                with self._db.writer() as session:
                    objects.forget(session, gone)
            count += len(gone)
            if len(found) < _BATCH or not gone:
                break
        return count
