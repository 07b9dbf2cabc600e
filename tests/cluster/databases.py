"""New databases of real servers, for tests that take one each."""

from typing import Any

import sqlalchemy as sa

from common import db
from tests.cluster.common.servers import MariaDB, Postgres, Server

_DRIVERS = {Postgres: "postgresql+psycopg", MariaDB: "mysql+pymysql"}
_UNCHECKED = {Postgres: "SET session_replication_role = replica",
              MariaDB: "SET foreign_key_checks = 0"}
#: The rows that migrations made, by server, schema and table.
_rows: dict[tuple[Server, str], dict[sa.Table, list[Any]]] = {}


def fresh(server: Server, schema: db.Schema) -> str:
    """Return the URL of a database at the newest schema, as new.

    Migrations take seconds: the database of the test before is emptied.
    """
    root = sa.make_url(server.url).set(drivername=_DRIVERS[type(server)])
    url = root.set(database=schema.name)
    text = url.render_as_string(hide_password=False)
    if (server, schema.name) not in _rows:
        _create(root, schema.name)
        db.upgrade(schema, text)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        if (server, schema.name) in _rows:
            connection.exec_driver_sql(_UNCHECKED[type(server)])
            _restore(connection, _rows[server, schema.name])
        else:
            _rows[server, schema.name] = _read(connection)
    engine.dispose()
    return text


def _create(root: sa.URL, name: str) -> None:
    engine = sa.create_engine(root, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()


def _read(connection: sa.Connection) -> dict[sa.Table, list[Any]]:
    found = sa.MetaData()
    found.reflect(connection)
    return {table: [dict(row) for row in connection.execute(
        sa.select(table)).mappings()] for table in found.tables.values()}


def _restore(connection: sa.Connection,
             rows: dict[sa.Table, list[Any]]) -> None:
    for table, made in rows.items():
        connection.execute(sa.delete(table))
        if made:
            connection.execute(sa.insert(table), made)
