"""Let the hypervisor's processes through to the export sockets."""

import grp
import logging
import os

LOG = logging.getLogger(__name__)

#: Pass through, not list; new sockets inherit the group.
MODE = 0o2710


def share(directory: str, group: str | None) -> None:
    """Give ``directory`` to ``group``, so that its members may connect.

    The owner of a directory may do so for groups that it is a member of,
    else the privileged helper does. Without such a group the directory
    stays closed.
    """
    gid = _gid(group)
    found = os.stat(directory)
    if gid is None:
        os.chmod(directory, 0o700)
        return
    if found.st_gid == gid and found.st_mode & 0o7777 == MODE:
        return
    try:
        os.chown(directory, -1, gid)
        os.chmod(directory, MODE)
    except PermissionError:
        from blockstore import privileged
        privileged.share_exports(directory, str(group))


def _gid(group: str | None) -> int | None:
    if not group:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        LOG.warning("There is no group %s: only root and the daemon's own "
                    "user can connect to volumes", group)
        return None
