"""Transactions, migrations and tasks on PostgreSQL and MariaDB."""

import signal
import time

import pytest
import sqlalchemy as sa

from common import concurrency, db
from tests.unit.common import test_lease, test_task
from tests.unit.common.db_contract import DatabaseContract, Thing
from tests.unit.common.migration_contract import MigrationContract


class _Servers:
    @pytest.fixture
    def server(self, postgres):
        return postgres

    @pytest.fixture
    def url(self, server):
        return server.url


class _MariaDB:
    @pytest.fixture
    def server(self, mariadb):
        return mariadb


class ServerContract(_Servers, DatabaseContract):
    sleep = "SELECT pg_sleep(0.5)"

    def test_queries_let_other_green_threads_run(self, database):
        def query():
            with database.reader() as session:
                session.execute(sa.text(self.sleep))
        started = time.monotonic()
        concurrency.gather(*[query] * 8)
        assert time.monotonic() - started < 3.5

    def test_deadlocks_are_retried(self, database):
        self.add(database, "t1")
        self.add(database, "t2")
        tried = []
        both_hold_one = concurrency.Event()

        def add_one(session, ident):
            session.execute(
                sa.update(Thing).where(Thing.id == ident)
                .values(size=Thing.size + 1))

        def both(first, second):
            with database.writer() as session:
                add_one(session, first)
                tried.append(first)
                if len(tried) == 2:
                    both_hold_one.send()
                both_hold_one.wait(5)
                add_one(session, second)
        concurrency.gather(
            lambda: db.retrying(both, "t1", "t2"),
            lambda: db.retrying(both, "t2", "t1"))
        assert len(tried) == 3
        assert self.get(database, "t1").size == 2

    def test_an_exhausted_pool_is_unavailable(self, url, monkeypatch):
        from common import exceptions
        from common.db import engines
        monkeypatch.setitem(engines._SERVER_OPTIONS, "pool_timeout", 0.2)
        small = db.Database(url, pool_size=1)

        def hold():
            with small.reader() as session:
                session.execute(sa.text("SELECT 1"))
                concurrency.sleep(1)
        threads = [concurrency.spawn(hold) for _ in range(2)]
        concurrency.sleep(0.1)
        with pytest.raises(exceptions.ServiceUnavailable):
            with small.reader() as session:
                session.execute(sa.text("SELECT 1"))
        for thread in threads:
            thread.wait()
        small.dispose()

    def test_a_restart_of_the_server_is_survived(self, database, server):
        """Idle connections are replaced; what was open may be retried."""
        self.add(database)
        opened = concurrency.Event()

        def interrupted():
            with database.writer() as session:
                session.execute(sa.update(Thing).values(size=7))
                opened.send()
                concurrency.sleep(2)
                session.execute(sa.update(Thing).values(size=8))
        thread = concurrency.spawn(interrupted)
        opened.wait(5)
        server.stop(signal.SIGKILL)
        with pytest.raises(db.Retryable):
            self.get(database)
        server.start()
        with pytest.raises(db.Retryable):
            thread.wait()

        def size():
            return self.get(database).size
        give_up = time.monotonic() + 20
        while True:
            try:
                assert db.retrying(size) == 0
                break
            except db.Retryable:
                assert time.monotonic() < give_up
                concurrency.sleep(0.5)

    def test_a_commit_that_is_not_answered_is_unknown(
            self, database, server):
        self.add(database)
        with db.track_commits() as commits:
            with pytest.raises(db.CommitUnknown) as caught:
                with database.writer() as session:
                    session.execute(sa.update(Thing).values(size=7))
                    self.cut(session, server)
        assert not isinstance(caught.value, db.Retryable)
        assert commits.count == 1

    def cut(self, session, server):
        """End the session from outside."""
        ident = session.execute(sa.text(self.who)).scalar()
        other = db.Database(server.url)

        def end():
            with other.writer() as killer:
                killer.execute(sa.text(self.kill.format(ident)))
        concurrency.spawn(end).wait()
        other.dispose()
        concurrency.sleep(0.2)


class TestPostgres(ServerContract):
    who = "SELECT pg_backend_pid()"
    kill = "SELECT pg_terminate_backend({})"


class TestMariaDB(_MariaDB, ServerContract):
    sleep = "SELECT sleep(0.5)"
    who = "SELECT connection_id()"
    kill = "KILL {}"


class TestPostgresMigrations(_Servers, MigrationContract):
    pass


class TestMariaDBMigrations(_MariaDB, _Servers, MigrationContract):
    def test_a_migration_that_was_cut_short_is_repeated(
            self, url, schema, second):
        second()
        db.upgrade(schema, url)
        database = db.Database(url)
        with database.writer() as session:
            session.execute(sa.text("DELETE FROM alembic_version"))
            session.execute(sa.text("DROP TABLE leases"))
        database.dispose()
        assert db.upgrade(schema, url)
        assert db.check(schema, url) == []


@pytest.fixture(params=["postgres", "mariadb"])
def database(request):
    server = request.getfixturevalue(request.param)
    database = db.Database(server.url)
    for base in (test_task.Base, test_lease.Base):
        base.metadata.drop_all(database.engine)
        base.metadata.create_all(database.engine)
    yield database
    for base in (test_task.Base, test_lease.Base):
        base.metadata.drop_all(database.engine)
    database.dispose()


@pytest.fixture
def world():
    return test_task.World()


# The tests of tasks and leases, on these databases.
for module in (test_task, test_lease):
    for name in list(vars(module)):
        if name.startswith("test_") and name not in (
                "test_lease_is_renewed_while_the_hub_is_blocked",):
            globals()[name] = vars(module)[name]


def test_lease_is_renewed_by_a_native_thread(database, world):
    """While no green thread runs."""
    runner = test_task.make(database, world, lease_s=1)
    ident = test_task.add(database, runner, test_task.Build("s1"))
    world.hold["two"] = concurrency.Event()
    runner.run_once()
    concurrency.sleep(0.1)

    concurrency.patcher.original("time").sleep(2)

    with database.reader() as session:
        left = session.execute(sa.select(
            test_task.TABLES.c.lease_until - db.epoch())).scalar()
    assert left > 0
    world.hold["two"].send()
    assert runner.run_until_idle()
    assert test_task.row(database, ident).fence == 1


