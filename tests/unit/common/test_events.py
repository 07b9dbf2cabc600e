"""Events are published after their change: each, in order."""

import datetime
import uuid

import pytest
import sqlalchemy as sa

from common import concurrency, db, events, exceptions, lease, log, rpc


class Base(db.Base):
    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


EVENTS = events.define_tables(Base)
LEASES = lease.define_tables(Base)


@pytest.fixture
def database(tmp_path):
    database = db.Database(f"sqlite:///{tmp_path}/x.db")
    Base.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def bus():
    bus = rpc.Bus("memory://", exchange=uuid.uuid4().hex)
    yield bus
    bus.stop(1)


@pytest.fixture
def heard(bus):
    heard = []
    bus.subscribe("#", lambda kind, body: heard.append(body))
    return heard


def add(database, *kinds, resource="s1"):
    with database.writer() as session:
        for kind in kinds:
            events.add(session, EVENTS, kind=kind, resource_id=resource,
                       project_id="p1", payload={"a": 1})


def relay(database, bus, **options):
    return events.Relay(database, EVENTS, bus, service="compute", **options)


def test_events_are_published_once_and_in_order(database, bus, heard):
    log.request_id.set("req-1")
    kinds = [f"server.k{number}" for number in range(450)]
    add(database, *kinds)
    made = relay(database, bus)
    assert made.run_once() == 450
    assert made.run_once() == 0
    concurrency.sleep(0.1)
    assert [e["kind"] for e in heard] == [f"compute.{k}" for k in kinds]
    event = heard[0]
    assert (event["resource_id"], event["project_id"]) == ("s1", "p1")
    assert (event["request_id"], event["payload"]) == ("req-1", {"a": 1})
    assert datetime.datetime.fromisoformat(event["at"]).tzinfo


def test_nothing_is_told_of_what_was_rolled_back(database, bus, heard):
    with pytest.raises(KeyError):
        with database.writer() as session:
            events.add(session, EVENTS, kind="x", resource_id="s1")
            raise KeyError
    assert relay(database, bus).run_once() == 0


def test_a_bus_that_is_away_delays_only(database, bus, heard, monkeypatch):
    add(database, "a", "b", "c")
    made = relay(database, bus)
    send = bus.publish_all
    monkeypatch.setattr(bus, "publish_all", lambda all_: send(all_[:1]))
    with pytest.raises(exceptions.ServiceUnavailable):
        made.run_once()
    monkeypatch.undo()
    assert made.run_once() == 2
    concurrency.sleep(0.05)
    assert [e["kind"][-1] for e in heard] == ["a", "b", "c"]


def test_one_relay_of_several_publishes(database, bus, heard):
    add(database, "a")
    first = relay(database, bus, leases=LEASES)
    second = relay(database, bus, leases=LEASES)
    assert first.run_once() == 1
    add(database, "b")
    assert second.run_once() == 0
    first.stop()
    assert second.run_once() == 1


def test_old_events_are_purged(database, bus):
    add(database, "a", "b")
    made = relay(database, bus)
    made.run_once()
    with database.writer() as session:
        session.execute(
            sa.update(EVENTS).where(EVENTS.kind == "a")
            .values(created_at=db.utcnow() - datetime.timedelta(days=31)))
    relay(database, bus).run_once()
    with database.reader() as session:
        assert session.scalars(sa.select(EVENTS.kind)).all() == ["b"]
