"""Options and messages that several subcommands share."""

import contextlib
import os
import pathlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from cli.cloud import paths


def state(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--state``, which names the cloud."""
    return click.option(
        "--state", "place", default=str(paths.DEFAULT_STATE),
        show_default=True, envvar="PILEUS_STATE", metavar="DIR",
        callback=lambda context, option, value: paths.of(value),
        help="Directory that holds all that the cloud owns.")(command)


def need_root() -> None:
    if os.geteuid() != 0:
        raise click.ClickException(
            "this needs root: call it again as root, such as with sudo or"
            " after su -")


def again(command: str, place: paths.Paths) -> str:
    """Return how to call a command of ours for the same cloud."""
    script = pathlib.Path(__file__).parent.parent / "pileus"
    here = os.path.relpath(script)
    shown = f"./{here}" if not here.startswith("..") else str(script)
    if place.state == paths.DEFAULT_STATE:
        return f"{shown} {command}"
    return f"{shown} {command} --state {place.state}"


class Progress:
    """Says on standard error what is going on, and how long it took."""

    def __init__(self) -> None:
        self.times: list[tuple[str, float]] = []
        self._live = sys.stderr.isatty()

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time a part; the value shows a text while it lasts."""
        begun = time.monotonic()

        def show(text: str) -> None:
            if self._live:
                click.echo(f"\r\x1b[K{name}: {text}", err=True, nl=False)

        show("...")
        try:
            yield show
        except BaseException:
            if self._live:
                click.echo(err=True)
            raise
        took = time.monotonic() - begun
        self.times.append((name, took))
        start = "\r\x1b[K" if self._live else ""
        click.echo(f"{start}{name}: {took:.1f} s", err=True)
