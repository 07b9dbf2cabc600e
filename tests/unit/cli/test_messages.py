"""What commands say when they cannot do what they should."""

import os
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from cli import main
from cli.cloud import paths, reasons
from common import server
from tests.unit.cli.test_main import ROOT


def run(*words):
    return CliRunner().invoke(main.main, [*map(str, words)])


@pytest.fixture
def as_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.parametrize("words", [
    ("up",), ("down",), ("status",), ("demo",), ("doctor",),
    ("node", "start"), ("node", "stop"), ("node", "status")])
def test_who_is_not_root_is_told_what_to_do(words, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    done = run(*words, "--state", tmp_path / "state")

    assert done.exit_code == 1
    assert "sudo" in done.output
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command, code", [
    ("status", 3), ("env", 1), ("down", 0)])
def test_no_cloud(command, code, as_root, tmp_path):
    done = run(command, "--state", tmp_path / "none")

    assert done.exit_code == code
    assert "here is no cloud in" in done.output
    assert command == "down" or "pileus up --state" in done.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["../node1", "", "Node", "n" * 60])
def test_bad_name_of_a_node(name, as_root, tmp_path):
    done = run("node", "start", "--state", tmp_path, "--name", name)

    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


def test_one_place_has_one_name(tmp_path):
    assert paths.of(tmp_path / "a" / ".." / "b/") == paths.of(tmp_path / "b")


@pytest.mark.parametrize("words", [
    ("service", "identity-api"), ("db", "check"), ("db", "upgrade")])
def test_configuration_that_is_not_understood(words, tmp_path):
    file = tmp_path / "x.conf"
    file.write_text("[identity\n")

    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *words, "--config", file],
        cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 1
    assert f"{file}:1" in done.stderr and "Traceback" not in done.stderr


def test_database_that_is_not_there(tmp_path):
    file = tmp_path / "x.conf"
    file.write_text("[identity]\ndatabase = postgresql+psycopg://"
                    "u:hidden-word@127.0.0.1:1/x\n")

    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "db", "check", "--config", file],
        cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 1
    assert "a database does not serve" in done.stderr
    assert "hidden-word" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_taken_port_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(reasons.Failed, match=f"{port}: .*in use"):
            with reasons.explained():
                server.Server(None, "127.0.0.1", port, conf=None)
