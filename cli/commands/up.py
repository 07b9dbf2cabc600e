"""pileus up and pileus down."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Callable, Iterator

import click

from cli import node as nodes
from cli import options
from cli.cloud import health, paths, process
from cli.node import layout, outside


@click.command(short_help="Start the cloud.")
@options.state
@click.option("--timeout", default=60.0, show_default=True,
              help="Seconds to wait until all is ready.")
@click.option("--foreground", is_flag=True,
              help="Stay, as a service manager wants it.")
def up(place: paths.Paths, timeout: float, foreground: bool) -> None:
    """Start the cloud, or what is missing of it."""
    options.need_root()
    progress = options.Progress()
    start(place, progress, timeout, foreground)
    click.echo(f"The cloud is up. To use it:\n"
               f"  source <({options.again('env', place)})\n"
               f"  openstack server list\n"
               f"See also: {options.again('status', place)},"
               f" {options.again('demo', place)},"
               f" {options.again('down', place)}")


def start(place: paths.Paths, progress: options.Progress,
          timeout: float = 60, foreground: bool = False) -> None:
    """Start what does not run yet, and wait until all is ready."""
    try:
        layout.of(place.state, "node1")
        layout.check_reach(place.state)
        os.umask(0o022)
        paths.make(place, outside.ensure_user())
        with _alone(place):
            if foreground:
                _start_nodes(place, progress)
                os.chdir("/")
                os.execve(  # noqa: S606
                    sys.executable, process.command(place),
                    process.environment())
            if process.find(place, "keeper") is None:
                _start_all(place, progress, timeout)
            else:
                _start_nodes(place, progress)
                with progress.part("Control plane") as show:
                    _wait(place, timeout, show)
    except (nodes.Failed, process.Failed, ValueError) as error:
        raise click.ClickException(str(error)) from error


@click.command(short_help="Stop the cloud; its data stay.")
@options.state
def down(place: paths.Paths) -> None:
    """Stop the cloud with all its servers; its data stay."""
    options.need_root()
    if not place.host.exists():
        click.echo(f"There is no cloud in {place.state}.")
        return
    progress = options.Progress()
    try:
        with _alone(place):
            with progress.part("Control plane"):
                process.stop(place)
            with progress.part("Node"):
                for name in reversed(nodes.names(place.state)):
                    nodes.stop(place.state, name)
                # Storage daemons last: guests write to them until the end.
                process.stop_helpers(place)
    except (nodes.Failed, process.Failed) as error:
        raise click.ClickException(str(error)) from error


def _start_nodes(place: paths.Paths, progress: options.Progress) -> None:
    with progress.part("Node"):
        for name in nodes.names(place.state) or ["node1"]:
            nodes.start(place.state, name)


def _start_all(place: paths.Paths, progress: options.Progress,
               timeout: float) -> None:
    process.stop(place)  # one that has lost its keeper
    with process.starting(place) as begun:
        try:
            _start_nodes(place, progress)
        except BaseException:
            process.stop(place)
            raise
        with progress.part("Control plane") as show:
            for status in begun.go_on(timeout):
                show(status)


def _wait(place: paths.Paths, timeout: float,
          show: Callable[[str], None]) -> None:
    reasons = health.wait(place, timeout, show)
    if reasons:
        raise process.Failed(
            "The control plane runs and is not ready: "
            + "; ".join(f"{name}: {why}" for name, why in reasons.items())
            + f"\nSee {place.log}")


@contextlib.contextmanager
def _alone(place: paths.Paths) -> Iterator[None]:
    """One start or stop of a cloud at a time."""
    with open(place.host / "lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
