"""Events: written with the change they tell of, published after it.

A service adds a row in the transaction of the change; the relay publishes
it: at least once, and in order for each resource. The rows are also the
history that the APIs show.
"""

import datetime
import logging
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.schema import SchemaItem

from common import db, exceptions, lease, log, loop, rpc

LOG = logging.getLogger(__name__)

_BATCH = 200
_PURGE_INTERVAL = 600.0
_seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def columns() -> list[SchemaItem]:
    """Return the columns of the table, as of its first revision."""
    return [
        sa.Column("seq", _seq, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(128), nullable=False),
        sa.Column("resource_id", sa.String(255), nullable=False),
        sa.Column("project_id", sa.String(64)),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("payload", db.JSON(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Index("ix_events_published_seq", "published", "seq"),
        sa.Index("ix_events_resource_id_seq", "resource_id", "seq"),
        sa.Index("ix_events_created_at", "created_at"),
    ]


def define_tables(base: type[db.Base]) -> Any:
    """Add the table ``events`` to the models of a service, as a model."""
    table = sa.Table("events", base.metadata, *columns())
    return type("Event", (base,), {
        "__table__": table, "__module__": base.__module__,
        "__doc__": "Something that happened to a resource."})


def create_tables(op: Any) -> None:
    """Create the table, in a service's migration."""
    op.create_table("events", *columns())


def add(session: orm.Session, table: Any, *, kind: str, resource_id: str,
        project_id: str | None = None,
        payload: dict[str, Any] | None = None) -> None:
    """Record that ``kind`` happened, such as ``server.create.end``."""
    session.execute(sa.insert(table.__table__).values(
        id=db.new_id(), kind=kind, resource_id=resource_id,
        project_id=project_id, request_id=log.request_id.get(),
        payload=payload or {}, created_at=db.utcnow(), published=False))


class Relay(loop.Loop):
    """Publishes the events of a service, wherever it runs one at a time.

    :param table: what ``define_tables`` returned
    :param service: name of the service, first part of the published kind
    :param leases: table of ``lease.define_tables``, where several run
    """

    def __init__(self, database: db.Database, table: Any, bus: rpc.Bus, *,
                 service: str, leases: sa.Table | None = None,
                 interval: float = 5, keep_days: float = 30) -> None:
        super().__init__(interval)
        self._db = database
        self._table = table.__table__
        self._bus = bus
        self._service = service
        self._keep_days = keep_days
        self._purged_at = 0.0
        self._lease = leases is not None and lease.Lease(
            database, leases, "events", ttl_s=max(30, 4 * interval)) or None

    def run_once(self) -> int:
        """Publish all there is; return how many events that was."""
        if self._lease and not self._lease.acquire():
            return 0
        self._purge()
        count = 0
        while not self.stopping:
            rows = self._waiting()
            self._publish(rows)
            count += len(rows)
            if len(rows) < _BATCH or (
                    self._lease and not self._lease.acquire()):
                break
        return count

    def stop(self, timeout: float = 30) -> None:
        """Publish what is there, then run no more."""
        super().stop(timeout)
        if self._lease and self._lease.held:
            self._lease.release()

    def _waiting(self) -> list[Any]:
        with self._db.reader() as session:
            return list(session.execute(
                sa.select(self._table)
                .where(self._table.c.published.is_(sa.false()))
                .order_by(self._table.c.seq).limit(_BATCH)))

    def _publish(self, rows: list[Any]) -> None:
        """Publish in order; mark those that the bus has for sure."""
        if not rows:
            return
        sure = self._bus.publish_all([
            (f"{self._service}.{row.kind}", self._shown(row))
            for row in rows])
        if sure:
            with self._db.writer() as session:
                session.execute(
                    sa.update(self._table)
                    .where(self._table.c.seq.in_(
                        [row.seq for row in rows[:sure]]))
                    .values(published=True))
        if sure < len(rows):
            LOG.warning("The bus takes no events; %d wait at least",
                        len(rows) - sure)
            raise exceptions.ServiceUnavailable()

    def _shown(self, row: Any) -> dict[str, Any]:
        return {"kind": f"{self._service}.{row.kind}", "id": row.id,
                "seq": row.seq, "resource_id": row.resource_id,
                "project_id": row.project_id, "request_id": row.request_id,
                "payload": row.payload, "at": row.created_at.isoformat()}

    def _purge(self) -> None:
        if time.monotonic() - self._purged_at < _PURGE_INTERVAL:
            return
        self._purged_at = time.monotonic()
        oldest = db.utcnow() - datetime.timedelta(days=self._keep_days)
        with self._db.writer() as session:
            session.execute(
                sa.delete(self._table)
                .where(self._table.c.created_at < oldest,
                       self._table.c.published.is_(sa.true())))
