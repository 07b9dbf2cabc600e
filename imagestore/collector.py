"""Removes data that no image needs, and ends uploads that are dead."""

import logging

from common import concurrency, db, lease, loop
from imagestore.db import data
from imagestore.stores.base import ImageStore

LOG = logging.getLogger(__name__)


class Collector(loop.Loop):
    """Compares the rows of data with the store; safe in several processes.

    Only what a row calls doomed is removed: an unknown file stays.
    """

    def __init__(self, database: db.Database, store: ImageStore,
                 interval: float = 30) -> None:
        super().__init__(interval)
        self._db = database
        self._store = store

    def run_once(self) -> int:
        """Remove all there is to remove; return how many data that was."""
        with self._db.reader() as session:
            uploads = data.staged(session)
        dead = [row.id for row in uploads
                if row.expired or lease.is_dead(row.owner)]
        for data_id in dead:
            LOG.warning("Upload %s is dead: giving it up", data_id)
            with self._db.writer() as session:
                data.abandon(session, data_id)
        with self._db.reader() as session:
            doomed = data.doomed(session)
        return sum(self._remove(data_id) for data_id in doomed)

    def _remove(self, data_id: str) -> bool:
        try:
            concurrency.blocking(self._store.delete, data_id)
        except OSError:
            LOG.exception("Data %s cannot be removed", data_id)
            return False
        with self._db.writer() as session:
            data.forget(session, data_id)
        return True
