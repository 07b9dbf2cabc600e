"""What the volume agent needs root for."""

import grp
import os
import pwd

from common import privilege
from common.account import USER

#: Groups that hypervisors run their guests in.
_GROUPS = ("libvirt-qemu", "kvm", "qemu")
_MODE = 0o2710


@privilege.CONTEXT.entrypoint
def share_exports(directory: str, group: str) -> None:
    """Give the directory of the exports to the hypervisor's group.

    :raises ValueError: for any other directory or group, or one that is
        not our caller's
    """
    if group not in _GROUPS:
        raise ValueError(f"{group} is no group of a hypervisor")
    if not directory.endswith("/exports"):
        raise ValueError(f"{directory} is not for exports")
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(fd).st_uid != _caller():
            raise ValueError(f"{directory} is not {USER}'s")
        os.fchown(fd, -1, grp.getgrnam(group).gr_gid)
        os.fchmod(fd, _MODE)
    finally:
        os.close(fd)


def _caller() -> int | None:
    try:
        return pwd.getpwnam(USER).pw_uid
    except KeyError:
        return None
