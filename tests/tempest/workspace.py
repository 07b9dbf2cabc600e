"""A folder from which Tempest runs, with its configuration."""

import configparser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from tests.tempest.clouds import Access

_HERE = pathlib.Path(__file__).parent
_TIERS = _HERE / "tiers"
_REPORT = _HERE.parent.parent / ".tox/report/tempest.xml"
#: More emulated guests at a time than cores make each of them late.
_WORKERS = 2
#: Where the cloud has nothing to name yet.
_NOTHING = "none"
_NOWHERE = "http://127.0.0.1:9/"


def tiers() -> list[str]:
    """Return the names of the lists of tests."""
    return sorted(path.stem for path in _TIERS.glob("*.txt"))


class Workspace:
    """Runs tests against the cloud behind ``access``.

    :param values: of placeholders of the template
    :param settings: ``GROUP.OPTION=VALUE``, other than the template's
    """

    def __init__(self, folder: pathlib.Path, access: Access,
                 values: dict[str, str], settings: list[str]) -> None:
        self._folder = folder
        for path in (folder, folder / "logs", folder / "lock"):
            path.mkdir()
        self._conf = folder / "tempest.conf"
        self._conf.write_text(_filled(_values(folder, access) | values))
        self._conf.chmod(0o600)
        _change(self._conf, settings)
        packages = next(pathlib.Path(_tool("tempest")).parent.parent.glob(
            "lib/python3*/site-packages"))
        (folder / ".stestr.conf").write_text(
            "[DEFAULT]\n"
            f"test_path = {packages}/tempest/test_discover\n"
            f"top_dir = {packages}\n"
            r"group_regex = ([^\.]*\.)*" "\n")

    def run(self, tier: str, extra: list[str]) -> int:
        """Run a tier; return 0 if no test failed or was skipped."""
        chosen = [] if extra else [
            "--include-list", str(_TIERS / f"{tier}.txt")]
        done = subprocess.run(
            [_tool("tempest"), "run", "--config-file", str(self._conf),
             "--concurrency", str(_WORKERS), *chosen, *extra],
            cwd=self._folder, env=self._environ(), check=False)
        return self._report() or done.returncode

    def _environ(self) -> dict[str, str]:
        # Else Tempest keeps a list of its workspaces in the home folder.
        return os.environ | {"HOME": str(self._folder)}

    def _report(self) -> int:
        """Write the results as JUnit's XML, and judge the skips."""
        _REPORT.parent.mkdir(parents=True, exist_ok=True)
        results = self._folder / "results"
        with results.open("wb") as stream:
            done = subprocess.run(
                [_tool("stestr"), "last", "--subunit"], cwd=self._folder,
                stdout=stream, check=False)
        if done.returncode:
            return 1  # no test was run at all
        with results.open("rb") as stream:
            # It fails where a test did.
            subprocess.run([_tool("subunit2junitxml"), "-o", str(_REPORT)],
                           stdin=stream, check=False)
        skipped = unexpected_skips(_REPORT)
        for line in skipped:
            print(f"skipped: {line}")
        return 1 if skipped else 0


def unexpected_skips(report: pathlib.Path) -> list[str]:
    """Return the tests that were left out without our saying so."""
    expected = [re.compile(line) for line in
                (_HERE / "skips.txt").read_text().splitlines()
                if line and not line.startswith("#")]
    found = [
        f"{case.get('classname')}.{case.get('name')}: {reason}"
        for case in ElementTree.parse(report).iter("testcase")  # noqa: S314
        if (reason := case.findtext("skipped")) is not None]
    return [line for line in found
            if not any(pattern.search(line) for pattern in expected)]


def _values(folder: pathlib.Path, access: Access) -> dict[str, str]:
    return {
        "AUTH_URL": access.auth_url, "REGION": access.region,
        "ADMIN_PASSWORD": access.password, "WORK_DIR": str(folder),
        "CA_FILE_LINE": "", "CERTIFIED_IMAGE_LINES": "",
        "IMAGES_MANIFEST_LINE": "", "KEY_MANAGER": "false",
        "HORIZON": "false", "DASHBOARD_URL": _NOWHERE,
        "BACKUP_DRIVER": "swift", "VOLUME_TYPE": "__DEFAULT__",
    }


def _filled(values: dict[str, str]) -> str:
    text = (_HERE / "tempest.conf.in").read_text()
    return re.sub(r"@([A-Z0-9_]+)@",
                  lambda found: values.get(found[1], _NOTHING), text)


def _change(path: pathlib.Path, settings: list[str]) -> None:
    conf = configparser.RawConfigParser()
    conf.read(path)
    for setting in settings:
        name, _, value = setting.partition("=")
        group, _, option = name.partition(".")
        conf.set(group, option, value)
    with path.open("w") as stream:
        conf.write(stream)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is missing: use tox -e tempest")
    return found
