"""The command itself."""

import pathlib
import subprocess
import sys

import pytest
from click.testing import CliRunner

from cli import main

ROOT = pathlib.Path(main.__file__).parent.parent


def test_every_command_loads_and_has_help():
    runner = CliRunner()
    for name in main._COMMANDS:
        done = runner.invoke(main.main, [name, "--help"])
        assert done.exit_code == 0, (name, done.output)


def test_help_imports_nothing_heavy():
    code = ("import sys; from cli.main import main\n"
            "try: main(['--help'])\n"
            "except SystemExit: pass\n"
            "print(sorted({'eventlet', 'oslo_config', 'yaml', 'sqlalchemy',"
            " 'rich', 'keystoneauth1'} & set(sys.modules)))")
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True,
        text=True, check=True).stdout
    assert said.rstrip().endswith("[]")


@pytest.mark.parametrize("script", ["pileus", ".ci/run"])
def test_scripts_are_plain_shell(script):
    subprocess.run(["sh", "-n", ROOT / script], check=True)


def test_unknown_daemon_is_named_with_those_there_are(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "service", "nonesuch",
         "--config", tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "identity-api" in done.stderr
