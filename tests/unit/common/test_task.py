"""Tasks end done or undone, whatever fails, and only one worker runs one."""

import dataclasses
import time
from typing import ClassVar

import pytest
import sqlalchemy as sa

from common import concurrency, db, exceptions, failpoint, task


class Base(db.Base):
    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


TABLES = task.define_tables(Base)


class World:
    """What the steps act on, and how they shall fail."""

    def __init__(self):
        self.done = []
        self.errors = {}
        self.hold = {}

    def act(self, name):
        self.done.append(name)
        if name in self.hold:
            self.hold[name].wait(10)
        errors = self.errors.get(name)
        if errors:
            error = errors.pop(0)
            if error:
                raise error


@dataclasses.dataclass
class Build(task.Task):
    server_id: str
    size: int = 1

    @property
    def resource(self):
        return self.server_id

    @task.step
    def one(self, env):
        env.act("one")
        return {"host": "h1"}

    @one.undo
    def unone(self, env):
        env.act("unone")

    @task.step
    def two(self, env):
        assert self.results["one"] == {"host": "h1"}
        env.act("two")

    @two.undo
    def untwo(self, env):
        env.act("untwo")

    @task.step
    def three(self, env):
        env.act("three")

    def undone(self, env, reason):
        env.act(f"undone: {reason}")


@dataclasses.dataclass
class Quick(Build):
    deadline_s: ClassVar[float] = 0.3


@pytest.fixture(params=["memory", "file"])
def database(request, tmp_path):
    url = "sqlite://" if request.param == "memory" else (
        f"sqlite:///{tmp_path}/x.db")
    database = db.Database(url)
    Base.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def world():
    return World()


def make(database, world, **options):
    return task.Runner(database, world, [Build, Quick], TABLES, **options)


def add(database, runner, *tasks):
    with database.writer() as session:
        for each in tasks:
            runner.add(session, each)
    return tasks[0].id


def row(database, ident):
    with database.reader() as session:
        return session.execute(
            sa.select(TABLES).where(TABLES.c.id == ident)).one()


def test_steps_run_in_order_and_results_are_kept(database, world):
    runner = make(database, world)
    ident = add(database, runner, Build("s1"))

    assert runner.run_until_idle()

    assert world.done == ["one", "two", "three"]
    ended = row(database, ident)
    assert (ended.state, ended.owner) == ("done", None)
    assert ended.results == {
        "one": {"host": "h1"}, "two": None, "three": None}
    assert set(ended.timings) == {"one", "two", "three"}


def test_final_error_undoes_the_failed_step_too(database, world):
    world.errors["two"] = [exceptions.Conflict()]
    runner = make(database, world)
    ident = add(database, runner, Build("s1"))

    assert runner.run_until_idle()

    reason = str(exceptions.Conflict())
    assert world.done == [
        "one", "two", "untwo", "unone", f"undone: {reason}"]
    ended = row(database, ident)
    assert (ended.state, ended.reason, ended.results) == (
        "undone", reason, {})


def test_unexpected_error_shows_no_internals(database, world):
    world.errors["one"] = [ValueError("/etc/secret/path")]
    runner = make(database, world)
    ident = add(database, runner, Build("s1"))

    assert runner.run_until_idle()

    assert row(database, ident).reason == (
        "one failed unexpectedly (ValueError)")


@pytest.mark.parametrize("error", [
    exceptions.ServiceUnavailable(), ConnectionResetError(), TimeoutError(),
    exceptions.RPCTimeout(topic="t", method="m", timeout=1),
    db.Retryable(), db.CommitUnknown()])
def test_passing_errors_are_retried(database, world, error):
    world.errors["two"] = [error, error]
    runner = make(database, world)
    ident = add(database, runner, Build("s1"))

    assert runner.run_until_idle()

    assert world.done == ["one", "two", "two", "two", "three"]
    assert row(database, ident).state == "done"


def test_deadline_undoes(database, world):
    world.errors["two"] = [ConnectionResetError()] * 99
    runner = make(database, world)
    ident = add(database, runner, Quick("s1"))

    assert runner.run_until_idle()

    ended = row(database, ident)
    assert ended.state == "undone"
    assert ended.reason.startswith("not done within 0.3 s; at two")
    assert world.done[-3:] == ["untwo", "unone", f"undone: {ended.reason}"]


def test_undo_is_retried_until_it_succeeds(database, world):
    world.errors["two"] = [ValueError()]
    world.errors["untwo"] = [ValueError(), KeyError()]
    world.errors["undone: two failed unexpectedly (ValueError)"] = [
        OSError()]
    runner = make(database, world)
    ident = add(database, runner, Build("s1"))

    assert runner.run_until_idle()

    assert world.done.count("untwo") == 3
    assert world.done.count("unone") == 1
    assert row(database, ident).state == "undone"


def test_tasks_of_a_resource_run_in_order(database, world):
    runner = make(database, world)
    other = Build("s2")
    add(database, runner, Build("s1"), Build("s1"), other)
    world.hold["one"] = concurrency.Event()

    runner.run_once()
    concurrency.sleep(0.05)
    runner.run_once()
    concurrency.sleep(0.05)

    assert world.done == ["one", "one"]  # of s1's first, and of s2's
    world.hold.pop("one").send()
    assert runner.run_until_idle()
    assert len(world.done) == 9


def test_cancel_unwinds_what_has_begun_and_what_waits(database, world):
    runner = make(database, world)
    world.hold["two"] = concurrency.Event()
    first = add(database, runner, Build("s1"))
    runner.run_once()
    concurrency.sleep(0.05)
    second = add(database, runner, Build("s1"))

    with database.writer() as session:
        runner.cancel(session, "s1")
    world.hold["two"].send()

    assert runner.run_until_idle()
    assert "three" not in world.done
    assert world.done.count("undone: cancelled") == 2
    for ident in (first, second):
        assert row(database, ident).reason == "cancelled"


def test_another_worker_adopts_when_the_lease_is_over(database, world):
    """The first worker is cut off; what it writes later is refused."""
    slow = make(database, world, lease_s=0.4)
    other_world = World()
    other = make(database, other_world)
    ident = add(database, slow, Build("s1"))
    world.hold["two"] = concurrency.Event()
    slow._store.renew = lambda connection: None  # it cannot renew
    slow.run_once()
    concurrency.sleep(0.1)
    assert other.run_once() == 0

    concurrency.sleep(0.5)
    assert other.run_until_idle()
    world.hold["two"].send()
    slow.wait(5)

    assert other_world.done == ["two", "three"]
    assert world.done == ["one", "two"]
    assert row(database, ident).fence == 2
    assert row(database, ident).state == "done"


def test_lease_is_renewed_while_a_step_runs(database, world):
    slow = make(database, world, lease_s=0.6)
    other = make(database, World())
    add(database, slow, Build("s1"))
    world.hold["two"] = concurrency.Event()
    slow.run_once()

    for _ in range(15):
        concurrency.sleep(0.1)
        if not database.in_memory:
            assert other.run_once() == 0

    world.hold["two"].send()
    assert slow.run_until_idle()
    assert world.done == ["one", "two", "three"]


def test_lease_is_renewed_while_the_hub_is_blocked(tmp_path, world):
    """The renewal has a thread of the operating system."""
    database = db.Database(f"sqlite:///{tmp_path}/y.db")
    Base.metadata.create_all(database.engine)
    runner = make(database, world, lease_s=0.6)
    ident = add(database, runner, Build("s1"))
    world.hold["two"] = concurrency.Event()
    runner.run_once()
    concurrency.sleep(0.05)
    sleep = concurrency.patcher.original("time").sleep

    sleep(1.5)

    with database.reader() as session:
        left = session.execute(
            sa.select(TABLES.c.lease_until - db.epoch())).scalar()
    assert left > 0
    world.hold["two"].send()
    assert runner.run_until_idle()
    assert row(database, ident).fence == 1


def test_guard_refuses_writes_of_the_old_worker(database, world):
    runner = make(database, world)
    build = Build("s1")
    add(database, runner, build)
    build._table, build._fence = TABLES, 0
    with database.writer() as session:
        build.guard(session)
    with database.writer() as session:
        session.execute(sa.update(TABLES).values(fence=1))
    with pytest.raises(task.LostLease):
        with database.writer() as session:
            build.guard(session)


def test_stop_hands_over_after_the_step(database, world):
    runner = make(database, world)
    ident = add(database, runner, Build("s1"))
    world.hold["one"] = concurrency.Event()
    runner.run_once()
    concurrency.sleep(0.05)
    concurrency.spawn(
        lambda: (concurrency.sleep(0.1), world.hold["one"].send()))

    runner.stop(5)

    assert world.done == ["one"]
    assert row(database, ident).owner is None
    assert make(database, world).run_until_idle()
    assert world.done == ["one", "two", "three"]


def test_every_step_may_fail_at_every_failpoint(database, monkeypatch):
    points = [n for n in failpoint.names() if n.startswith("Build.")]
    assert "Build.two.undo.after" in points
    for point in points:
        world = World()
        if ".und" in point:
            world.errors["three"] = [ValueError()]
        runner = make(database, world)
        ident = add(database, runner, Build(f"s-{point}"))
        monkeypatch.setenv("PILEUS_FAILPOINTS", f"{point}=1*raise")
        failpoint.reload()

        assert runner.run_until_idle()

        assert row(database, ident).state == "undone"
        assert world.done.count("unone") >= 1
    monkeypatch.delenv("PILEUS_FAILPOINTS")
    failpoint.reload()


def test_a_task_that_the_database_stopped_goes_on(database, world):
    """At once when it is back, not when the lease is over."""
    runner = make(database, world, lease_s=600)
    ident = add(database, runner, Build("s1"))
    save, failures = runner._store.save, [db.Retryable()] * 5

    def fail(*args):
        if failures and "two" in world.done:
            raise failures.pop()
        return save(*args)
    runner._store.save = fail
    started = time.monotonic()

    assert runner.run_until_idle()

    assert time.monotonic() - started < 15
    assert world.done == ["one", "two", "two", "three"]
    assert row(database, ident).fence == 2


def test_ended_tasks_are_purged_after_a_day(database, world):
    runner = make(database, world)
    add(database, runner, Build("s1"))
    assert runner.run_until_idle()
    with database.writer() as session:
        assert runner._store.purge(session) == 0
        session.execute(sa.update(TABLES).values(
            ended=time.time() - 25 * 3600))
        assert runner._store.purge(session) == 1


def test_run_forever_is_prompt(database, world):
    runner = make(database, world, interval=60)
    thread = concurrency.spawn(runner.run_forever)
    concurrency.sleep(0.05)
    started = time.monotonic()
    ident = add(database, runner, Build("s1"), Build("s1"))
    runner.wake()
    while row(database, ident).state != "done" or len(world.done) < 6:
        concurrency.sleep(0.01)
    assert time.monotonic() - started < 20
    runner.stop()
    thread.wait()


@dataclasses.dataclass
class Odd(task.Task):
    @task.step
    def one(self, env):
        return object()

    @one.undo
    def unone(self, env):
        env.act("unone")


def test_a_result_that_cannot_be_kept_is_a_failure(database, world):
    runner = task.Runner(database, world, [Odd], TABLES)
    ident = add(database, runner, Odd())

    assert runner.run_until_idle(5)

    assert world.done == ["unone"]
    assert row(database, ident).state == "undone"


def test_tasks_of_another_release_hold_up_no_others(database, world):
    """Fields that are new there are ignored; without ours, it waits."""
    runner = make(database, world)
    wrong, newer, plain = Build("s1"), Build("s2"), Build("s3")
    add(database, runner, wrong, newer, plain)
    with database.writer() as session:
        for each, fields in (
                (wrong, {"id": wrong.id}),
                (newer, {"id": newer.id, "server_id": "s2", "new": 1})):
            session.execute(
                sa.update(TABLES).where(TABLES.c.id == each.id)
                .values(fields=fields))

    runner.run_once()
    assert runner.wait(5)

    assert [row(database, each.id).state for each in (newer, plain)] == [
        "done", "done"]
    left = row(database, wrong.id)
    assert (left.state, left.owner, left.ended) == ("forward", None, None)
    assert left.not_before > time.time()
