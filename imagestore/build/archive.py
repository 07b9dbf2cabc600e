"""Initial RAM disks: cpio archives in the form that Linux reads."""

import os
import pathlib
import stat


def _entry(inode: int, name: str, mode: int, data: bytes) -> bytes:
    """Return one member in the "newc" form."""
    encoded = name.encode() + b"\0"
    head = b"070701" + b"".join(b"%08X" % field for field in (
        inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0))
    member = head + encoded
    member += b"\0" * (-len(member) % 4) + data
    return member + b"\0" * (-len(member) % 4)


def cpio(root: pathlib.Path) -> bytes:
    """Return an archive of all below ``root``, owned by uid 0."""
    members = []
    for number, path in enumerate(sorted(root.rglob("*")), 1):
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            data = os.readlink(path).encode()
        else:
            data = path.read_bytes() if path.is_file() else b""
        members.append(_entry(
            number, str(path.relative_to(root)), info.st_mode, data))
    members.append(_entry(0, "TRAILER!!!", 0, b""))
    return b"".join(members)
