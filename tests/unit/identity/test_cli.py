"""The commands of ``pileus identity``."""

import os

from click.testing import CliRunner

from identity import cli


def test_rotate_keys(tmp_path):
    conf = tmp_path / "pileus.conf"
    conf.write_text(f"[DEFAULT]\nstate_dir = {tmp_path}\n")
    for _ in range(3):
        done = CliRunner().invoke(
            cli.identity, ["rotate-keys", "--config", str(conf)])
        assert done.exit_code == 0, done.output
    keys = os.listdir(tmp_path / "identity" / "keys")
    assert sorted(keys, key=int) == ["0", "3", "4"]
