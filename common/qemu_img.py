"""QEMU's tools for disk files; nothing else in this tree runs them.

What is in a disk may be a tenant's, and parsers have bugs. So each run has
walls around it, made by bubblewrap: it sees its programs and the files that
it was given, nothing else of the machine; no network, no other process, no
right of any kind; and it has bounds on memory, CPU time, what it writes and
how long it takes. The format of a file is always told, never guessed.
"""

import os

from common import process

GIB = 1 << 30

_TIMEOUT_S = 60
_MEMORY_BYTES = 2 * GIB
_CPU_S = 30
#: What a run may write beyond what is there: new metadata, no content.
_GROWTH_BYTES = GIB
#: An image is copied as a whole, at compression's pace.
_COPY_TIMEOUT_S = 300
_COPY_BYTES = 16 * GIB
#: Bytes of a disk in a second, at the least.
_COPY_RATE = 20 << 20

#: What the files are called behind the walls.
_DISK, _SOURCE = "/disk", "/source"
_NOBODY = "65534"
_WALLS = (
    "bwrap", "--unshare-all", "--die-with-parent", "--new-session",
    "--uid", _NOBODY, "--gid", _NOBODY, "--clearenv", "--chdir", "/",
    "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib",
    "--symlink", "usr/lib64", "/lib64",
    # All that it asks of /dev.
    "--dev-bind", "/dev/null", "/dev/null")


def create(path: str, disk_format: str, size_bytes: int, *,
           backing: tuple[str, str] | None = None) -> None:
    """Make an empty disk in the file, which must not be there.

    :param backing: path and format of a disk below it, which is not opened
    :raises process.Failed: what there is of the file stays
    """
    below = ("-u", "-b", backing[0], "-F", backing[1]) if backing else ()
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))
    run("qemu-img", "create", "-q", "-f", disk_format, *below, _DISK,
        str(size_bytes), disk=path)


def resize(path: str, disk_format: str, size_bytes: int) -> None:
    """Make the disk that large; what is in it stays."""
    run("qemu-img", "resize", "-q", "-f", disk_format, _DISK,
        str(size_bytes), disk=path)


def compress(source: str, path: str) -> None:
    """Copy a raw disk to a compressed qcow2 file, which is made anew."""
    open(path, "w").close()
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c",
        _SOURCE, _DISK, disk=path, source=source, growth=_COPY_BYTES,
        cpu_s=_COPY_TIMEOUT_S, timeout=_COPY_TIMEOUT_S)


def convert(source: str, source_format: str, path: str, disk_format: str, *,
            size_bytes: int, beneath: str | None = None) -> None:
    """Copy a disk to another format, into the file at ``path``.

    :param beneath: the one file that the disk lies on, as it names it
    :param size_bytes: size of the disk, which bounds the file and the time
    """
    seconds = _COPY_TIMEOUT_S + size_bytes // _COPY_RATE
    run("qemu-img", "convert", "-f", source_format, "-O", disk_format,
        _SOURCE, _DISK, disk=path, source=source,
        beneath=beneath, growth=size_bytes + _GROWTH_BYTES, cpu_s=seconds,
        timeout=seconds)


def put(path: str, disk_format: str, at: int, source: str) -> None:
    """Write a file into a disk, ``at`` bytes from its beginning."""
    size = os.path.getsize(source)
    run("qemu-io", "-f", disk_format, "-c",
        f"write -q -s {_SOURCE} {at} {size}", _DISK,
        disk=path, source=source)


def run(*argv: str, disk: str, source: str | None = None,
        beneath: str | None = None, growth: int = _GROWTH_BYTES,
        cpu_s: int = _CPU_S, timeout: float = _TIMEOUT_S) -> str:
    """Run a program behind the walls; return what it prints.

    :param disk: the file that it finds as /disk and may change, and make
        ``growth`` bytes longer
    :param source: a file that it finds as /source
    :param beneath: a file that it finds where it is
    :raises process.Failed: it failed, or took too much of something
    """
    limits = ("prlimit", f"--as={_MEMORY_BYTES}", f"--cpu={cpu_s}",
              f"--fsize={os.path.getsize(disk) + growth}", "--core=0",
              "--nofile=64", "--")
    shown = ("--ro-bind", source, _SOURCE) if source else ()
    below = ("--ro-bind", beneath, beneath) if beneath else ()
    return process.run(*limits, *_WALLS, *shown, *below, "--bind", disk, _DISK,
                       "--", *argv, timeout=timeout)
