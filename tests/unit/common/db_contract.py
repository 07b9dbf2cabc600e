"""What transactions do, on whatever database: subclasses give its URL."""

import datetime
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common import concurrency, db, exceptions


class Base(db.Base):
    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


class Thing(Base):
    __tablename__ = "things"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(255), unique=True)
    size: Mapped[int] = mapped_column(default=0)
    busy: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(sa.String(32), default="new")
    extra: Mapped[dict | None] = mapped_column(db.JSON)
    made_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)


class Part(Base):
    __tablename__ = "parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    thing_id: Mapped[str] = mapped_column(sa.ForeignKey("things.id"))


class DatabaseContract:
    """Tests of one kind of database; ``url`` is a fixture."""

    @pytest.fixture
    def database(self, url):
        database = db.Database(url)
        Base.metadata.drop_all(database.engine)
        Base.metadata.create_all(database.engine)
        yield database
        Base.metadata.drop_all(database.engine)
        database.dispose()

    def add(self, database, ident="t1", **values):
        with database.writer() as session:
            session.add(Thing(id=ident, **values))

    def get(self, database, ident="t1"):
        with database.reader() as session:
            return session.get(Thing, ident)

    def test_values_come_back(self, database):
        now = db.utcnow()
        self.add(database, extra={"a": [1, None, "é"]}, made_at=now)
        thing = self.get(database)
        assert thing.extra == {"a": [1, None, "é"]}
        assert thing.made_at == now
        assert thing.made_at.tzinfo is not None
        with database.reader() as session:
            assert session.scalars(sa.select(Thing).where(
                Thing.made_at == now)).one().id == "t1"

    def test_no_json_is_null(self, database):
        self.add(database, extra=None)
        with database.reader() as session:
            assert session.scalars(sa.select(Thing).where(
                Thing.extra.is_(None))).one()

    def test_naive_times_are_refused(self, database):
        with pytest.raises(sa.exc.StatementError):
            self.add(database, made_at=datetime.datetime.now())

    def test_an_error_rolls_back(self, database):
        with pytest.raises(KeyError):
            with database.writer() as session:
                session.add(Thing(id="t1"))
                session.flush()
                raise KeyError
        assert self.get(database) is None

    def test_constraints_hold(self, database):
        self.add(database, name="x")
        with pytest.raises(sa.exc.IntegrityError):
            self.add(database, "t2", name="x")
        with pytest.raises(sa.exc.IntegrityError):
            with database.writer() as session:
                session.add(Part(thing_id="nope"))

    def test_names_differ_by_case_accent_and_spaces(self, database):
        for number, name in enumerate(("a", "A", "á", "a ")):
            self.add(database, f"t{number}", name=name)
        with database.reader() as session:
            assert session.scalars(sa.select(Thing.name).order_by(
                Thing.name)).all() == ["A", "a", "a ", "á"]

    def test_compare_and_set(self, database):
        self.add(database, status="new")
        with database.writer() as session:
            thing = session.get(Thing, "t1")
            assert db.compare_and_set(
                session, Thing, where={"id": "t1", "status": ["new", "x"],
                                       "name": None},
                set={"status": "done", "size": Thing.size + 1})
            assert thing.status == "done"
            assert thing.size == 1
            assert not db.compare_and_set(
                session, Thing, where={"id": "t1", "status": "new"},
                set={"status": "new"})
            assert thing.status == "done"
            # The same value again is a success, not a lost race.
            assert db.compare_and_set(
                session, Thing, where={"id": "t1", "status": "done"},
                set={"status": "done"})

    def test_one_of_many_wins(self, database):
        self.add(database)

        def claim():
            with database.writer() as session:
                return db.compare_and_set(
                    session, Thing, where={"id": "t1", "status": "new"},
                    set={"status": "taken"})
        won = concurrency.gather(*[claim] * 12)
        assert won.count(True) == 1

    def test_writers_that_wait_do_not_stop_each_other(self, database):
        self.add(database)

        def write(number):
            def run():
                with database.writer() as session:
                    session.execute(sa.update(Thing).values(
                        size=Thing.size + 1))
                    concurrency.sleep(0.02)
            return run
        concurrency.gather(*[lambda n=n: db.retrying(write(n))
                             for n in range(8)])
        assert self.get(database).size == 8

    def test_nested_transactions_are_refused(self, database):
        with database.writer():
            assert db.in_transaction()
            with pytest.raises(RuntimeError):
                with database.reader():
                    pass
        assert not db.in_transaction()

    def test_commits_are_counted(self, database):
        assert db.commits_in_request() == 0
        with db.track_commits() as commits:
            with database.writer():
                pass
            self.get(database)
            assert commits.count == 0
            self.add(database)
            assert db.commits_in_request() == 1
        assert db.commits_in_request() == 0

    def test_queries_are_counted(self, database):
        self.add(database)
        with db.count_queries(database) as queries:
            self.get(database)
            self.get(database)
        assert queries.count == 2

    def test_a_glance_sees_what_is_committed(self, database):
        """Each time anew, and through a lost connection."""
        rows = "SELECT id, size FROM things ORDER BY id"
        assert database.glance(rows) == []
        self.add(database)
        with database.writer() as session:
            session.add(Thing(id="t2"))
            session.flush()
            if not database.in_memory:
                assert database.glance(rows) == [("t1", 0)]
        assert database.glance(rows) == [("t1", 0), ("t2", 0)]
        named = sa.select(Thing.id).where(Thing.id == sa.bindparam("name"))
        assert database.glance(named, {"name": "t2"}) == [("t2",)]
        if not database.in_memory:
            database.dispose()
            assert len(database.glance(rows)) == 2
        with pytest.raises(sa.exc.SQLAlchemyError):
            database.glance("SELECT nothing FROM things")
        assert len(database.glance(rows)) == 2

    def test_the_last_step_of_each_writer(self, database):
        def mark(session):
            session.execute(sa.update(Thing).values(size=Thing.size + 1))
        database.before_commit(mark)
        self.add(database)
        with pytest.raises(ZeroDivisionError), database.writer() as session:
            session.add(Thing(id="t2"))
            raise ZeroDivisionError
        self.get(database)
        assert self.get(database).size == 1

    def test_the_clock_is_the_databases(self, database):
        with database.reader() as session:
            first = session.execute(sa.select(db.epoch())).scalar()
        assert abs(first - time.time()) < 5
        with database.writer() as session:
            session.add(Thing(id="t1", size=1))
            session.flush()
            later = session.execute(
                sa.select(db.epoch() + 15.5 - db.epoch())).scalar()
        assert later == pytest.approx(15.5, abs=0.1)

    def test_retrying_gives_up(self, database):
        calls = []

        def fail():
            calls.append(1)
            raise db.Retryable()
        with pytest.raises(exceptions.ServiceUnavailable):
            db.retrying(fail)
        assert len(calls) == 5

    def test_a_fork_leaves_the_connections_alone(self, database):
        import os
        if database.in_memory:
            pytest.skip("of one process")
        self.add(database)
        pid = os.fork()
        if not pid:
            found = self.get(database)
            os._exit(0 if found and found.id == "t1" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert self.get(database).id == "t1"
        self.add(database, "t2")
