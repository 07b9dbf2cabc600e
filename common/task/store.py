"""The rows of tasks: every statement that reads or writes one."""

import dataclasses
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

from common import db

#: Seconds for which rows of ended tasks are kept.
KEEP_S = 24 * 3600

_seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def columns() -> list[SchemaItem]:
    """Return the columns of the table, as of its first revision."""
    return [
        sa.Column("seq", _seq, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("resource", sa.String(255), nullable=False),
        sa.Column("fields", db.JSON(), nullable=False),
        sa.Column("results", db.JSON(), nullable=False),
        sa.Column("timings", db.JSON(), nullable=False),
        # forward, back; then done or undone.
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        # How often the present step was tried, and what it said last.
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        # The lease. Times are the database's, in seconds since 1970.
        sa.Column("owner", sa.String(255)),
        sa.Column("lease_until", sa.Double()),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("deadline", sa.Double()),
        sa.Column("ended", sa.Double()),
        sa.UniqueConstraint("id", name="uq_tasks_id"),
        sa.Index("ix_tasks_resource_ended", "resource", "ended"),
        sa.Index("ix_tasks_ended_seq", "ended", "seq"),
    ]


def define_tables(base: type[db.Base]) -> sa.Table:
    """Add the table to the models of a service; give it to its Runner."""
    return sa.Table("tasks", base.metadata, *columns())


def create_tables(op: Any) -> None:
    """Create the table, in a service's migration."""
    op.create_table("tasks", *columns())


@dataclasses.dataclass
class Row:
    """A claimed task."""

    id: str
    kind: str
    resource: str
    fields: dict[str, Any]
    results: dict[str, Any]
    timings: dict[str, float]
    state: str
    reason: str | None
    cancelled: bool
    attempts: int
    request_id: str
    fence: int
    #: Seconds until the undo is to start.
    time_left: float


class Store:
    """Statements on one table, by one owner."""

    def __init__(self, table: sa.Table, owner: str, lease_s: float) -> None:
        self.table = table
        self.owner = owner
        self._lease_s = lease_s
        #: Ids of the owner's tasks that run now; the runner's to fill.
        self.running: Collection[str] = ()

    def _open(self) -> sa.ColumnElement[bool]:
        return self.table.c.ended.is_(None)

    def owners(self, connection: Any) -> list[str]:
        """Return who holds tasks now."""
        t = self.table.c
        return list(connection.execute(
            sa.select(t.owner).distinct()
            .where(self._open(), t.owner.is_not(None))).scalars())

    def now(self, connection: Any) -> float:
        """Return the database's clock."""
        return float(connection.execute(sa.select(db.epoch())).scalar_one())

    def free(self, connection: Any, kinds: Collection[str],
             dead: Collection[str], limit: int, now: float) -> list[Any]:
        """Return id, kind and fence of what may be claimed."""
        t = self.table.c
        earlier = self.table.alias()
        first = ~sa.exists().where(
            earlier.c.resource == t.resource, earlier.c.ended.is_(None),
            earlier.c.seq < t.seq)
        return list(connection.execute(
            sa.select(t.id, t.kind, t.fence)
            .where(self._open(), t.kind.in_(kinds),
                   t.not_before <= now, self._unheld(dead), first,
                   t.id.not_in(list(self.running)))
            .order_by(t.seq).limit(limit)))

    def _unheld(self, dead: Collection[str]) -> sa.ColumnElement[bool]:
        t = self.table.c
        return sa.or_(
            t.owner.is_(None), t.lease_until < db.epoch(),
            # What is ours and does not run here stood still.
            t.owner.in_([*dead, self.owner]))

    def claim(self, connection: Any, ident: str, fence: int,
              dead: Collection[str], deadline_s: float) -> Row | None:
        """Take the task over, unless another was faster."""
        t = self.table.c
        taken = connection.execute(
            sa.update(self.table)
            .where(t.id == ident, t.fence == fence, self._open(),
                   self._unheld(dead))
            .values(owner=self.owner, fence=fence + 1,
                    lease_until=db.epoch() + self._lease_s,
                    deadline=sa.func.coalesce(
                        t.deadline, db.epoch() + deadline_s)))
        if taken.rowcount != 1:
            return None
        names = [f.name for f in dataclasses.fields(Row)
                 if f.name != "time_left"]
        row = connection.execute(
            sa.select(*(t[name] for name in names),
                      (t.deadline - db.epoch()).label("time_left"))
            .where(t.id == ident)).one()
        return Row(**row._mapping)

    def save(self, connection: Any, ident: str, fence: int,
             values: dict[str, Any]) -> bool | None:
        """Write, and keep the lease; None if it is another's by now.

        Else return whether the task was cancelled meanwhile.
        """
        t = self.table.c
        values = {"lease_until": db.epoch() + self._lease_s} | values
        done = connection.execute(
            sa.update(self.table)
            .where(t.id == ident, t.fence == fence, self._open())
            .values(values))
        if done.rowcount != 1:
            return None
        return bool(connection.execute(
            sa.select(t.cancelled).where(t.id == ident)).scalar())

    def renew(self, connection: Any) -> None:
        """Keep the leases of the tasks that run here."""
        t = self.table.c
        connection.execute(
            sa.update(self.table)
            .where(self._open(), t.owner == self.owner,
                   t.id.in_(list(self.running)))
            .values(lease_until=db.epoch() + self._lease_s))

    def cancel(self, connection: Any, resource: str) -> None:
        """Ask the resource's open tasks to unwind, now."""
        t = self.table.c
        connection.execute(
            sa.update(self.table)
            .where(t.resource == resource, self._open(),
                   t.state == "forward")
            .values(cancelled=True, not_before=0.0))

    def next_due(self, connection: Any, now: float) -> float | None:
        """Return the seconds until something that waits may be claimed.

        :param now: what was due then is left out
        """
        t = self.table.c
        soon: float | None = connection.execute(
            sa.select(sa.func.min(t.not_before) - db.epoch())
            .where(self._open(), t.owner.is_(None),
                   t.not_before > now)).scalar()
        return soon

    def count_open(self, connection: Any, kinds: Collection[str]) -> int:
        """Return how many tasks have not ended."""
        t = self.table.c
        return int(connection.execute(
            sa.select(sa.func.count())
            .where(self._open(), t.kind.in_(kinds))).scalar_one())

    def purge(self, connection: Any) -> int:
        """Delete what ended long ago."""
        t = self.table.c
        return int(connection.execute(
            sa.delete(self.table)
            .where(t.ended < db.epoch() - KEEP_S)).rowcount)
