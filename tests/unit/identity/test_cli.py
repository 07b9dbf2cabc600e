"""The commands of ``pileus identity``."""

import os
import pathlib

import pytest
from click.testing import CliRunner

from identity import cli, tokens
from tests.unit.identity.conftest import Caller


def rotate(conf):
    """Rotate the keys as an operator does."""
    path = pathlib.Path(conf.state_dir, "pileus.conf")
    path.write_text(f"[DEFAULT]\nstate_dir = {conf.state_dir}\n")
    done = CliRunner().invoke(
        cli.identity, ["rotate-keys", "--config", str(path)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", ["keys", "receipt-keys"])
def test_keys_that_stay(identity, name):
    folder = pathlib.Path(identity.conf.state_dir, "identity", name)
    staged = (folder / "0").read_bytes()
    rotate(identity.conf)
    assert (folder / "2").read_bytes() == staged
    assert (folder / "0").read_bytes() != staged
    for _ in range(2):
        rotate(identity.conf)
    assert sorted(os.listdir(folder)) == ["0", "3", "4"]


def test_tokens_live_through_rotations(identity):
    """Those of the key before last are opened, by a daemon that runs on."""
    before = identity.admin()
    newer = []
    for _ in range(2):
        assert before("GET", "/v3/auth/projects").status_code == 200
        rotate(identity.conf)
        newer.append(identity.admin())
    assert before("GET", "/v3/auth/projects").status_code == 401
    assert newer[0]("GET", "/v3/auth/projects").status_code == 200


def test_a_host_that_has_the_keys_later(identity, tmp_path):
    """Copied meanwhile, or not yet: both open what the other seals."""
    rotate(identity.conf)
    own = tokens.KeyRepository(identity.conf.identity.key_repository)
    lagging = tokens.KeyRepository(str(tmp_path / "lagging"))
    os.makedirs(tmp_path / "lagging", mode=0o700)
    for name in os.listdir(identity.conf.identity.key_repository):
        (tmp_path / "lagging" / name).write_bytes(pathlib.Path(
            identity.conf.identity.key_repository, name).read_bytes())
    rotate(identity.conf)
    text = identity.admin().token
    assert tokens.Codec(lagging).unpack(text)
    sealed = tokens.seal(lagging, ["x" * 64])
    assert tokens.unseal(own, sealed)
    assert Caller(identity.wsgi, text)(
        "GET", "/v3/auth/projects").status_code == 200
