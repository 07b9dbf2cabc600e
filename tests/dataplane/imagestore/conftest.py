"""The tiny image, built once for all tests."""

import subprocess
import sys

import pytest

from tests.dataplane.imagestore import guest as guests


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "tiny.qcow2"
    subprocess.run(
        [sys.executable, "-m", "imagestore.build", "tiny", "--output",
         str(path), "--cache", str(guests.cache_folder())],
        check=True, timeout=300)
    return path


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "id"
    guests.run("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path)
    return path


@pytest.fixture
def public_key(key):
    return key.with_suffix(".pub").read_text()


@pytest.fixture
def guest(tmp_path, image, key):
    made = guests.Guest(tmp_path, image, key)
    yield made
    made.kill()
