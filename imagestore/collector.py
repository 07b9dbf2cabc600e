"""Removes data that no image needs, and ends uploads that are dead."""

import logging

from common import db, exceptions, lease, loop
from imagestore.db import data, imports, tasks
from imagestore.db.models import Data
from imagestore.stores.registry import Stores

LOG = logging.getLogger(__name__)


class Collector(loop.Loop):
    """Compares the rows of data with the stores; safe in several processes.

    Only what a row calls doomed is removed: an unknown file stays.
    """

    def __init__(self, database: db.Database, stores: Stores,
                 interval: float = 30) -> None:
        super().__init__(interval)
        self._db = database
        self._stores = stores

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
        with self._db.writer() as session:
            tasks.purge(session)
            imports.forget_ended_tokens(session)
            doomed = data.doomed(session)
        return sum(self._remove(row) for row in doomed)

    def _remove(self, row: Data) -> bool:
        try:
            store = self._stores.get(row.store or self._stores.default)
            store.call(store.driver.delete, row.key)
        except exceptions.ServiceError as error:
            LOG.warning("Data %s cannot be removed yet: %s", row.id, error)
            return False
        except OSError:
            LOG.exception("Data %s cannot be removed", row.id)
            return False
        with self._db.writer() as session:
            data.forget(session, row.id)
        return True
