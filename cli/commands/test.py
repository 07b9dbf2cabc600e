"""pileus test."""

import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent import futures

import click

_ROOT = pathlib.Path(__file__).parent.parent.parent
#: What runs side by side: whole clouds, which wait, beside what computes.
_LANES = {
    "cloud": ("dataplane", "cluster"),
    "code": ("lint", "docs", "py311", "functional"),
}
_ENVIRONMENTS = tuple(name for lane in _LANES.values() for name in lane)


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


def _run_all(chosen: Sequence[str], options: list[str],
             environ: dict[str, str]) -> list[int]:
    """Run environments one after the other, the lanes side by side."""
    lanes = [(label, [name for name in lane if name in chosen])
             for label, lane in _LANES.items()]
    with futures.ThreadPoolExecutor(len(lanes)) as pool:
        running = [pool.submit(_run, label, lane, options, environ)
                   for label, lane in lanes if lane]
    return [each.result() for each in running]


def _run(label: str, lane: list[str], options: list[str],
         environ: dict[str, str]) -> int:
    """Run environments; print each line that they say behind a label."""
    tox = pathlib.Path(sys.executable).with_name("tox")
    with subprocess.Popen(
            [tox, "run", "--quiet", "-e", ",".join(lane), *options],
            cwd=_ROOT, env=environ, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout or ():
            click.echo(f"{label:5} | {line}", nl=False)
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
