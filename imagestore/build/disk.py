"""Bootable disks, put together from files alone: no loop, no mount.

The kernel and the initial RAM disk lie as plain runs of sectors between the
boot loader and the root partition, and are not compressed in the qcow2 file.
GRUB reads such a run with large requests to the BIOS, which is several times
faster under emulation than block by block through a file system.
"""

import os
import pathlib
import struct
import subprocess
from collections.abc import Iterable

from common import qemu_img

SECTOR = 512
MIB = 1 << 20

#: GRUB's own image must end before this.
_KERNEL_AT = MIB // SECTOR

_GRUB = pathlib.Path("/usr/lib/grub/i386-pc")
_GRUB_MODULES = ("biosdisk", "linux")
#: For one that reads its configuration from the root file system.
_GRUB_FULL = ("biosdisk", "part_msdos", "ext2", "search", "search_label",
              "normal", "configfile", "linux", "serial", "terminal", "test",
              "echo", "ls")


def _run(*argv: str, stdin: str | None = None) -> None:
    """Run a program; what it complained about is part of the error."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True,
                          timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"{argv[0]}: {done.stderr.strip()[-500:]}")


def _sectors(size: int) -> int:
    return -(-size // SECTOR)


def _grub(config: str, work: pathlib.Path,
          modules: Iterable[str] = _GRUB_MODULES) -> bytes:
    """Return a boot loader that runs ``config``.

    :raises RuntimeError: if it does not fit before the first partition
    """
    source, image = work / "grub.cfg", work / "core.img"
    source.write_text(config)
    _run("grub-mkimage", "-O", "i386-pc", "-d", str(_GRUB), "-p", "/",
         "-c", str(source), "-o", str(image), *modules)
    core = image.read_bytes()
    if _sectors(len(core)) >= _KERNEL_AT:
        raise RuntimeError("the boot loader does not fit before the kernel")
    return core


def _boot_sector(start: int, count: int) -> bytes:
    """Return GRUB's first sector with one partition in its table."""
    code = (_GRUB / "boot.img").read_bytes()[:440]
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83,
                        b"\xfe\xff\xff", start, count)
    return code + bytes(6) + entry + bytes(48) + b"\x55\xaa"


def _own_by_root(image: pathlib.Path, offset: int,
                 root: pathlib.Path) -> None:
    """Give every file in the file system to uid 0."""
    lines = []
    for path in root.rglob("*"):
        name = path.relative_to(root)
        lines += [f'sif "/{name}" uid 0', f'sif "/{name}" gid 0']
    _run("debugfs", "-w", "-f", "-", f"{image}?offset={offset}",
         stdin="\n".join(lines) + "\n")


def _root_file_system(image: pathlib.Path, offset: int, size: int,
                      root: pathlib.Path, label: str) -> None:
    """Make an ext4 file system that holds what is below ``root``.

    It keeps a journal, so that a killed guest boots again. Its group table
    may grow to that of the largest disk without a copy.
    """
    _run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-J", "size=4",
         "-O", "^metadata_csum,^64bit", "-m", "0", "-N", "4096",
         "-L", label, "-d", str(root),
         "-E", f"offset={offset},root_owner=0:0,lazy_itable_init=1",
         str(image), f"{size // 1024}k")
    if os.geteuid() != 0:
        _own_by_root(image, offset, root)


def _in_place(kernel: bytes) -> bytes:
    """Return the kernel marked as not relocatable.

    GRUB copies a relocatable one, with all the room that it will unpack
    into, byte by byte to the address it prefers: seconds under emulation.
    Any other it leaves where it was read to; the kernel then unpacks itself
    to that address alone.
    """
    at = 0x234  # relocatable_kernel, in Linux's boot protocol
    return kernel[:at] + b"\0" + kernel[at + 1:]


def write(output: pathlib.Path, *, kernel: bytes, initrd: bytes,
          root: pathlib.Path, root_mib: int, label: str, command_line: str,
          work: pathlib.Path) -> None:
    """Write a compressed qcow2 disk that boots ``kernel`` from a BIOS."""
    initrd_at = _KERNEL_AT + _sectors(len(kernel))
    root_at_mib = -(-(initrd_at * SECTOR + len(initrd)) // MIB)
    core = _grub(
        f"linux ($root){_KERNEL_AT}+{_sectors(len(kernel))} {command_line}\n"
        f"initrd ($root){initrd_at}+{_sectors(len(initrd))}\n"
        "boot\n", work)
    raw, plain = work / "disk.raw", work / "plain.raw"
    with raw.open("wb") as file:
        file.truncate((root_at_mib + root_mib) * MIB)
        file.write(_boot_sector(root_at_mib * MIB // SECTOR,
                                root_mib * MIB // SECTOR))
        file.write(core)
    with plain.open("wb") as file:
        file.write(_in_place(kernel))
        file.seek((initrd_at - _KERNEL_AT) * SECTOR)
        file.write(initrd)
        file.truncate((root_at_mib * MIB) - _KERNEL_AT * SECTOR)
    _root_file_system(raw, root_at_mib * MIB, root_mib * MIB, root, label)
    qemu_img.compress(str(raw), str(output))
    qemu_img.put(str(output), "qcow2", _KERNEL_AT * SECTOR, str(plain))


def write_root(output: pathlib.Path, *, root: pathlib.Path, size_mib: int,
               label: str, work: pathlib.Path) -> None:
    """Write a compressed qcow2 disk that boots as its root says.

    The boot loader reads /boot/grub/grub.cfg, as a system's own does, so
    that the system can install new kernels.

    :param root: tree that the one file system is made of
    """
    core = _grub(
        f"search --no-floppy --label --set=root {label}\n"
        "set prefix=($root)/boot/grub\n"
        "configfile $prefix/grub.cfg\n", work, _GRUB_FULL)
    raw = work / "disk.raw"
    with raw.open("wb") as file:
        file.truncate(size_mib * MIB)
        file.write(_boot_sector(_KERNEL_AT, (size_mib - 1) * MIB // SECTOR))
        file.write(core)
    _run("mke2fs", "-q", "-F", "-t", "ext4", "-L", label, "-d", str(root),
         "-E", f"offset={MIB},root_owner=0:0,lazy_itable_init=1",
         str(raw), f"{(size_mib - 1) * 1024}k")
    qemu_img.compress(str(raw), str(output))
