"""Transactions and migrations on SQLite."""

import os
import sqlite3
import threading

import pytest
import sqlalchemy as sa

from common import concurrency, db, exceptions
from common.db import engines
from tests.unit.common.db_contract import Base, DatabaseContract, Thing
from tests.unit.common.migration_contract import MigrationContract


class TestMemory(DatabaseContract):
    @pytest.fixture
    def url(self):
        return "sqlite://"


class TestFile(DatabaseContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/x.db"

    def test_settings(self, database):
        with database.reader() as session:
            def pragma(name):
                return session.execute(sa.text(f"PRAGMA {name}")).scalar()
            assert pragma("journal_mode") == "wal"
            assert pragma("synchronous") == 2  # FULL
            assert pragma("foreign_keys") == 1
        path = database.url.database
        assert os.stat(path).st_mode & 0o777 == 0o600

    def test_a_reader_sees_one_state(self, database):
        self.add(database)
        with database.reader() as session:
            assert session.scalar(sa.select(
                sa.func.count()).select_from(Thing)) == 1
            concurrency.spawn(self.add, database, "t2").wait()
            assert session.scalar(sa.select(
                sa.func.count()).select_from(Thing)) == 1

    def test_a_lock_of_another_process_is_waited_for(self, database):
        other = sqlite3.connect(database.url.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        ticks = []

        def tick():
            while True:
                ticks.append(1)
                concurrency.sleep(0.01)
        ticker = concurrency.spawn(tick)
        concurrency.spawn(lambda: (
            concurrency.sleep(0.5), other.execute("COMMIT")))
        self.add(database)
        ticker.kill()
        assert len(ticks) > 15  # the others went on
        other.close()

    def test_a_lock_held_too_long_is_unavailable(
            self, database, monkeypatch):
        monkeypatch.setattr(engines, "PATIENCE", 0.2)
        other = sqlite3.connect(database.url.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(db.Retryable) as caught:
            self.add(database)
        assert caught.value.status == 503
        other.close()
        self.add(database)

    def test_a_slow_writer_of_this_process_too(self, database, monkeypatch):
        monkeypatch.setattr(engines, "PATIENCE", 0.1)

        def hold():
            with database.writer():
                concurrency.sleep(0.4)
        holder = concurrency.spawn(hold)
        concurrency.sleep(0.05)
        with pytest.raises(exceptions.ServiceUnavailable):
            self.add(database)
        holder.wait()
        self.add(database)

    def test_two_databases_of_one_file_take_turns(self, database):
        again = db.Database(str(database.url))
        assert again._slot is database._slot
        again.dispose()

    def test_a_full_disk_is_unavailable(self, database):
        with pytest.raises(exceptions.ServiceUnavailable):
            with database.writer() as session:
                session.execute(sa.text("PRAGMA max_page_count = 1"))
                for number in range(200):
                    session.add(Thing(
                        id=str(number), extra={"x": "y" * 2000}))
                session.flush()
        database.dispose()
        self.add(database)

    def test_a_private_engine_serves_a_native_thread(self, database):
        self.add(database)
        found = []

        def look():
            engine = database.private_engine()
            with engine.connect() as connection:
                found.append(connection.scalar(
                    sa.select(sa.func.count()).select_from(Thing)))
        concurrency.blocking(look)
        assert found == [1]
        assert threading.active_count() >= 1


class TestMigrations(MigrationContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/m.db"

    def test_references_outlive_a_table_made_anew(self, url, schema):
        db.upgrade(schema, url)
        database = db.Database(url)
        with database.reader() as session:
            assert session.execute(sa.text(
                "PRAGMA foreign_keys")).scalar() == 1
        database.dispose()


def test_tables_have_names_of_their_constraints():
    names = {c.name for c in Base.metadata.tables["things"].constraints}
    assert {"pk_things", "uq_things_name"} <= names
