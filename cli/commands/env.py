"""pileus env."""

import click

from cli import options
from cli.cloud import client, paths


@click.command(short_help="Print the administrator's credentials.")
@options.state
def env(place: paths.Paths) -> None:
    """Print what to source to use the cloud: source <(pileus env)."""
    try:
        lines = client.shell_lines(place)
    except FileNotFoundError as error:
        raise click.ClickException(
            f"there is no cloud in {place.state};"
            f" start one with {options.again('up', place)}") from error
    except PermissionError as error:
        options.need_root()
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(lines))
