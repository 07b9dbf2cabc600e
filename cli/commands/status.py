"""pileus status."""

import pathlib

import click

from cli import node as nodes
from cli import options
from cli.cloud import health, paths, process


@click.command(short_help="Show what runs, and what is not ready and why.")
@options.state
def status(place: paths.Paths) -> None:
    """Show daemons and nodes; the exit status tells if all are ready."""
    options.need_root()
    if not place.host.exists():
        click.echo(f"There is no cloud in {place.state};"
                   f" {options.again('up', place)} starts one.")
        raise SystemExit(3)
    ready = _show_daemons(place)
    for name in nodes.names(place.state):
        ready &= _show_node(place, name)
    if not ready:
        click.echo(f"What to do: {options.again('doctor', place)}")
    raise SystemExit(0 if ready else 3)


def _show_daemons(place: paths.Paths) -> bool:
    pid = process.find(place)
    if pid is None:
        click.echo("Control plane: not running")
        return False
    try:
        reasons = health.reasons(place)
    except (OSError, KeyError) as error:
        click.echo(f"Control plane: process {pid} does not answer: {error}")
        return False
    click.echo(f"Control plane: process {pid}, {_memory_mib(pid):.0f} MiB")
    for name in health.daemons():
        mine = [f"{check.split(': ', 1)[1]}: {reason}"
                for check, reason in reasons.items()
                if check.startswith(f"{name}: ")]
        click.echo(f"  {name:20} {'; '.join(mine) or 'ready'}")
    return not reasons


def _show_node(place: paths.Paths, name: str) -> bool:
    found = nodes.status(place.state, name)
    if found.pid is None:
        click.echo(f"Node {name}: not running")
        return False
    facts = found.place.facts
    mib = sum(_memory_mib(pid) for pid in found.pids)
    click.echo(f"Node {name}: {mib:.0f} MiB, public subnet"
               f" {facts.public_cidr}, {found.guests} servers running")
    for part, alive in found.parts.items():
        click.echo(f"  {part:20} {'ready' if alive else 'down'}")
    return found.ready


def _memory_mib(pid: int) -> float:
    """Return the process's share of memory, 0 when it has gone."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines.splitlines()
               if line.startswith("Pss:")) / 1024
