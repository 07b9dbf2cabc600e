"""What compute needs root for; runs in the privileged helper.

Imports nothing green. Each argument is checked again here, since the
process that sends it is not trusted.
"""

import os
import stat
import uuid

from common import privilege

MAX_BYTES = 4 << 20
_LOG, _ROOT_DISK = "console.log", "disk.qcow2"
#: Where libvirt logs what each hypervisor process says, by domain.
_HYPERVISOR_LOGS = "/var/log/libvirt/qemu"


@privilege.CONTEXT.entrypoint
def console_tail(instances_dir: str, server_id: str,
                 max_bytes: int) -> bytes:
    """Return the end of a server's console log, which root writes.

    Nothing where there is no log. Reads only below the instances directory
    of the node that the helper is in, and follows no link.

    :raises ValueError: if an argument is not what it should be
    """
    server_id = str(uuid.UUID(server_id))
    max_bytes = min(max(int(max_bytes), 0), MAX_BYTES)
    try:
        return _tail(instances_dir, server_id, max_bytes)
    except FileNotFoundError:
        return b""


@privilege.CONTEXT.entrypoint
def take_disk(instances_dir: str, server_id: str) -> None:
    """Give a server's root disk, left to root, to the directory's owner.

    The hypervisor makes it its own again when the server is started.

    :raises ValueError: if an argument is not what it should be
    """
    folder = _open_instances(instances_dir)
    try:
        server = os.open(str(uuid.UUID(server_id)), _FOLDER, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        owner = os.fstat(server)
        disk = os.open(_ROOT_DISK, os.O_RDONLY | os.O_NOFOLLOW
                       | os.O_NONBLOCK, dir_fd=server)
    finally:
        os.close(server)
    try:
        found = os.fstat(disk)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise ValueError("the root disk is not a file of its own")
        os.fchown(disk, owner.st_uid, owner.st_gid)
    finally:
        os.close(disk)


@privilege.CONTEXT.entrypoint
def remove_hypervisor_logs(server_id: str) -> None:
    """Remove what libvirt logged of a server's domain, older parts too.

    :raises ValueError: if the id is not one
    """
    name = f"instance-{uuid.UUID(server_id)}.log"
    try:
        folder = os.open(_HYPERVISOR_LOGS, _FOLDER)
    except FileNotFoundError:
        return
    try:
        for entry in os.listdir(folder):
            if entry == name or entry.startswith(f"{name}."):
                os.unlink(entry, dir_fd=folder)
    finally:
        os.close(folder)


def _tail(instances_dir: str, server_id: str, max_bytes: int) -> bytes:
    folder = _open_instances(instances_dir)
    try:
        server = os.open(server_id, _FOLDER, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        log = os.open(_LOG, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK,
                      dir_fd=server)
    finally:
        os.close(server)
    with os.fdopen(log, "rb") as source:
        found = os.fstat(source.fileno())
        # A link of another name to some other file has a count of two.
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise ValueError("the console log is not a file of its own")
        source.seek(max(found.st_size - max_bytes, 0))
        return source.read(max_bytes)


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def _open_instances(path: str) -> int:
    """Open the node's ``instances``: its sibling ``run`` is our /run."""
    if os.path.basename(path) != "instances":
        raise ValueError("not an instances directory")
    home = os.open(os.path.dirname(os.path.abspath(path)), _FOLDER)
    try:
        run = os.stat("run", dir_fd=home, follow_symlinks=False)
        if not os.path.samestat(run, os.stat("/run")):
            raise ValueError("the instances directory of another node")
        return os.open("instances", _FOLDER, dir_fd=home)
    finally:
        os.close(home)
