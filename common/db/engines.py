"""Engines set up for each kind of database."""

import contextlib
import os
import pathlib
import random
import sqlite3
import time
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import pool

from common import concurrency

#: Seconds a transaction waits for the one writer of an SQLite file, or
#: for a connection of the pool.
PATIENCE = 5.0

_OPTIONS: dict[str, Any] = {
    "json_serializer": lambda value: orjson.dumps(value).decode(),
    "json_deserializer": orjson.loads,
}
_SERVER_OPTIONS = _OPTIONS | {
    "isolation_level": "READ COMMITTED",
    "pool_pre_ping": True,
    "pool_recycle": 1800,
    "pool_use_lifo": True,
    "pool_timeout": PATIENCE,
}
_PG_ARGUMENTS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
    "options": "-c statement_timeout=30s -c lock_timeout=10s"
               " -c idle_in_transaction_session_timeout=60s"
               " -c timezone=UTC",
}
_MYSQL_ARGUMENTS = {
    "connect_timeout": 5,
    "read_timeout": 40,
    "write_timeout": 40,
    "charset": "utf8mb4",
    "init_command": "SET SESSION innodb_lock_wait_timeout=10,"
                    " max_statement_time=30, time_zone='+00:00',"
                    " sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,"
                    "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
                    "NO_ENGINE_SUBSTITUTION'",
}


def in_memory(url: sa.URL) -> bool:
    """Say whether the database is one connection's memory."""
    return (url.get_backend_name() == "sqlite"
            and url.database in (None, "", ":memory:"))


def make(url: sa.URL, *, pool_size: int = 10,
         pooled: bool = True) -> sa.Engine:
    """Return an engine; nothing is connected yet."""
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _sqlite(url, pooled)
    options = dict(_SERVER_OPTIONS)
    if pooled:
        options |= {"pool_size": pool_size, "max_overflow": pool_size}
    else:
        options = _OPTIONS | {
            "isolation_level": "READ COMMITTED",
            "poolclass": pool.NullPool}
    if backend == "postgresql":
        # psycopg's own waits in C know nothing of green threads.
        os.environ.setdefault("PSYCOPG_IMPL", "python")
        os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_selector")
        url = url.set(drivername="postgresql+psycopg")
        arguments: dict[str, Any] = dict(_PG_ARGUMENTS)
    else:
        url = url.set(drivername=f"{backend}+pymysql")
        arguments = dict(_MYSQL_ARGUMENTS)
    arguments |= url.query
    return sa.create_engine(
        url.set(query={}), connect_args=arguments, **options)


def _sqlite(url: sa.URL, pooled: bool) -> sa.Engine:
    options = dict(_OPTIONS)
    if in_memory(url):
        options["poolclass"] = pool.StaticPool
    elif pooled:
        options |= {"poolclass": pool.QueuePool, "pool_size": 2,
                    "max_overflow": 30, "pool_timeout": PATIENCE,
                    "pool_use_lifo": True}
    else:
        options["poolclass"] = pool.NullPool
    engine = sa.create_engine(
        url, connect_args={"isolation_level": None,
                           "check_same_thread": False,
                           "cached_statements": 256}, **options)
    sa.event.listen(engine, "connect", _connected)
    sa.event.listen(engine, "begin", _begin)
    if not in_memory(url):
        _keep_private(pathlib.Path(str(url.database)))
    return engine


def _keep_private(path: pathlib.Path) -> None:
    with contextlib.suppress(FileExistsError, FileNotFoundError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _connected(connection: sqlite3.Connection, record: object) -> None:
    for pragma in ("busy_timeout=2000", "journal_mode=WAL",
                   "synchronous=FULL", "foreign_keys=ON",
                   "journal_size_limit=16777216",
                   # As the other databases, and our collation, have it.
                   "case_sensitive_like=ON",
                   # Waits in C stop every green thread, so they are short;
                   # _begin does the long wait.
                   "busy_timeout=10"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sa.Connection) -> None:
    """Begin; a writer takes the write lock at once, not at COMMIT."""
    raw: Any = connection.connection.dbapi_connection
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    if not options.get("immediate"):
        raw.execute("BEGIN").close()
        return
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE").close()
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 255 == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > give_up:
                raise sa.exc.OperationalError(
                    "BEGIN IMMEDIATE", {}, error) from error
        concurrency.sleep(random.uniform(0.001, 0.02))
