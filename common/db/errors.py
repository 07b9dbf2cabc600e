"""Which database errors mean "try again", and how to do so."""

import contextlib
import contextvars
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm

from common import concurrency, exceptions

T = TypeVar("T")

_ATTEMPTS = 5

#: Primary result codes of SQLite: busy, locked.
_SQLITE_RETRY = {5, 6}
#: Disk full, input/output error, read-only, cannot open.
_SQLITE_AWAY = {8, 10, 13, 14}
#: Serialization, deadlock, lock timeout; server going down or starting.
_PG_RETRY = {"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"}
#: Disk full, out of memory, read-only, statement cancelled.
_PG_AWAY = {"53100", "53200", "25006", "57014"}
#: Deadlock, lock timeout, record changed; connection lost or refused.
_MYSQL_RETRY = {1213, 1205, 1020, 1040, 1053, 1927, 2002, 2003, 2006, 2013,
                4031, 0}
#: Disk full, table full, read-only, statement timeout.
_MYSQL_AWAY = {1021, 1114, 1290, 1836, 1969, 3024}


class Retryable(exceptions.ServiceUnavailable):
    """The transaction was rolled back; the same again may succeed."""


class CommitUnknown(exceptions.ServiceUnavailable):
    """The connection was lost at COMMIT: look the rows up, then decide."""


def translated(error: Exception) -> Exception:
    """Return what callers should see in place of ``error``."""
    if isinstance(error, sa.exc.TimeoutError):  # the pool is exhausted
        return exceptions.ServiceUnavailable()
    if isinstance(error, orm.exc.StaleDataError):  # a version has moved on
        return Retryable()
    if not isinstance(error, sa.exc.DBAPIError):
        return error
    retry, away = _judge(error)
    if retry or error.connection_invalidated:
        return Retryable()
    return exceptions.ServiceUnavailable() if away else error


def _judge(error: sa.exc.DBAPIError) -> tuple[bool, bool]:
    """Return whether to try again, and whether the database is away."""
    original: Any = error.orig
    sqlstate = getattr(original, "sqlstate", None)
    if sqlstate is not None:
        lost = sqlstate.startswith("08")
        return sqlstate in _PG_RETRY or lost, sqlstate in _PG_AWAY
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        return code & 255 in _SQLITE_RETRY, code & 255 in _SQLITE_AWAY
    module = type(original).__module__
    if module.startswith("pymysql"):
        number = original.args[0] if original.args else None
        return number in _MYSQL_RETRY, number in _MYSQL_AWAY
    # psycopg has no state to tell where the server never answered.
    lost = module.startswith("psycopg") and isinstance(
        error, sa.exc.OperationalError)
    return lost, False


def retrying(func: Callable[..., T], *args: Any) -> T:
    """Call ``func`` until no Retryable comes out, five times at most.

    ``func`` runs whole transactions and has no other effect.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return func(*args)
        except Retryable:
            concurrency.sleep(random.uniform(0, 0.05 * 2 ** attempt))
    return func(*args)


class Commits:
    """How many transactions were committed; unknown ones count too."""

    count = 0


_commits: contextvars.ContextVar[Commits | None] = contextvars.ContextVar(
    "commits", default=None)


@contextlib.contextmanager
def track_commits() -> Iterator[Commits]:
    """Count the commits of what runs in the block."""
    commits = Commits()
    token = _commits.set(commits)
    try:
        yield commits
    finally:
        _commits.reset(token)


def commits_in_request() -> int:
    """Return the count of the ``track_commits`` block that is open."""
    commits = _commits.get()
    return commits.count if commits else 0


def count_commit() -> None:
    """Tell the open ``track_commits`` block of one more."""
    commits = _commits.get()
    if commits:
        commits.count += 1
