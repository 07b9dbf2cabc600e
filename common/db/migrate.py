"""Schema migrations, by Alembic, on all three kinds of database."""

import contextlib
import dataclasses
import importlib.util
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from common.db import engines

# Alembic takes 0.6 s to import: only what really migrates pays for it.


@dataclasses.dataclass(frozen=True)
class Schema:
    """The tables of one service.

    :param script_location: folder of ``env.py`` and ``versions/``, as a
        path or as ``package:folder``
    """

    name: str
    metadata: sa.MetaData
    script_location: str | pathlib.Path

    @property
    def folder(self) -> pathlib.Path:
        """Return the folder of the migrations."""
        package, colon, folder = str(self.script_location).partition(":")
        if not colon:
            return pathlib.Path(package)
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise ImportError(f"no package {package}")
        return pathlib.Path(found.submodule_search_locations[0], folder)


def upgrade(schema: Schema, url: str) -> bool:
    """Bring the database to the newest revision; say whether it changed.

    May be repeated, and be called by several processes at once. A database
    that is at the newest revision already costs one query.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            if _revisions(connection) == _heads(schema):
                return False
        with _locked(engine) as connection:
            from alembic import command
            command.upgrade(_config(schema, connection), "head")
            _check_references(connection)
        return True
    finally:
        engine.dispose()


def check(schema: Schema, url: str) -> list[str]:
    """Return how the database differs from the models; nothing is good."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            return _differences(schema, connection)
    finally:
        engine.dispose()


def _differences(schema: Schema, connection: sa.Connection) -> list[str]:
    from alembic import autogenerate, migration
    wanted, found = _heads(schema), _revisions(connection)
    differences = []
    if wanted != found:
        differences.append(
            f"{schema.name}: the database is at revision {sorted(found)}, "
            f"this release needs {sorted(wanted)}")
    context = migration.MigrationContext.configure(
        connection, opts=_options(schema.metadata))
    for found_ in autogenerate.compare_metadata(context, schema.metadata):
        differences.append(f"{schema.name}: {found_}")
    return differences


def run_env(metadata: sa.MetaData) -> None:
    """Run migrations; all that a service's ``env.py`` does."""
    from alembic import context
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        render_as_batch=connection.dialect.name == "sqlite",
        **_options(metadata))
    with context.begin_transaction():
        context.run_migrations()


def _options(metadata: sa.MetaData) -> dict[str, Any]:
    return {"target_metadata": metadata, "compare_type": _types_differ}


def _types_differ(context: Any, column: Any, model_column: Any,
                  found: Any, wanted: Any) -> bool | None:
    # MariaDB's JSON is a LONGTEXT with a check, its booleans are numbers.
    name = type(context.dialect.type_descriptor(wanted)).__name__
    base = getattr(wanted, "impl", wanted)
    if isinstance(base, (sa.JSON, sa.Boolean)) or name == "JSON":
        return False
    return None


def _engine(url: str) -> sa.Engine:
    engine = engines.make(sa.make_url(url), pooled=False)
    if engine.dialect.name == "sqlite":
        # Tables are made anew and renamed: references are checked after.
        sa.event.listen(engine, "connect", _no_references)
        return engine.execution_options(immediate=True)
    elif engine.dialect.name != "postgresql":
        sa.event.listen(
            engine, "before_cursor_execute", _once_more, retval=True)
    return engine


#: MariaDB has no transactions around DDL: a migration that is cut short
#: is run again from its beginning.
_ONCE_MORE = [
    (re.compile(rf"(?i)\b({verb})\s+(?!IF\b)"), rf"\1 IF {then} ")
    for verb, then in (
        (r"CREATE TABLE|CREATE (?:UNIQUE )?INDEX|ADD COLUMN", "NOT EXISTS"),
        (r"DROP TABLE|DROP INDEX|DROP COLUMN", "EXISTS"))]


def _once_more(connection: Any, cursor: Any, statement: str,
               parameters: Any, *rest: Any) -> tuple[str, Any]:
    """Make statements of migrations harmless where they were run before."""
    if statement.lstrip()[:6].upper() in ("CREATE", "ALTER ", "DROP T",
                                          "DROP I"):
        for pattern, text in _ONCE_MORE:
            statement = pattern.sub(text, statement)
    return statement, parameters


def _no_references(connection: Any, record: object) -> None:
    connection.execute("PRAGMA foreign_keys=OFF").close()


def _check_references(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken:
        raise RuntimeError(f"the migration broke a reference: {broken}")


@contextlib.contextmanager
def _locked(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a transaction in which no other process migrates."""
    with engine.connect() as connection:
        dialect = connection.dialect.name
        if dialect == "postgresql":
            connection.exec_driver_sql("SET lock_timeout = '60s'")
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("SELECT pg_advisory_lock(7245873)")
        elif dialect != "sqlite":
            _prepare_mysql(connection)
        if connection.in_transaction():
            connection.commit()
        try:
            with connection.begin():
                yield connection
        finally:
            if dialect == "postgresql":
                connection.exec_driver_sql(
                    "SELECT pg_advisory_unlock(7245873)")


def _prepare_mysql(connection: sa.Connection) -> None:
    """Lock (until the connection ends); compare text byte by byte."""
    connection.exec_driver_sql("SET SESSION max_statement_time=0")
    if connection.exec_driver_sql(
            "SELECT get_lock('pileus.migrate', 60)").scalar() != 1:
        raise RuntimeError("another process has migrated for 60 s")
    if connection.exec_driver_sql(
            "SELECT @@collation_database").scalar() != "utf8mb4_nopad_bin":
        connection.exec_driver_sql(
            "ALTER DATABASE CHARACTER SET utf8mb4"
            " COLLATE utf8mb4_nopad_bin")


def _config(schema: Schema, connection: sa.Connection) -> Any:
    from alembic import config
    made = config.Config()
    made.set_main_option(
        "script_location", str(schema.folder).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def _revisions(connection: sa.Connection) -> set[str]:
    if not sa.inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version").scalars())


_REVISION = re.compile(
    r"""^revision(?:\s*:\s*\w+)?\s*=\s*["']([^"']+)["']""", re.MULTILINE)
_DOWN = re.compile(
    r"""^down_revision(?:\s*:[^=]+)?\s*=\s*["']([^"']+)["']""",
    re.MULTILINE)


def _heads(schema: Schema) -> set[str]:
    """Return the newest revisions, read without importing Alembic."""
    made, followed = set(), set()
    for path in schema.folder.glob("versions/*.py"):
        text = path.read_text()
        made |= set(_REVISION.findall(text))
        followed |= set(_DOWN.findall(text))
    return made - followed
