"""The commands of ``pileus image``."""

import pathlib
import time

import click


@click.group()
def image() -> None:
    """Make guest images."""


@image.command()
@click.argument("name", type=click.Choice(["tiny"]))
@click.option("--output", type=click.Path(path_type=pathlib.Path),
              required=True, help="File to write, in qcow2 format.")
@click.option("--cache", type=click.Path(path_type=pathlib.Path),
              default=pathlib.Path("~/.cache/pileus/build").expanduser(),
              show_default=True, help="Where packages and images are kept.")
def build(name: str, output: pathlib.Path, cache: pathlib.Path) -> None:
    """Build the guest image NAME from Debian packages."""
    from imagestore.build import recipes
    started = time.monotonic()
    fresh = recipes.build(name, output, cache)
    size_mib = output.stat().st_size / (1 << 20)
    click.echo(f"{output}: {size_mib:.1f} MiB, "
               f"{'built' if fresh else 'taken from the cache'} in "
               f"{time.monotonic() - started:.1f} s")
