"""What the privileged helper refuses the volume agent."""

import grp

import pytest

from blockstore import privileged


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Run it in this process, for some group that there is."""
    monkeypatch.setattr(privileged.privilege.CONTEXT, "client_mode", False)
    monkeypatch.setattr(privileged, "_GROUPS", (grp.getgrall()[0].gr_name,))
    return privileged._GROUPS[0]


def test_only_the_callers_own_directory_is_shared(tmp_path, here):
    folder = tmp_path / "exports"
    folder.mkdir(mode=0o700)
    with pytest.raises(ValueError, match="is not pileus's"):
        privileged.share_exports(str(folder), here)
    assert folder.stat().st_mode & 0o7777 == 0o700


@pytest.mark.parametrize("path, group", [
    ("/etc", None), ("/tmp/exports/..", None), ("/tmp/exports", "shadow")])
def test_no_other_directory_or_group(path, group, here):
    with pytest.raises(ValueError, match="not for exports|no group"):
        privileged.share_exports(path, group or here)


def test_no_link(tmp_path, here):
    (tmp_path / "exports").symlink_to(tmp_path)
    with pytest.raises(OSError):
        privileged.share_exports(str(tmp_path / "exports"), here)
