"""pileus test."""

import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import click

_ROOT = pathlib.Path(__file__).parent.parent.parent
_ENVIRONMENTS = ("lint", "docs", "py311", "functional", "dataplane",
                 "cluster")


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
    tox = pathlib.Path(sys.executable).with_name("tox")
    done = subprocess.run(
        [tox, "run", "--quiet", "-e", ",".join(chosen or _ENVIRONMENTS),
         *(["--", *others] if others else [])],
        cwd=_ROOT, check=False,
        env=os.environ | {"TOX_PARALLEL_NO_SPINNER": "1"}
        | ({"PILEUS_TESTS": " ".join(named)} if named else {}))
    passed, failed = _count(_ROOT / ".tox" / "report", begun)
    click.echo(f"{passed} passed, {failed} failed")
    raise SystemExit(done.returncode)


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
