"""The image "debian": a server's Debian with cloud-init and OpenSSH.

debootstrap and apt make a tree, from the mirrors that this machine's own apt
uses; a file system is made of the tree. It holds no secrets: nobody has a
password, and each server makes its own host keys and machine id. cloud-init
reads config drives and the metadata service, and lets the keys that it finds
there in as user ``debian``.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable

import yaml

from imagestore.build import disk
from imagestore.build.packages import PackageError, Source, sources
from imagestore.build.template import Template

_INSTALL = pathlib.Path(__file__).parent / "debian/install.sh"
_LABEL = "debian-root"
_TIMEOUT_S = 3600
_SUITE = "bookworm"
_PUBLIC = "http://deb.debian.org/debian"
_SECURITY = "http://deb.debian.org/debian-security"

#: Beside what debootstrap's smallest variant has.
_PACKAGES = (
    "linux-image-cloud-amd64", "grub2-common", "grub-pc-bin",
    "systemd-sysv", "udev", "dbus", "libpam-systemd", "openssh-server",
    "cloud-init", "cloud-guest-utils", "sudo", "ifupdown", "netbase",
    "iproute2", "iputils-ping", "e2fsprogs", "gdisk", "ca-certificates",
    "procps", "less", "nano", "zstd")

_COMMAND_LINE = "console=tty0 console=ttyS0,115200"
_GRUB_DEFAULT = f"""\
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="{_COMMAND_LINE}"
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
"""
#: Until the first kernel comes that a server installs itself.
_GRUB_CONFIG = """\
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
linux /boot/vmlinuz-{release} root=LABEL={label} ro {command_line}
initrd /boot/initrd.img-{release}
boot
"""
_FSTAB = f"LABEL={_LABEL} / ext4 errors=remount-ro,discard 0 1\n"
_CLOUD = {
    "datasource_list": ["ConfigDrive", "OpenStack", "None"],
    "locale": "C.UTF-8",
    "ssh_pwauth": False,
    "growpart": {"mode": "auto", "devices": ["/"]},
    "resize_rootfs": True,
}
#: What a running system writes, and this one's alone.
_OWN = ("etc/ssh/ssh_host_*", "etc/resolv.conf", "etc/hostname",
        "etc/machine-id", "var/lib/dbus/machine-id", "usr/sbin/policy-rc.d",
        "etc/dpkg/dpkg.cfg.d/image-build", "var/lib/systemd/random-seed",
        "var/lib/systemd/credential.secret", "var/lib/dhcp/*",
        "var/cache/apt/*.bin", "var/cache/apt/archives/*.deb",
        "var/lib/apt/lists/*", "root/.*_history",
        "var/log/*.log", "var/log/apt/*", "tmp/*", "var/tmp/*", "run/*")

Say = Callable[[str], None]


def build(template: Template, cache: pathlib.Path, work: pathlib.Path,
          say: Say) -> pathlib.Path:
    """Make the image somewhere in ``work`` and return its path.

    :param cache: where fetched packages are kept
    :param say: called with what is done next
    :raises PackageError: if a program is missing, or fails
    """
    _check_machine()
    archives = cache.absolute() / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    suite = template.suite or _own_suite()
    found = sources(suite) or [Source(_PUBLIC, suite, ("main",))]
    root = work / "root"
    say(f"Unpacking Debian {suite}")
    _run(work, "debootstrap", "--variant=minbase",
         f"--cache-dir={archives}", suite, str(root), found[0].uri)
    say("Installing packages")
    _install(work, root, archives, found, template)
    _settle(root, suite, template)
    say("Making the disk")
    disk.write_root(
        work / "debian.qcow2", root=root, size_mib=template.disk_mib,
        label=_LABEL, work=work)
    return work / "debian.qcow2"


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise PackageError("only root can build this image")
    for name in ("debootstrap", "unshare", "chroot", "mke2fs", "bwrap"):
        if shutil.which(name) is None:
            raise PackageError(f"{name} is not installed: apt install it")


def _own_suite() -> str:
    """Return the release of this machine, if it is one of Debian's."""
    with contextlib.suppress(OSError):
        lines = pathlib.Path("/etc/os-release").read_text().splitlines()
        known = dict(line.split("=", 1) for line in lines if "=" in line)
        if known.get("ID") == "debian" and "VERSION_CODENAME" in known:
            return known["VERSION_CODENAME"].strip('"')
    return _SUITE


def _run(work: pathlib.Path, *argv: str) -> None:
    """Run a program; the end of what it said is part of the error."""
    log = work / "build.log"
    with log.open("ab") as file:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=file,
            stderr=subprocess.STDOUT, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        said = log.read_text(errors="replace").splitlines()[-15:]
        raise PackageError(f"{argv[0]} failed:\n" + "\n".join(said))


def _install(work: pathlib.Path, root: pathlib.Path, archives: pathlib.Path,
             found: list[Source], template: Template) -> None:
    _write(root, "etc/apt/sources.list",
           "".join(f"{each}\n" for each in found))
    _write(root, "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
    _write(root, "etc/dpkg/dpkg.cfg.d/image-build", "force-unsafe-io\n")
    # Now, for what is made with the kernel: a disk that can check the root.
    _write(root, "etc/fstab", _FSTAB)
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
    _run(work, "unshare", "--mount", "--pid", "--ipc", "--uts", "--fork",
         "--kill-child", "sh", str(_INSTALL), str(root), str(archives),
         *_PACKAGES, *template.packages)


def _settle(root: pathlib.Path, suite: str, template: Template) -> None:
    """Write what the image says of itself; remove what is of this machine.
    """
    for pattern in _OWN:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    _write(root, "etc/apt/sources.list",
           f"{Source(_PUBLIC, suite, ('main',))}\n"
           f"{Source(_PUBLIC, f'{suite}-updates', ('main',))}\n"
           f"{Source(_SECURITY, f'{suite}-security', ('main',))}\n")
    # Empty: each server makes its own at its first boot.
    _write(root, "etc/machine-id", "")
    _write(root, "etc/hostname", "debian\n")
    _write(root, "etc/cloud/cloud.cfg.d/90_image.cfg", yaml.safe_dump(_CLOUD))
    for number, script in enumerate(template.first_boot, 10):
        _write(root, f"var/lib/cloud/scripts/per-instance/{number}-image",
               script, 0o755)
    _settle_boot(root)


def _settle_boot(root: pathlib.Path) -> None:
    (kernel, *_) = sorted(root.glob("boot/vmlinuz-*"), reverse=True)
    _write(root, "etc/default/grub", _GRUB_DEFAULT)
    _write(root, "boot/grub/grub.cfg", _GRUB_CONFIG.format(
        release=kernel.name.partition("-")[2], label=_LABEL,
        command_line=_COMMAND_LINE))
    modules = root / "boot/grub/i386-pc"
    modules.mkdir()
    for path in (root / "usr/lib/grub/i386-pc").glob("*"):
        if path.suffix in (".mod", ".lst"):
            shutil.copyfile(path, modules / path.name)


def _write(root: pathlib.Path, name: str, text: str,
           mode: int = 0o644) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
