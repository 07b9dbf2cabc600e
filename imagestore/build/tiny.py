"""The image "tiny": a guest of 20 MB that boots in seconds, for tests.

What it can do is what tests of a cloud ask of a guest: DHCP, IPv6, the
metadata service and config drives, SSH, a serial console, disks and network
cards that come and go, a clean power-off. It holds no secrets: host keys are
made at the first boot of each server.
"""

import pathlib
import shutil
import subprocess

from imagestore.build import archive, disk, modules, packages

_FILES = pathlib.Path(__file__).parent / "tiny"
_KERNEL = "linux-image-cloud-amd64"
_LABEL = "tiny-root"
_ROOT_MIB = 64
#: Beside the consoles: leave out what takes long in an emulated guest.
_COMMAND_LINE = (
    "console=tty1 console=ttyS0 quiet loglevel=4 net.ifnames=0 panic=10 "
    "nokaslr mitigations=off no_timer_check nowatchdog audit=0 lsm=none "
    "cryptomgr.notests=1 rcupdate.rcu_expedited=1 initcall_blacklist="
    "init_kprobe_trace,init_trace_printk_function_export,"
    "load_system_certificate_list")

#: Modules that the initial RAM disk loads, in this order.
_EARLY = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_rng"]
#: Modules that it loads when the root is not on a virtio disk.
_OTHER_DISKS = ["virtio_scsi", "sd_mod", "ata_piix"]
#: Modules that the guest loads later, or that its user may ask for.
_LATE = ["evdev", "button", "isofs", "sr_mod", "virtio_balloon",
         "virtio_console", "vfat", "nls_ascii", "nls_cp437", "8021q", "xfs",
         "dummy", "loop"]

#: Which files of which packages are in the root file system.
_CONTENTS = {
    "busybox": ["bin/busybox"],
    "dash": ["bin/dash"],
    "dropbear-bin": ["usr/sbin/dropbear", "usr/bin/dropbearkey",
                     "usr/bin/dbclient"],
    "netcat-traditional": ["bin/nc.traditional"],
    "util-linux": ["bin/lsblk", "sbin/blkid"],
    "fdisk": ["sbin/sfdisk"],
    "e2fsprogs": ["sbin/mke2fs", "sbin/mkfs.ext4", "sbin/resize2fs",
                  "sbin/e2fsck", "sbin/tune2fs", "etc/mke2fs.conf"],
    "libc6": ["lib64/ld-linux-x86-64.so.2",
              "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
              "lib/x86_64-linux-gnu/libc.so.6",
              "lib/x86_64-linux-gnu/libm.so.6",
              "lib/x86_64-linux-gnu/libresolv.so.2"],
}
#: Packages all of whose shared libraries are in the root file system.
_LIBRARIES = ["libtomcrypt1", "libtommath1", "libgmp10", "libcrypt1", "zlib1g",
              "libblkid1", "libmount1", "libsmartcols1", "libudev1",
              "libselinux1", "libpcre2-8-0", "libuuid1", "libext2fs2",
              "libcom-err2", "libfdisk1", "libreadline8", "libtinfo6"]


def package_names() -> list[str]:
    """Return the Debian packages that the image is made of."""
    return [*packages.depends(_KERNEL), "busybox-static", *_CONTENTS,
            *_LIBRARIES]


def build(wanted: dict[str, str], cache: pathlib.Path,
          work: pathlib.Path) -> pathlib.Path:
    """Make the image somewhere in ``work`` and return its path."""
    unpacked, root, early = (work / name for name in (
        "packages", "root", "initrd"))
    packages.unpack(wanted, cache, unpacked)
    kernel = next(unpacked.glob("linux-image-*/boot/vmlinuz-*"))
    release = kernel.name.partition("-")[2]
    _make_initrd(unpacked, early, release)
    _make_root(unpacked, root, release)
    disk.write(work / "tiny.qcow2", kernel=kernel.read_bytes(),
               initrd=archive.cpio(early), root=root, root_mib=_ROOT_MIB,
               label=_LABEL, command_line=_COMMAND_LINE, work=work)
    return work / "tiny.qcow2"


def _kernel_modules(unpacked: pathlib.Path) -> modules.Modules:
    return modules.Modules(next(unpacked.glob("linux-image-*")))


def _make_initrd(unpacked: pathlib.Path, target: pathlib.Path,
                 release: str) -> None:
    """Lay out the files that find and mount the root."""
    for name in ("bin", "dev", "proc", "sys", "root"):
        (target / name).mkdir(parents=True)
    shutil.copy(unpacked / "busybox-static/bin/busybox", target / "bin")
    shutil.copy(_FILES / "initrd-init", target / "init")
    (target / "init").chmod(0o755)
    _kernel_modules(unpacked).copy(
        _EARLY + _OTHER_DISKS, target / "lib/modules" / release)
    (target / "early").write_text(" ".join(_EARLY) + "\n")
    (target / "other").write_text(" ".join(_OTHER_DISKS) + "\n")


def _make_root(unpacked: pathlib.Path, root: pathlib.Path,
               release: str) -> None:
    """Lay out the root file system."""
    shutil.copytree(_FILES / "root", root)
    for name in ("dev", "proc", "sys", "run", "tmp", "mnt", "var/log",
                 "var/lib/guest", "etc/dropbear"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("root", "root/.ssh", "home/cirros", "home/cirros/.ssh"):
        (root / name).mkdir(parents=True, mode=0o700, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "var/run").symlink_to("../run")
    for scripts in ("usr/*bin/*", "etc/init.d/*", "etc/acpi/PWRF/*",
                    "usr/lib/guest/*"):
        for path in root.glob(scripts):
            path.chmod(0o755)
    (root / "etc/shadow").chmod(0o600)
    _copy_contents(unpacked, root)
    _link_applets(root)
    _kernel_modules(unpacked).copy(
        _EARLY + _OTHER_DISKS + _LATE, root / "lib/modules" / release)


def _copy_contents(unpacked: pathlib.Path, root: pathlib.Path) -> None:
    """Copy programs and libraries; what is a link stays one."""
    wanted = [(unpacked / package, path)
              for package, paths in _CONTENTS.items() for path in paths]
    for package in _LIBRARIES:
        base = unpacked / package
        wanted += [(base, str(path.relative_to(base)))
                   for path in base.rglob("*.so.*")
                   if not path.name.startswith("libhistory")]
    for base, name in wanted:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(base / name, root / name, follow_symlinks=False)
    shutil.copy2(unpacked / "busybox-static/bin/busybox",
                 root / "usr/lib/guest/busybox")


def _link_applets(root: pathlib.Path) -> None:
    """Make a link for each applet that no real program stands for."""
    listed = subprocess.run([str(root / "bin/busybox"), "--list-full"],
                            capture_output=True, text=True, check=True)
    taken = {path.name for path in root.glob("**/*bin/*")}
    for line in listed.stdout.split():
        if pathlib.Path(line).name in taken:
            continue
        (root / line).parent.mkdir(parents=True, exist_ok=True)
        (root / line).symlink_to("/bin/busybox")
