"""pileus doctor: says what is wrong, and how to mend it."""

import grp
import os
import pathlib
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator

import click

from cli import node as nodes
from cli import options
from cli.cloud import health, paths, process
from cli.node import layout, outside

#: What is wrong, and how to mend it.
Finding = tuple[str, str]
_PROGRAMS = ("bwrap", "ethtool", "ip", "libvirtd", "nft", "nsenter",
             "ovn-controller", "ovn-northd", "ovs-vswitchd", "ovsdb-server",
             "prlimit", "qemu-img", "qemu-system-x86_64", "ssh", "unshare",
             "virsh", "virtlogd")
_SECRET_FILES = ("etc/pileus.conf", "clouds.yaml")


@click.command(short_help="Look for what is wrong.")
@options.state
def doctor(place: paths.Paths) -> None:
    """Look for what is wrong, and say how to mend it."""
    options.need_root()
    wrong = False
    for name, check in _CHECKS.items():
        findings = list(check(place))
        click.echo(f"{'WRONG' if findings else 'ok   '}  {name}")
        for what, mend in findings:
            wrong = True
            click.echo(f"       {what}\n       -> {mend}")
    raise SystemExit(1 if wrong else 0)


def _programs(place: paths.Paths) -> Iterator[Finding]:
    lacking = [name for name in _PROGRAMS if not shutil.which(
        name, path="/usr/sbin:/usr/bin:/sbin:/bin")]
    if lacking:
        yield (f"not installed: {', '.join(lacking)}",
               f"run {options.again('status', place)}: ./pileus installs"
               " what is missing")


def _user(place: paths.Paths) -> Iterator[Finding]:
    try:
        account = pwd.getpwnam(outside.USER)
    except KeyError:
        yield (f"there is no user {outside.USER}",
               f"{options.again('up', place)} makes it")
        return
    groups = {group.gr_name for group in grp.getgrall()
              if outside.USER in group.gr_mem}
    if "libvirt-qemu" not in groups:
        yield (f"{outside.USER} is not in the group libvirt-qemu",
               f"{options.again('up', place)} puts it there")
    code = pathlib.Path(__file__)
    if not _can_read(account.pw_name, code):
        yield (f"the user {outside.USER} cannot read {code.parent}, so that"
               " the daemons run as root",
               "move the checkout to where all may read it, such as /opt,"
               " or open the folders above it: chmod o+x")


def _state(place: paths.Paths) -> Iterator[Finding]:
    try:
        layout.of(place.state, "node1")
    except ValueError as error:
        yield str(error), "choose another one with --state"
        return
    if not place.state.exists():
        yield (f"there is no cloud in {place.state} yet",
               f"{options.again('demo', place)} starts one with a server to"
               f" log in to, {options.again('up', place)} an empty one")
        return
    if not _can_read("libvirt-qemu", place.node):
        yield (f"the user libvirt-qemu cannot reach {place.node}",
               "open the folders above it: chmod o+x")
    for name in _SECRET_FILES:
        file = place.state / name
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o007:
            yield f"anybody may read {file}", f"chmod o= {file}"


def _room(place: paths.Paths) -> Iterator[Finding]:
    existing = place.state
    while not existing.exists():
        existing = existing.parent
    free_gib = shutil.disk_usage(existing).free / (1 << 30)
    if free_gib < 2:
        yield (f"{free_gib:.1f} GiB of disk are free below {existing}",
               "servers' disks need room: make some")
    lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    free_mib = next(int(line.split()[1]) / 1024 for line in lines
                    if line.startswith("MemAvailable:"))
    if free_mib < 512:
        yield (f"{free_mib:.0f} MiB of memory are free",
               "the control plane takes 250 MiB, and servers theirs")


def _nodes(place: paths.Paths) -> Iterator[Finding]:
    for name in nodes.names(place.state):
        found = nodes.status(place.state, name)
        lost = [part for part, alive in found.parts.items() if not alive]
        if found.pid is None:
            yield (f"the node {name} is not running",
                   f"{options.again('up', place)} starts it")
        elif lost:
            yield (f"down on node {name}: {', '.join(lost)}; see"
                   f" {found.place.log}",
                   f"{options.again('up', place)} starts what is down")


def _configuration(place: paths.Paths) -> Iterator[Finding]:
    from oslo_config import cfg
    if not place.conf.exists():
        return
    try:
        cfg.ConfigParser(str(place.conf), {}).parse()
    except cfg.ParseError as error:
        yield f"not understood: {error}", f"correct {place.conf}"


def _control_plane(place: paths.Paths) -> Iterator[Finding]:
    if not place.host.exists():
        return
    if process.find(place) is None:
        why = f"; {place.log} may say why" if place.log.exists() else ""
        yield (f"it is not running{why}",
               f"{options.again('up', place)} starts it, or says why not")
        return
    try:
        reasons = health.reasons(place)
    except (OSError, KeyError) as error:
        yield (f"it does not answer: {error}; see {place.log}",
               f"{options.again('down', place)}, then"
               f" {options.again('up', place)}")
        return
    for name, reason in reasons.items():
        yield f"{name}: {reason}", f"see {place.log}"


def _way_out(place: paths.Paths) -> Iterator[Finding]:
    forwarding = pathlib.Path("/proc/sys/net/ipv4/ip_forward")
    if process.find(place) and forwarding.read_text().strip() == "0":
        yield ("the host forwards no packets, so that servers do not reach"
               " the world", "sysctl net.ipv4.ip_forward=1")
    rules = subprocess.run(["nft", "list", "chains"], capture_output=True,
                           text=True, check=False).stdout
    for line in rules.splitlines():
        if "hook forward" in line and "policy drop" in line:
            yield ("another packet filter of this host drops what it"
                   " forwards", "let it accept the links pileus*")


def _can_read(user: str, path: pathlib.Path) -> bool:
    account = pwd.getpwnam(user)
    child = os.fork()
    if child == 0:
        os.initgroups(user, account.pw_gid)
        os.setresgid(*[account.pw_gid] * 3)
        os.setresuid(*[account.pw_uid] * 3)
        os._exit(0 if os.access(path, os.R_OK)
                 and os.access(sys.executable, os.R_OK) else 1)
    return os.waitpid(child, 0)[1] == 0


_CHECKS: dict[str, Callable[[paths.Paths], Iterator[Finding]]] = {
    "programs": _programs,
    "user": _user,
    "state directory": _state,
    "disk and memory": _room,
    "configuration": _configuration,
    "nodes": _nodes,
    "control plane": _control_plane,
    "way out": _way_out,
}
