"""Sweeps up after accidents: claims and quota follow the servers."""

import datetime
import logging
from typing import Any

from common import db, loop
from compute import specs
from compute.db.api import mappings, placement
from compute.db.cell import hosts, servers
from compute.db.cell.models import Server
from compute.placement import claims

LOG = logging.getLogger(__name__)

#: How old something must be before a sweep judges it: all that is going on
#: has made its rows by then.
_GRACE = datetime.timedelta(minutes=5)
_BATCH = 500


class Sweeper(loop.Loop):
    """Takes away claims and quota whose server never came to be.

    A server's quota is written before the server: who dies in between
    leaves it behind. A conductor that stood still, and is not the one that
    builds the server any more, may still move its claim before it is told.
    """

    def __init__(self, api: db.Database, cell: db.Database, *,
                 interval: float = 300,
                 grace: datetime.timedelta = _GRACE) -> None:
        super().__init__(interval)
        self._api = api
        self._cell = cell
        self._grace = grace

    def run_once(self) -> int:
        """Return how many were taken away."""
        return (self._sweep_mappings() + self._sweep_consumers()
                + self._mend_claims())

    def _sweep_mappings(self) -> int:
        count, after, before = 0, "", db.utcnow() - self._grace
        while True:
            with self._api.reader() as session:
                ids = mappings.older_than(session, before, after, _BATCH)
            orphans = self._orphans(ids)
            if orphans:
                LOG.warning("Quota of servers that are not: %s", orphans)
                with self._api.writer() as session:
                    mappings.remove(session, orphans)
            count += len(orphans)
            if len(ids) < _BATCH:
                return count
            after = ids[-1]

    def _sweep_consumers(self) -> int:
        """Release what deleted servers still hold."""
        count, after = 0, ""
        while True:
            with self._api.reader() as session:
                ids = placement.consumers_after(session, after, _BATCH)
            with self._cell.reader() as session:
                gone = sorted(servers.buried(session, ids))
            for key in gone:
                LOG.warning("Claim of a deleted server: %s", key)
                claims.release(self._api, key)
            count += len(gone)
            if len(ids) < _BATCH:
                return count
            after = ids[-1]

    def _mend_claims(self) -> int:
        """Let servers at rest hold what they have on their hosts."""
        with self._cell.reader() as session:
            nodes = {node.host: node.id for node in hosts.nodes(session)}
        count, after = 0, ""
        while True:
            with self._cell.reader() as session:
                found = servers.resting(session, after, _BATCH)
            with self._api.reader() as session:
                held = placement.held_by(
                    session, [server.id for server in found])
            for server in found:
                provider_id = nodes.get(server.host or "")
                wanted = {provider_id: {
                    name: n for name, n in specs.amounts(
                        server).items() if n}} if provider_id else {}
                if held.get(server.id, {}) != wanted:
                    self._claim(server, provider_id)
                    count += 1
            if len(found) < _BATCH:
                return count
            after = found[-1].id

    def _claim(self, server: Server, provider_id: str | None) -> None:
        LOG.warning("Claim of server %s is not on its host, %s",
                    server.id, server.host)
        if provider_id is None:
            claims.release(self._api, server.id)
            return
        done = claims.claim(self._api, claims.Claim(
            consumer_id=server.id, project_id=server.project_id,
            user_id=server.user_id, provider_id=provider_id,
            amounts=tuple(specs.amounts(server).items())))
        if not done:
            LOG.error("Host %s has no room for server %s, which it has",
                      server.host, server.id)

    def _orphans(self, ids: Any) -> list[str]:
        with self._cell.reader() as session:
            known = servers.existing(session, ids)
        return [key for key in ids if key not in known]
