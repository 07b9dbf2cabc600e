"""pileus node: start and stop one node without a control plane."""

import pathlib
from collections.abc import Callable
from typing import TypeVar

import click

from cli import node as nodes

_state = click.option(
    "--state", default="/var/lib/pileus", show_default=True,
    type=click.Path(path_type=pathlib.Path),
    help="Directory that holds all the cloud owns.")
T = TypeVar("T")

_name = click.option("--name", default="node1", show_default=True,
                     help="Name of the node.")


@click.group(short_help="Start and stop a node alone.")
def node() -> None:
    """Start and stop one node: hypervisor, switch, OVN."""


@node.command()
@_state
@_name
@click.option("--join", type=click.Path(path_type=pathlib.Path),
              help="State directory of the first node, to be another one.")
def start(state: pathlib.Path, name: str,
          join: pathlib.Path | None) -> None:
    """Start the node, or what is missing of it."""
    _checked(nodes.start, state, name, join)


@node.command()
@_state
@_name
def stop(state: pathlib.Path, name: str) -> None:
    """End the node and everything in it; keep its files."""
    _checked(nodes.stop, state, name)


@node.command()
@_state
@_name
def status(state: pathlib.Path, name: str) -> None:
    """Show what runs; the exit status tells if all does."""
    found = _checked(nodes.status, state, name)
    click.echo(f"{name}\t{found.pid or 'not running'}")
    for part, alive in found.parts.items():
        click.echo(f"  {part}\t{'up' if alive else 'down'}")
    raise SystemExit(0 if found.ready else 3)


def _checked(action: Callable[..., T], *arguments: object) -> T:
    try:
        return action(*arguments)
    except (nodes.Failed, ValueError) as error:
        raise click.ClickException(str(error)) from error
