"""Clouds set up as the tests of Tempest expect them."""

import contextlib
import dataclasses
import os
import pathlib
import subprocess
from collections.abc import Iterator

from cli.cloud import client, paths
from cli.node import outside
from tests.cluster.common import servers
from tests.cluster.deployment import Deployment
from tests.functional import cloud

ROOT = pathlib.Path(__file__).parent.parent.parent

#: What ``tempest.conf.in`` says of the cloud, to the cloud itself.
OPTIONS = """\
[security_compliance]
lockout_failure_attempts = 2
lockout_duration = 5
unique_last_password_count = 2
minimum_password_age = 0
"""


@dataclasses.dataclass(frozen=True)
class Access:
    """How to reach a cloud as its administrator."""

    auth_url: str
    region: str
    password: str


@contextlib.contextmanager
def embedded(scratch: pathlib.Path) -> Iterator[Access]:
    """Run the cloud that ``./pileus up`` starts."""
    place = paths.of(scratch / "s")
    group = outside.ensure_user()
    paths.make(place, group)
    place.conf.write_text(OPTIONS)
    os.chown(place.conf, 0, group)
    place.conf.chmod(0o640)
    try:
        _pileus("up", place)
        entry = client.read(place)
        yield Access(entry["auth"]["auth_url"].removesuffix("/v3"),
                     entry["region_name"], entry["auth"]["password"])
    finally:
        _pileus("down", place)


def _pileus(command: str, place: paths.Paths) -> None:
    subprocess.run([ROOT / "pileus", command, "--state", place.state],
                   check=True, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def distributed(scratch: pathlib.Path) -> Iterator[Access]:
    """Run a process per daemon, on RabbitMQ and PostgreSQL."""
    with contextlib.ExitStack() as stack:
        database = servers.Postgres()
        stack.callback(database.close)
        rabbit = servers.Rabbit()
        stack.callback(rabbit.close)
        deployment = Deployment(scratch, database, rabbit, OPTIONS)
        stack.callback(deployment.stop)
        yield Access(deployment.conf.auth.url, deployment.conf.region,
                     cloud.ADMIN_PASSWORD)
