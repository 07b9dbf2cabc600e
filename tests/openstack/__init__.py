"""The command-line client that users have, run quickly many times."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any


class Shell:
    """A process that has loaded the client, and forks for each command."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).parent / "server.py")],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, words: tuple[str, ...], environment: dict[str, str],
            directory: str) -> tuple[int, str, str]:
        """Run a command; return its exit code and what it printed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        stdin.write(json.dumps({
            "words": words, "environment": environment,
            "directory": directory}) + "\n")
        stdin.flush()
        code, out, err = json.loads(stdout.readline())
        return code, out, err

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)


class OpenStack:
    """Runs ``openstack`` with one set of credentials.

    :param environment: ``OS_AUTH_URL`` and the like
    :param directory: where commands find and put files
    """

    def __init__(self, shell: Shell, environment: dict[str, str],
                 directory: pathlib.Path | str = "/") -> None:
        self._shell = shell
        self._environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent"} | environment
        self._directory = str(directory)

    def as_user(self, **credentials: str) -> "OpenStack":
        """Return the command of somebody else."""
        known = {name: value for name, value in self._environment.items()
                 if name not in ("OS_PROJECT_NAME", "OS_PROJECT_ID")}
        return OpenStack(self._shell, known | environment(**credentials),
                         self._directory)

    def __call__(self, *words: str) -> Any:
        """Run a command that prints a table; return its rows."""
        return json.loads(self.text(*words, "-f", "json"))

    def text(self, *words: str) -> str:
        """Run a command; return what it prints."""
        code, out, err = self.run(*words)
        assert code == 0, (words, out, err)
        return out

    def fails(self, *words: str) -> str:
        """Run a command that must fail; return what it complains of."""
        code, out, err = self.run(*words)
        assert code != 0, (words, out)
        return err

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command; return its exit code and what it printed."""
        return self._shell.run(words, self._environment, self._directory)


def environment(**credentials: str) -> dict[str, str]:
    """Return the variables of ``auth_url=``, ``username=`` and the like."""
    return {
        "OS_IDENTITY_API_VERSION": "3", "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
    } | {f"OS_{name.upper()}": value for name, value in credentials.items()}
