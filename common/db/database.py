"""Transactions: one engine per database, one ``with`` block each."""

import contextlib
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import greenlet
import sqlalchemy as sa
from sqlalchemy import orm

from common import concurrency, exceptions
from common.db import engines, errors

#: Green threads that are inside a transaction, and on what database.
_inside: dict[int, set[int]] = {}

#: One writer at a time per SQLite file: two green threads that both wait in
#: C for the file's lock would stop the process, holder included.
_write_slots: "weakref.WeakValueDictionary[str, concurrency.Semaphore]" = (
    weakref.WeakValueDictionary())

_databases: "weakref.WeakSet[Database]" = weakref.WeakSet()
#: Pools of before a fork: closing them would disturb the parent.
_abandoned: list[Any] = []


class Database:
    """Transactions on one database.

    Nothing slow happens inside a transaction: no RPC, HTTP or sleep. One
    green thread has one transaction at a time on a database. A deadlock, a
    lost connection or a busy database raises Retryable after the rollback;
    an exhausted pool or a full disk raises ServiceUnavailable.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = sa.make_url(url)
        self.in_memory = engines.in_memory(self.url)
        self.engine = engines.make(self.url, pool_size=pool_size)
        writing = self.engine.execution_options(immediate=True)
        self._readers = orm.sessionmaker(
            self.engine, expire_on_commit=False)
        self._writers = orm.sessionmaker(writing, expire_on_commit=False)
        self._slot = self._write_slot()
        self._before_commit: list[Callable[[orm.Session], None]] = []
        self._glass: sa.Connection | None = None
        self._glancing = concurrency.Semaphore(1)
        #: Those that count what bypasses the engine.
        self.counting: list[Queries] = []
        _databases.add(self)

    def _write_slot(self) -> Any:
        if self.engine.dialect.name != "sqlite":
            return None
        if self.in_memory:
            return concurrency.Semaphore(1)
        path = os.path.realpath(str(self.url.database))
        return _write_slots.setdefault(path, concurrency.Semaphore(1))

    @contextlib.contextmanager
    def writer(self) -> Iterator[orm.Session]:
        """Commit when the block ends, roll back when it raises."""
        with self._alone(), self._taken(self._slot):
            session = self._writers()
            try:
                with _translating():
                    yield session
                    session.flush()
                self._commit(session)
            finally:
                # Rolls back what is not committed.
                session.close()

    def _commit(self, session: orm.Session) -> None:
        if not session.in_transaction():
            return
        try:
            for act in self._before_commit:
                act(session)
            session.commit()
        except Exception as error:
            seen = errors.translated(error)
            lost = isinstance(seen, errors.Retryable) and not self._slot
            if lost:
                errors.count_commit()
                raise errors.CommitUnknown() from error
            raise seen from error
        errors.count_commit()

    def before_commit(self, act: Callable[[orm.Session], None]) -> None:
        """Let ``act`` be the last step of every transaction that writes."""
        if act not in self._before_commit:
            self._before_commit.append(act)

    def glance(self, statement: str | sa.Select[Any],
               values: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the rows that one statement selects now.

        In no transaction, and on a connection that is kept for it: a third
        of what a ``reader`` costs, for what each request must ask. Text,
        which has no parameters, goes to the driver itself: a tenth.
        """
        if not self.in_memory:
            with self._glancing:
                try:
                    return self._look(statement, values)
                except Exception:
                    # The server may be back already; if not, or if the
                    # statement is wrong, the reader says so.
                    self._drop_glass()
        asked: Any = (
            sa.text(statement) if isinstance(statement, str) else statement)
        with self.reader() as session:
            return list(session.execute(asked, values))

    def _look(self, statement: str | sa.Select[Any],
              values: Mapping[str, Any] | None) -> list[Any]:
        if self._glass is None:
            self._glass = self.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT")
            self._glass.detach()
        if not isinstance(statement, str):
            return list(self._glass.execute(statement, values))
        for queries in self.counting:
            queries.statements.append(statement)
        raw: Any = self._glass.connection.dbapi_connection
        cursor = raw.cursor()
        try:
            cursor.execute(statement)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def _drop_glass(self) -> None:
        glass, self._glass = self._glass, None
        if glass is not None:
            with contextlib.suppress(Exception):
                glass.invalidate()
                glass.close()

    @contextlib.contextmanager
    def reader(self) -> Iterator[orm.Session]:
        """Read one state of the database; nothing is committed."""
        # The one connection of a database in memory has one transaction.
        slot = self._slot if self.in_memory else None
        with self._alone(), self._taken(slot):
            session = self._readers()
            try:
                with _translating():
                    yield session
            finally:
                session.close()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse a transaction inside another: it could wait for ever."""
        thread = id(greenlet.getcurrent())
        mine = _inside.setdefault(thread, set())
        if id(self) in mine:
            raise RuntimeError(
                f"a transaction on {self.url!r} is open already in this "
                "green thread; pass its session on")
        mine.add(id(self))
        try:
            yield
        finally:
            mine.discard(id(self))
            if not mine:
                _inside.pop(thread, None)

    @contextlib.contextmanager
    def _taken(self, slot: Any) -> Iterator[None]:
        if slot is None:
            yield
            return
        if not slot.acquire(timeout=engines.PATIENCE):
            raise exceptions.ServiceUnavailable()
        try:
            yield
        finally:
            slot.release()

    def private_engine(self) -> sa.Engine:
        """Return an engine without a pool, for a native thread's use."""
        return engines.make(self.url, pooled=False)

    def dispose(self) -> None:
        """Close the idle connections."""
        self._drop_glass()
        self.engine.dispose()

    def forked(self) -> None:
        """Leave the connections to the parent process."""
        _abandoned.append((self.engine.pool, self._glass))
        self._glass = None
        self.engine.dispose(close=False)


@contextlib.contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        seen = errors.translated(error)
        if seen is error:
            raise
        raise seen from error


def in_transaction() -> bool:
    """Say whether this green thread is inside a transaction."""
    return id(greenlet.getcurrent()) in _inside


def _after_fork() -> None:
    _inside.clear()
    for database in list(_databases):
        database.forked()


os.register_at_fork(after_in_child=_after_fork)


def compare_and_set(
        session: orm.Session, model: type[Any], *,
        where: Mapping[str, Any], set: Mapping[str, Any]) -> bool:
    """Set the columns of the one row that is as ``where`` says.

    A list, tuple or set in ``where`` means any of them, None means NULL.
    Return whether there was such a row: of two that race, one wins. An
    object of that row in the session shows the plain values that were set.
    """
    conditions = [
        _matches(getattr(model, name), value)
        for name, value in where.items()]
    done: Any = session.execute(
        sa.update(model).where(*conditions).values(dict(set))
        .execution_options(synchronize_session=False))
    if done.rowcount != 1:
        return False
    _show(session, model, where, set)
    return True


def _matches(column: Any, value: Any) -> sa.ColumnElement[bool]:
    if isinstance(value, (list, tuple, frozenset, _SET)):
        found: sa.ColumnElement[bool] = column.in_(sorted(value, key=repr))
        return found
    equal: sa.ColumnElement[bool] = column == value
    return equal


_SET = set


def _show(session: orm.Session, model: type[Any],
          where: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    mapper: orm.Mapper[Any] = sa.inspect(model)
    names = [mapper.get_property_by_column(column).key
             for column in mapper.primary_key]
    if not all(isinstance(where.get(name), (str, int)) for name in names):
        return
    key = mapper.identity_key_from_primary_key(
        tuple(where[name] for name in names))
    row = session.identity_map.get(key)
    if row is None:
        return
    for name, value in values.items():
        if isinstance(value, sa.ClauseElement):
            session.expire(row, [name])
        else:
            orm.attributes.set_committed_value(row, name, value)


class Queries:
    """The statements that were run, BEGIN and COMMIT aside."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @property
    def count(self) -> int:
        """Return how many there were."""
        return len(self.statements)


@contextlib.contextmanager
def count_queries(*databases: Database) -> Iterator[Queries]:
    """Count the statements of all green threads in the block, for tests."""
    queries = Queries()

    def ran(connection: Any, cursor: Any, statement: str,
            *rest: object) -> None:
        queries.statements.append(statement)

    listened: Iterable[sa.Engine] = [d.engine for d in databases]
    for engine in listened:
        sa.event.listen(engine, "before_cursor_execute", ran)
    for database in databases:
        database.counting.append(queries)
    try:
        yield queries
    finally:
        for database in databases:
            database.counting.remove(queries)
        for engine in listened:
            sa.event.remove(engine, "before_cursor_execute", ran)
