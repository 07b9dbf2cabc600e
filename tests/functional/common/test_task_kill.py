"""A worker killed at any point leaves a task that another one ends."""

import os
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from common import db, failpoint
from tests.unit.common import test_task

POINTS = sorted(n for n in failpoint.names() if n.startswith("Build."))

WORKER = """
from common import concurrency; concurrency.patch()
import pathlib, sys
from common import db
from tests.unit.common import test_task
class World:
    def act(self, name):
        with open(sys.argv[2], "a") as done:
            done.write(name + "\\n")
        if name == "three" and sys.argv[3] == "undo":
            raise ValueError
database = db.Database("sqlite:///" + sys.argv[1])
runner = test_task.make(database, World())
if runner.run_until_idle(20):
    print("idle")
"""


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(tmp_path, point):
    path, done, points = (tmp_path / n for n in ("x.db", "done", "points"))
    database = db.Database(f"sqlite:///{path}")
    test_task.Base.metadata.create_all(database.engine)
    runner = test_task.make(database, None)
    ident = test_task.add(database, runner, test_task.Build("s1"))
    points.write_text(f"{point}=1*kill\n")
    way = "undo" if ".und" in point else "do"

    started = time.monotonic()
    ends = [work(path, done, way, points) for _ in range(2)]

    assert ends == [-9, 0]
    assert time.monotonic() - started < 60
    with database.reader() as session:
        row = session.execute(sa.select(test_task.TABLES).where(
            test_task.TABLES.c.id == ident)).one()
    database.dispose()
    assert row.state == ("undone" if way == "undo" else "done")
    assert row.owner is None
    acts = done.read_text().split("\n")[:-1]
    # Nothing that was recorded is done again.
    repeated = {name for name in acts if acts.count(name) > 1}
    assert repeated <= {point.split(".")[1], "unone", "untwo",
                        "undone: three failed unexpectedly (ValueError)"}


def work(path, done, way, points):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORKER, str(path), str(done),
         way], env=os.environ | {"PILEUS_FAILPOINTS_FILE": str(points)},
        check=False, timeout=60, stderr=subprocess.DEVNULL).returncode
