"""One holder at a time, and a higher fence for each."""

import os

import pytest
import sqlalchemy as sa

from common import concurrency, db, lease


class Base(db.Base):
    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


LEASES = lease.define_tables(Base)


@pytest.fixture
def database(tmp_path):
    database = db.Database(f"sqlite:///{tmp_path}/x.db")
    Base.metadata.create_all(database.engine)
    yield database
    database.dispose()


def make(database, ttl_s=30.0):
    return lease.Lease(database, LEASES, "leader", ttl_s)


def test_one_holds_it(database):
    one, two = make(database), make(database)
    assert one.acquire()
    assert not two.acquire()
    assert one.acquire()
    assert (one.held, two.held) == (True, False)
    assert one.fence == 1


def test_one_of_many_gets_it(database):
    won = concurrency.gather(
        *[make(database).acquire for _ in range(10)])
    assert won.count(True) == 1


def test_a_lease_that_ran_out_goes_to_another(database):
    one, two = make(database, 0.3), make(database)
    assert one.acquire()
    concurrency.sleep(0.4)
    assert not one.held
    assert two.acquire()
    assert two.fence == 2
    assert not one.renew()
    assert not one.acquire()


def test_a_released_lease_goes_at_once(database):
    one, two = make(database), make(database)
    assert one.acquire()
    one.release()
    assert not one.held
    assert two.acquire()
    assert two.fence == 2


def test_renewal(database):
    one, two = make(database, 0.5), make(database)
    assert one.acquire()
    for _ in range(4):
        concurrency.sleep(0.2)
        assert one.renew()
    assert not two.acquire()


def test_writes_of_the_old_holder_are_refused(database):
    one, two = make(database, 0.1), make(database)
    assert one.acquire()
    with database.writer() as session:
        one.guard(session)
    concurrency.sleep(0.2)
    assert two.acquire()
    with pytest.raises(lease.LostLease):
        with database.writer() as session:
            one.guard(session)
    with database.writer() as session:
        two.guard(session)


def test_a_dead_process_holds_nothing(database):
    """It is taken over at once, where that can be seen."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(write, lease.new_owner().encode())
        os._exit(0)
    owner = os.read(read, 200).decode()
    os.waitpid(pid, 0)
    os.close(read)
    os.close(write)
    one = make(database, 600)
    one._owner = owner
    assert one.acquire()
    assert lease.is_dead(owner)
    two = make(database)
    assert two.acquire()
    assert two.fence == 2


def test_who_cannot_be_seen_is_not_dead():
    mine = lease.new_owner()
    boot, space, pid, started, ident = mine.split("/")
    assert not lease.is_dead(mine)
    assert not lease.is_dead(f"other/{space}/{pid}/1/{ident}")
    assert not lease.is_dead(f"{boot}/1/{pid}/1/{ident}")
    assert not lease.is_dead("somebody")
    assert lease.is_dead(f"{boot}/{space}/{pid}/1/{ident}")
