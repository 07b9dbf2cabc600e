"""The host's side of a node: its link, its packet filter, its user."""

import contextlib
import grp
import hashlib
import ipaddress
import json
import pathlib
import pwd
import subprocess
from collections.abc import Iterable, Iterator

from cli.node import container, layout

#: The daemons of the control plane run as this user.
USER = "pileus"
#: Groups that let them share disks and sockets with QEMU.
_GROUPS = "libvirt-qemu,kvm"
_DEFAULT_STATE = pathlib.Path("/var/lib/pileus")

# Guests reach the world under the host's address, and of the host itself
# nothing but the answer to a ping.
_FILTER = """\
add table inet {link}
delete table inet {link}
table inet {link} {{
    chain nat {{
        type nat hook postrouting priority srcnat;
        ip saddr {cidr} oifname != "{link}" masquerade
    }}
    chain input {{
        type filter hook input priority filter;
        iifname != "{link}" accept
        ct state established,related accept
        icmp type echo-request accept
        drop
    }}
    chain forward {{
        type filter hook forward priority filter;
        iifname "{link}" ip saddr != {cidr} drop
    }}
}}
"""


def ensure_user() -> int:
    """Make the system user of the daemons if need be; return its group."""
    with contextlib.suppress(KeyError):
        user = pwd.getpwnam(USER)
        wanted = {grp.getgrnam(name).gr_gid for name in _GROUPS.split(",")}
        have = {group.gr_gid for group in grp.getgrall()
                if USER in group.gr_mem}
        if wanted <= have:
            return user.pw_gid
        container.run("usermod", "--append", "--groups", _GROUPS, USER)
        return user.pw_gid
    container.run(
        "useradd", "--system", "--user-group", "--no-create-home",
        "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin",
        "--groups", _GROUPS, USER)
    return pwd.getpwnam(USER).pw_gid


def free_number(state: pathlib.Path) -> int:
    """Choose the number of a new cloud: by its path, then the next free."""
    taken = list(_networks())
    for number in _candidates(state):
        cidr = ipaddress.ip_network(f"198.18.{number}.0/24")
        if not any(cidr.overlaps(network) for network in taken):
            return number
    raise container.Failed("no free public subnet below 198.18.0.0/16")


def connect(facts: layout.Facts, pid: int) -> None:
    """Join the node's external bridge to the host, which is its gateway."""
    if not pathlib.Path("/sys/class/net", facts.link).exists():
        container.run(
            "ip", "link", "add", facts.link,
            "type", "veth", "peer", "name", "ext0", "netns", str(pid))
    # Userspace switches read packets raw: checksums must be complete.
    container.run("ethtool", "-K", facts.link, "tx", "off")
    container.run("ip", "-batch", "-", text=(
        f"addr replace {facts.gateway}/24 dev {facts.link}\n"
        f"link set {facts.link} up\n"))
    container.run("nft", "-f", "-", text=_FILTER.format(
        link=facts.link, cidr=facts.public_cidr))
    forwarding = pathlib.Path("/proc/sys/net/ipv4/ip_forward")
    if forwarding.read_text().strip() == "0":
        forwarding.write_text("1\n")


def connected(facts: layout.Facts) -> bool:
    """Tell whether link and filter are there."""
    return (pathlib.Path("/sys/class/net", facts.link).exists()
            and _has_table(facts.link))


def disconnect(facts: layout.Facts) -> None:
    """Take link and filter away; do nothing where they are not."""
    if pathlib.Path("/sys/class/net", facts.link).exists():
        # The kernel may be taking it away with the node this moment.
        with contextlib.suppress(container.Failed):
            container.run("ip", "link", "delete", facts.link)
    if _has_table(facts.link):
        container.run("nft", "delete", "table", "inet", facts.link)


def _has_table(name: str) -> bool:
    done = subprocess.run(["nft", "list", "table", "inet", name],
                          capture_output=True, check=False,
                          env=container.ENVIRONMENT)
    return done.returncode == 0


def _candidates(state: pathlib.Path) -> Iterable[int]:
    if state == _DEFAULT_STATE:
        return [0]
    digest = hashlib.sha256(str(state).encode()).digest()
    first = digest[0]
    return [(first + step) % 255 + 1 for step in range(255)]


def _networks() -> Iterator[ipaddress.IPv4Network]:
    """Yield the subnets this machine has addresses in or routes to."""
    routes = json.loads(container.run("ip", "-json", "-4", "route"))
    for route in routes:
        if route["dst"] != "default":
            yield ipaddress.IPv4Network(route["dst"])
