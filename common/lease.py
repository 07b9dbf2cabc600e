"""Leases in the database: one holder at a time, told apart by a fence."""

import functools
import os
import pathlib
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.schema import SchemaItem

from common import db


@functools.cache
def _process(pid: int) -> str:
    """Return what no other process ever was called, while it can be seen."""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id")
    space = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return (f"{boot.read_text().strip()}/{space}/{pid}/"
            f"{_started(pid)}")


def _started(pid: int) -> str | None:
    """Return the start time of a process, None if there is none."""
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name, in brackets, may hold anything; fields follow it.
    after = status.rpartition(")")[2].split()
    return None if after[0] in "ZX" else after[19]


def new_owner() -> str:
    """Return a name for a holder in this process."""
    return f"{_process(os.getpid())}/{db.new_id()[:8]}"


def is_dead(owner: str) -> bool:
    """Say whether the owner's process is known to have ended.

    That is known only of this machine, since it was started, and seen from
    the same namespace; of others, their leases have to run out.
    """
    try:
        boot, space, pid, started, _ = owner.split("/")
        mine = _process(os.getpid()).split("/")
        return ([boot, space] == mine[:2]
                and _started(int(pid)) != started)
    except ValueError:
        return False


def columns() -> list[SchemaItem]:
    """Return the columns of the table, as of its first revision."""
    return [
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(255)),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
    ]


def define_tables(base: type[db.Base]) -> sa.Table:
    """Add the table ``leases`` to the models of a service."""
    return sa.Table("leases", base.metadata, *columns())


def create_tables(op: Any) -> None:
    """Create the table, in a service's migration."""
    op.create_table("leases", *columns())


class LostLease(Exception):
    """Another holds the lease by now."""


class Lease:
    """The right to be the only one, for as long as it is renewed.

    ``acquire`` renews too: a singleton's loop calls it each time, with a
    ``ttl_s`` of several intervals, and does nothing when it says False.
    """

    def __init__(self, database: db.Database, table: sa.Table, name: str,
                 ttl_s: float = 30) -> None:
        self._db = database
        self._table = table
        self._name = name
        self._ttl_s = ttl_s
        self._owner = new_owner()
        self._until = 0.0
        #: Number of this holding; a later holder's is higher.
        self.fence = 0

    @property
    def held(self) -> bool:
        """Say whether it is surely held still, by the monotonic clock."""
        return time.monotonic() < self._until

    def acquire(self) -> bool:
        """Take or renew the lease; say whether it is ours."""
        asked = time.monotonic()
        with self._db.reader() as session:
            row = self._row(session)
        dead = row is not None and row.owner and is_dead(row.owner)
        with self._db.writer() as session:
            fence = self._take(session, row, dead)
        if fence is None:
            self._until = 0.0
            return False
        self.fence = fence
        self._until = asked + self._ttl_s
        return True

    def renew(self) -> bool:
        """Renew the lease if it is ours; say whether it is."""
        asked = time.monotonic()
        t = self._table.c
        with self._db.writer() as session:
            done: Any = session.execute(
                sa.update(self._table)
                .where(t.name == self._name, t.owner == self._owner,
                       t.fence == self.fence)
                .values(until=db.epoch() + self._ttl_s))
        self._until = asked + self._ttl_s if done.rowcount == 1 else 0.0
        return self.held

    def release(self) -> None:
        """Let another have it now."""
        self._until = 0.0
        t = self._table.c
        with self._db.writer() as session:
            session.execute(
                sa.update(self._table)
                .where(t.name == self._name, t.owner == self._owner)
                .values(owner=None, until=0.0))

    def guard(self, session: orm.Session) -> None:
        """Raise LostLease if another took over; in a write's transaction."""
        t = self._table.c
        done: Any = session.execute(
            sa.update(self._table)
            .where(t.name == self._name, t.fence == self.fence,
                   t.owner == self._owner)
            .values(fence=self.fence))
        if done.rowcount != 1:
            raise LostLease(self._name)

    def _row(self, session: orm.Session) -> Any:
        return session.execute(
            sa.select(self._table)
            .where(self._table.c.name == self._name)).one_or_none()

    def _take(self, session: orm.Session, row: Any,
              dead: bool) -> int | None:
        """Return the fence number of ours, None if another has it."""
        t = self._table.c
        until = db.epoch() + self._ttl_s
        if row is None:
            return self._make(session, until)
        ours = row.owner == self._owner
        fence: int = row.fence if ours else row.fence + 1
        free = sa.true() if ours or dead or row.owner is None else (
            t.until < db.epoch())
        done: Any = session.execute(
            sa.update(self._table)
            .where(t.name == self._name, t.fence == row.fence,
                   t.owner.is_not_distinct_from(row.owner), free)
            .values(owner=self._owner, until=until, fence=fence))
        return fence if done.rowcount == 1 else None

    def _make(self, session: orm.Session, until: Any) -> int | None:
        try:
            with session.begin_nested():
                session.execute(sa.insert(self._table).values(
                    name=self._name, owner=self._owner, until=until,
                    fence=1))
        except sa.exc.IntegrityError:
            return None  # another was faster
        return 1
