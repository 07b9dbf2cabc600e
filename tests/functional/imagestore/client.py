"""The command that users have, against a cloud under test."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

from tests.functional.cloud import Cloud

_OPENSTACK = pathlib.Path(sys.executable).parent / "openstack"


class OpenStack:
    """Runs ``openstack`` as the admin of a cloud."""

    def __init__(self, cloud: Cloud, directory: pathlib.Path) -> None:
        self._directory = directory
        self._environment = {
            "PATH": os.environ["PATH"], "HOME": str(directory),
        } | cloud.environment()

    def text(self, *words: str) -> str:
        """Run a command; return what it prints."""
        done = self._run(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def fails(self, *words: str) -> str:
        """Run a command that must fail; return what it complains of."""
        done = self._run(*words)
        assert done.returncode != 0, (words, done.stdout)
        return done.stderr

    def __call__(self, *words: str) -> Any:
        """Run a command that prints a table; return its rows."""
        return json.loads(self.text(*words, "-f", "json"))

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(_OPENSTACK), *words], capture_output=True, text=True,
            timeout=60, env=self._environment, cwd=self._directory)
