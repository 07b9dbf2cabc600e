"""Where a cloud may keep what it owns."""

import pytest

from cli.node import layout


def test_closed_folder_above_is_named(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    tmp_path.chmod(0o755)
    with pytest.raises(ValueError, match="others may not pass"):
        layout.check_reach(closed / "state")
