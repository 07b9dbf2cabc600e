"""Failpoints do as they are told, and are found by name."""

import subprocess
import sys
import time

import pytest

from common import exceptions, failpoint


@pytest.fixture
def switch(monkeypatch):
    def to(text):
        monkeypatch.setenv("PILEUS_FAILPOINTS", text)
        failpoint.reload()
    yield to
    monkeypatch.undo()
    failpoint.reload()


def test_off_by_default():
    failpoint.hit("nothing")


def test_raise_and_away(switch):
    switch("a=raise; b=away")
    with pytest.raises(failpoint.Injected, match="a"):
        failpoint.hit("a")
    with pytest.raises(exceptions.ServiceUnavailable):
        failpoint.hit("b")
    failpoint.hit("c")


def test_sleep(switch):
    switch("a=sleep:0.2")
    started = time.monotonic()
    failpoint.hit("a")
    assert time.monotonic() - started >= 0.2


def test_counted(switch):
    switch("a=2*raise")
    for _ in range(2):
        with pytest.raises(failpoint.Injected):
            failpoint.hit("a")
    failpoint.hit("a")


def test_a_file_is_read_at_any_time_and_counts_down(monkeypatch, tmp_path):
    path = tmp_path / "points"
    monkeypatch.setenv("PILEUS_FAILPOINTS_FILE", str(path))
    failpoint.reload()
    failpoint.hit("a")
    path.write_text("a=1*raise\nb=sleep:0\n")
    with pytest.raises(failpoint.Injected):
        failpoint.hit("a")
    failpoint.hit("a")
    failpoint.hit("b")
    assert path.read_text() == "a=0*raise\nb=sleep:0\n"
    monkeypatch.undo()
    failpoint.reload()


def test_mistakes_are_told(switch):
    with pytest.raises(ValueError, match="a=explode"):
        switch("a=explode")


def test_kill_is_as_hard_as_kill_9():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c",
         "from common import failpoint\n"
         "try:\n    failpoint.hit('x')\nfinally:\n    print('alive')"],
        env={"PILEUS_FAILPOINTS": "x=kill"}, capture_output=True)
    assert done.returncode == -9
    assert done.stdout == b""


def test_declared_names_are_listed():
    failpoint.declare("some.point")
    assert "some.point" in failpoint.names()
