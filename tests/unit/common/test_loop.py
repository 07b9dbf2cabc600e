"""Loops run at their interval, when woken, and after errors."""

import time

import pytest

from common import concurrency, loop


class Counter(loop.Loop):
    def __init__(self, interval, errors=0):
        super().__init__(interval)
        self.runs = 0
        self.errors = errors
        self.due = None
        self.takes = 0.0

    def run_once(self):
        self.runs += 1
        concurrency.sleep(self.takes)
        if self.due is not None:
            self.due_in(self.due)
        if self.errors:
            self.errors -= 1
            raise ValueError


@pytest.fixture
def run():
    started = []

    def start(made):
        started.append((made, concurrency.spawn(made.run_forever)))
        concurrency.sleep(0)
        return made
    yield start
    for made, thread in started:
        made.stop(1)
        thread.wait()


def until(condition):
    """Wait; on a busy machine all may take long."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        concurrency.sleep(0.01)


def test_runs_at_its_interval(run):
    counter = run(Counter(0.05))
    concurrency.sleep(0.5)
    assert counter.runs <= 13
    until(lambda: counter.runs >= 5)


def test_a_wake_makes_it_prompt(run):
    counter = run(Counter(60))
    until(lambda: counter.succeeded_at)
    counter.wake()
    counter.wake()
    until(lambda: counter.runs == 2)
    concurrency.sleep(0.05)
    assert counter.runs == 2


def test_a_wake_during_a_run_is_not_lost(run):
    counter = Counter(60)
    counter.takes = 0.1
    run(counter)
    until(lambda: counter.runs == 1)
    counter.wake()
    until(lambda: counter.runs == 2)
    concurrency.sleep(0.15)
    assert counter.runs == 2


def test_it_may_ask_to_run_sooner(run):
    counter = Counter(60)
    counter.due = 0.05
    run(counter)
    until(lambda: counter.runs >= 4)


def test_errors_are_retried_after_a_while(run):
    counter = run(Counter(60, errors=1))
    assert counter.succeeded_at is None
    until(lambda: counter.succeeded_at)
    assert counter.runs == 2


def test_a_failing_loop_does_not_spin(run):
    counter = run(Counter(60, errors=1000))
    for _ in range(20):
        counter.wake()
        concurrency.sleep(0.02)
    assert counter.runs <= 3


def test_stop_waits_for_the_run():
    counter = Counter(60)
    counter.takes = 0.2
    thread = concurrency.spawn(counter.run_forever)
    concurrency.sleep(0.05)
    started = time.monotonic()
    counter.stop()
    thread.wait()
    assert 0.1 < time.monotonic() - started < 20
    assert counter.stopping


def test_a_loop_that_never_ran_stops_at_once():
    Counter(60).stop()
