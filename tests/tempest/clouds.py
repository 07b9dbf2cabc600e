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
_OPTIONS = """\
[security_compliance]
lockout_failure_attempts = 2
lockout_duration = 5
unique_last_password_count = 2
minimum_password_age = 0
[imagestore]
stores = fast:file, slow:file, web:http
import_methods = glance-direct, web-download, copy-image, glance-download
locations_in_images = true
cache_dir = $state_dir/image-cache
web_allowed_networks = 127.0.0.1/32
[image_store_fast]
directory = $state_dir/images/fast
weight = 2
[image_store_slow]
directory = $state_dir/images/slow
weight = 1
"""
#: Options of Tempest that the image service has to agree with.
_SAME = {
    "image-feature-enabled.do_secure_hash": "secure_hash",
    "image-feature-enabled.image_format_enforcement":
        "require_image_format_match",
}


@dataclasses.dataclass(frozen=True)
class Access:
    """How to reach a cloud as its administrator.

    :param conf: file with the options of its daemons
    """

    auth_url: str
    region: str
    password: str
    conf: pathlib.Path


def options(settings: list[str], web_port: int) -> str:
    """Return options of a cloud that ``settings`` of Tempest fit.

    :param web_port: that of a server on this machine with images
    """
    own = [f"[imagestore]\nweb_ports = {web_port}\n"]
    for setting in settings:
        name, _, value = setting.partition("=")
        if name in _SAME:
            own.append(f"{_SAME[name]} = {value}\n")
    return _OPTIONS + "".join(own)


@contextlib.contextmanager
def embedded(scratch: pathlib.Path, text: str) -> Iterator[Access]:
    """Run the cloud that ``./pileus up`` starts, with these options."""
    place = paths.of(scratch / "s")
    group = outside.ensure_user()
    paths.make(place, group)
    place.conf.write_text(text)
    os.chown(place.conf, 0, group)
    place.conf.chmod(0o640)
    try:
        _pileus("up", place)
        entry = client.read(place)
        yield Access(entry["auth"]["auth_url"].removesuffix("/v3"),
                     entry["region_name"], entry["auth"]["password"],
                     place.conf)
    finally:
        _pileus("down", place)


def _pileus(command: str, place: paths.Paths) -> None:
    subprocess.run([ROOT / "pileus", command, "--state", place.state],
                   check=True, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def distributed(scratch: pathlib.Path, text: str) -> Iterator[Access]:
    """Run a process per daemon, on RabbitMQ and PostgreSQL."""
    with contextlib.ExitStack() as stack:
        database = servers.Postgres()
        stack.callback(database.close)
        rabbit = servers.Rabbit()
        stack.callback(rabbit.close)
        deployment = Deployment(scratch, database, rabbit, text)
        stack.callback(deployment.stop)
        yield Access(deployment.conf.auth.url, deployment.conf.region,
                     cloud.ADMIN_PASSWORD, scratch / "pileus.conf")
