"""pileus node: start and stop one node without a control plane."""

import pathlib
from collections.abc import Callable
from typing import TypeVar

import click

from cli import node as nodes
from cli import options
from cli.cloud import paths

T = TypeVar("T")

_name = click.option("--name", default="node1", show_default=True,
                     help="Name of the node.")


@click.group(short_help="Start and stop a node alone.")
def node() -> None:
    """Start and stop one node: hypervisor, switch, OVN."""


@node.command()
@options.state
@_name
@click.option("--join", metavar="DIR",
              type=click.Path(path_type=pathlib.Path, exists=True),
              help="State directory of the first node, to be another one.")
def start(place: paths.Paths, name: str,
          join: pathlib.Path | None) -> None:
    """Start the node, or what is missing of it."""
    _checked(nodes.start, place.state, name, join)


@node.command()
@options.state
@_name
def stop(place: paths.Paths, name: str) -> None:
    """End the node and everything in it; keep its files."""
    _checked(nodes.stop, place.state, name)


@node.command()
@options.state
@_name
def status(place: paths.Paths, name: str) -> None:
    """Show what runs; the exit status tells if all does."""
    found = _checked(nodes.status, place.state, name)
    click.echo(f"{name}\t{found.pid or 'not running'}")
    for part, alive in found.parts.items():
        click.echo(f"  {part}\t{'up' if alive else 'down'}")
    if not found.ready:
        click.echo(f"{options.again('node start', place)} --name {name}"
                   " starts what is missing.")
    raise SystemExit(0 if found.ready else 3)


def _checked(action: Callable[..., T], *arguments: object) -> T:
    options.need_root()
    try:
        return action(*arguments)
    except (nodes.Failed, ValueError) as error:
        raise click.ClickException(str(error)) from error
