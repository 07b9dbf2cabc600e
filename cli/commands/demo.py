"""pileus demo."""

import contextlib
import os
import pathlib
import shlex

import click

from cli import options
from cli.cloud import paths
from cli.commands import up
from cli.demo import cloud as clouds
from cli.demo import ssh
from common import installed

_NAME = "demo"
_CIDR = "10.20.0.0/24"
_SCRIPT = "hostname; uname -srm; uptime; ip -4 addr show dev eth0; free; df /"


@click.command(short_help="Start a server and log in to it.")
@options.state
def demo(place: paths.Paths) -> None:
    """Start the cloud and a server in it, and log in to that.

    What is there already is used as it is.
    """
    options.need_root()
    progress = options.Progress()
    up.start(place, progress)
    try:
        key, address, said = _run(place, progress)
    except (clouds.Failed, ssh.Failed) as error:
        raise click.ClickException(
            f"{error}\nTo see what is wrong:"
            f" {options.again('doctor', place)}") from error
    _tell(place, progress, key, address, said)


def _run(place: paths.Paths,
         progress: options.Progress) -> tuple[pathlib.Path, str, str]:
    key = ssh.ensure_key(place.host / "demo")
    with progress.part("Image"):
        cloud = clouds.Cloud(place)
        image = cloud.ensure_image("tiny", lambda: _build_image(place))
    with progress.part("Network, router, security group, key"):
        outside = cloud.outside()
        network = cloud.ensure_network(_NAME, _CIDR)
        cloud.ensure_router(_NAME, network, outside)
        cloud.ensure_security_group(_NAME)
        cloud.ensure_keypair(
            _NAME, key.with_suffix(".pub").read_text().strip())
    with progress.part("Server and floating IP"):
        server = cloud.find_server(_NAME) or cloud.create_server(
            name=_NAME, imageRef=image["id"], key_name=_NAME,
            flavorRef=cloud.flavor("m1.tiny")["id"],
            networks=[{"uuid": network["id"]}],
            security_groups=[{"name": _NAME}])
        address = cloud.ensure_floating_ip(server["id"], outside)
        cloud.wait_active(server["id"], 120)
    with progress.part("Boot and log-in"):
        said = ssh.run(key, address, _SCRIPT, 180)
    return key, address, said


def _tell(place: paths.Paths, progress: options.Progress,
          key: pathlib.Path, address: str, said: str) -> None:
    total = sum(took for _, took in progress.times)
    click.echo(f"\nThe server says:\n\n{_indent(said)}\n"
               f"All in {total:.1f} s; the cloud stays up. To go on:\n\n"
               f"  {shlex.join(ssh.command(key, address))}\n"
               f"  source <({options.again('env', place)})\n"
               f"  openstack server list\n"
               f"  openstack console log show {_NAME}\n"
               f"  openstack volume create --size 1 v1\n"
               f"  openstack server add volume {_NAME} v1\n"
               f"  {options.again('status', place)}\n"
               f"  {options.again('down', place)}")


def _indent(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def _build_image(place: paths.Paths) -> pathlib.Path:
    """Build the small guest image by the image service's own command."""
    group = installed.entry_points("pileus.commands")["image"].load()
    file = place.host / "demo" / "tiny.qcow2"
    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
        group.main(["build", "tiny", "--output", str(file)],
                   prog_name="pileus image", standalone_mode=False)
    return file
