"""pileus test."""

import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection
from concurrent import futures

import click

_ROOT = pathlib.Path(__file__).parent.parent.parent
#: Two run at any time, in this order: the longest first.
_ENVIRONMENTS = ("cluster", "dataplane", "py311", "functional", "lint",
                 "docs")
_AT_ONCE = 2


@click.command(short_help="Run the project's tests.")
@click.option("-e", "--env", "chosen", multiple=True,
              type=click.Choice(_ENVIRONMENTS),
              help="Run these only; may be repeated.")
@click.argument("arguments", nargs=-1)
def test(chosen: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    """Run lint and all tests; ARGUMENTS after -- go to pytest.

    They may name tests: ./pileus test -e py311 -- tests/unit/cli -x
    """
    if not os.access(_ROOT, os.W_OK):
        raise click.ClickException(
            f"the tests write their reports to {_ROOT}, which is not yours:"
            " call it again as its owner or as root")
    begun = time.time()
    # Tests that are named run in place of all of their environment.
    named = [each for each in arguments
             if each.startswith("tests/")]
    others = [each for each in arguments if each not in named]
    options = ["--", *others] if others else []
    environ = os.environ | (
        {"PILEUS_TESTS": " ".join(named)} if named else {})
    codes = _run_all(chosen or _ENVIRONMENTS, options, environ)
    passed, failed = _count(_ROOT / ".tox" / "report", begun)
    click.echo(f"{passed} passed, {failed} failed")
    raise SystemExit(max(codes))


def _run_all(chosen: Collection[str], options: list[str],
             environ: dict[str, str]) -> list[int]:
    """Run environments; each starts as soon as another ends."""
    with futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(
            lambda name: _run(name, options, environ),
            [name for name in _ENVIRONMENTS if name in chosen]))


def _run(name: str, options: list[str], environ: dict[str, str]) -> int:
    """Run one environment; print each line that it says behind its name."""
    begun = time.monotonic()
    tox = pathlib.Path(sys.executable).with_name("tox")
    with subprocess.Popen(
            [tox, "run", "--quiet", "-e", name, *options],
            cwd=_ROOT, env=environ, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout or ():
            click.echo(f"{name:10} | {line}", nl=False)
    took = time.monotonic() - begun
    click.echo(f"{name:10} | {'failed' if process.returncode else 'ended'}"
               f" after {took // 60:.0f}:{took % 60:02.0f}")
    return process.returncode


def _count(folder: pathlib.Path, begun: float) -> tuple[int, int]:
    """Add up the reports that this run wrote."""
    passed = failed = 0
    for file in folder.glob("*.xml"):
        if file.stat().st_mtime < begun:
            continue
        for suite in ElementTree.parse(file).iter("testsuite"):  # noqa: S314
            counts = {name: int(suite.get(name, 0)) for name
                      in ("tests", "failures", "errors", "skipped")}
            bad = counts["failures"] + counts["errors"]
            failed += bad
            passed += counts["tests"] - bad - counts["skipped"]
    return passed, failed
