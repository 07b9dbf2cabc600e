"""The commands of ``pileus image``."""

import contextlib
import os
import pathlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

_CACHE = pathlib.Path("~/.cache/pileus/build").expanduser()


@click.group()
def image() -> None:
    """Make guest images, and bring images into a cloud."""


@image.command()
@click.argument("name", type=click.Choice(["tiny", "debian"]))
@click.option("--output", type=click.Path(path_type=pathlib.Path),
              required=True, help="File to write, in qcow2 format.")
@click.option("--template",
              type=click.Path(path_type=pathlib.Path, dir_okay=False),
              help="YAML file: packages and first-boot scripts (debian).")
@click.option("--cache", type=click.Path(path_type=pathlib.Path),
              default=_CACHE, show_default=True,
              help="Where packages and images are kept.")
def build(name: str, output: pathlib.Path, template: pathlib.Path | None,
          cache: pathlib.Path) -> None:
    """Build the guest image NAME from Debian packages.

    "tiny" is for tests, and boots in seconds. "debian" is a server's Debian
    with cloud-init and OpenSSH; it needs root, and debootstrap.

    ``pileus image import FILE`` brings it into a cloud.
    """
    from imagestore.build import packages, recipes
    from imagestore.build.template import TemplateError, load
    if template and name != "debian":
        raise click.UsageError(f"--template: {name} takes none")
    started = time.monotonic()
    fresh = True
    try:
        if name == "debian":
            recipes.build_debian(load(template), output, cache, click.echo)
        else:
            fresh = recipes.build(name, output, cache)
    except (TemplateError, packages.PackageError) as error:
        raise click.ClickException(str(error)) from None
    size_mib = output.stat().st_size / (1 << 20)
    click.echo(f"{output}: {size_mib:.1f} MiB, "
               f"{'built' if fresh else 'taken from the cache'} in "
               f"{time.monotonic() - started:.1f} s")


def _digest(length: int) -> Any:
    def check(ctx: click.Context, option: click.Parameter,
              value: str | None) -> str | None:
        if value and not re.fullmatch(f"[0-9a-fA-F]{{{length}}}", value):
            raise click.BadParameter(f"{length} hexadecimal digits are due")
        return value
    return check


def _properties(ctx: click.Context, option: click.Parameter,
                values: tuple[str, ...]) -> dict[str, str]:
    if bad := [each for each in values if "=" not in each]:
        raise click.BadParameter(f"{bad[0]}: NAME=VALUE is due")
    return dict(each.split("=", 1) for each in values)


@image.command("import")
@click.argument("url")
@click.option("--name", help="By default, the last part of the URL.")
@click.option("--disk-format", metavar="FORMAT",
              help="By default, what the data look like.")
@click.option("--sha256", callback=_digest(64), metavar="DIGEST",
              help="What the data must have.")
@click.option("--sha512", callback=_digest(128), metavar="DIGEST",
              help="What the data must have.")
@click.option("--visibility", type=click.Choice(
    ["public", "community", "shared", "private"]))
@click.option("--min-disk", type=click.IntRange(0), metavar="GIB")
@click.option("--min-ram", type=click.IntRange(0), metavar="MIB")
@click.option("--property", "properties", multiple=True,
              callback=_properties, metavar="NAME=VALUE",
              help="May be repeated.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def import_(url: str, name: str | None, disk_format: str | None,
            sha256: str | None, sha512: str | None,
            properties: dict[str, str], quiet: bool,
            **members: Any) -> None:
    """Import an image from URL, which may also be a file's path.

    The data are read here and sent to the image service of the cloud that
    the OS_ variables name, so that URL needs to be reachable from here
    only. An image whose data are cut short, or have another digest than
    the one given, is not made.
    """
    from imagestore import importing
    digests = {"sha256": sha256, "sha512": sha512}
    wanted = importing.Wanted(
        name, disk_format,
        {each: value for each, value in digests.items() if value},
        properties | {each: value for each, value in members.items()
                      if value is not None})
    try:
        api = importing.connect(os.environ)
        source = importing.open_source(url)
        with _bar(source.size, quiet) as advance:
            made = importing.run(api, source, wanted, advance)
    except importing.ImportFailed as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{made['id']}: {made['name']}, {made['disk_format']}, "
               f"{made['size'] / (1 << 20):.1f} MiB, {made['status']}")


@contextlib.contextmanager
def _bar(size: int | None, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show how far it is; yield what is told of each part."""
    from rich import console, progress
    columns = (progress.BarColumn(), progress.TaskProgressColumn(),
               progress.DownloadColumn(binary_units=True),
               progress.TransferSpeedColumn(),
               progress.TimeRemainingColumn())
    with progress.Progress(*columns, console=console.Console(stderr=True),
                           disable=quiet) as bar:
        task = bar.add_task("", total=size)
        yield lambda count: bar.advance(task, count)
