"""Columns, names and times that every service's models share."""

import datetime
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm, types
from sqlalchemy.ext import compiler
from sqlalchemy.sql import functions

#: Constraint names that are the same on every database, so that migrations
#: can name what they change.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(orm.DeclarativeBase):
    """Base of a service's own base of models.

    Each service derives one, with ``__abstract__ = True`` and a metadata
    of its own: ``sa.MetaData(naming_convention=db.NAMING)``. It gets a
    registry of its own too, since two services in one process may both
    have a model ``Volume``.
    """

    __abstract__ = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "metadata" in vars(cls):
            cls.registry = cls._sa_registry = orm.registry(
                metadata=cls.metadata)
        super().__init_subclass__(**kwargs)


class JSON(types.TypeDecorator[Any]):
    """A JSON value; None is SQL's NULL."""

    impl = sa.JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)


class UTCDateTime(types.TypeDecorator[datetime.datetime]):
    """An aware time, kept in UTC to the microsecond."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(
            self, dialect: sa.Dialect) -> types.TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            # Its import takes memory that those on others need not give.
            from sqlalchemy.dialects import mysql
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(
            self, value: datetime.datetime | None,
            dialect: sa.Dialect) -> datetime.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(datetime.UTC).replace(tzinfo=None)

    def process_result_value(
            self, value: datetime.datetime | None,
            dialect: sa.Dialect) -> datetime.datetime | None:
        return value and value.replace(tzinfo=datetime.UTC)


class epoch(functions.FunctionElement[float]):  # noqa: N801
    """The database's clock, in seconds since 1970; for leases."""

    type = sa.Double()
    inherit_cache = True


@compiler.compiles(epoch, "sqlite")
def _epoch_sqlite(element: Any, compiled: Any, **kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiler.compiles(epoch, "postgresql")
def _epoch_postgresql(element: Any, compiled: Any, **kw: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


@compiler.compiles(epoch, "mysql", "mariadb")
def _epoch_mysql(element: Any, compiled: Any, **kw: Any) -> str:
    return "(unix_timestamp(sysdate(6)) + 0e0)"


def utcnow() -> datetime.datetime:
    """Return the wall clock, for display; leases use ``epoch``."""
    return datetime.datetime.now(datetime.UTC)


def new_id() -> str:
    """Return a fresh UUID."""
    return str(uuid.uuid4())
