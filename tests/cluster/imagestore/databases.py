"""Databases of a real server, a fresh one for each test."""

import itertools

import sqlalchemy as sa

from tests.cluster.common.servers import MariaDB, Postgres

DRIVERS = {Postgres: "postgresql+psycopg", MariaDB: "mysql+pymysql"}
_NUMBERS = itertools.count()


def fresh(server, name):
    """Make a database; return its URL."""
    root = sa.make_url(server.url).set(drivername=DRIVERS[type(server)])
    name = f"{name}{next(_NUMBERS)}"
    engine = sa.create_engine(root, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return root.set(database=name).render_as_string(hide_password=False)
