"""What the network needs root for; runs in the privileged helper.

The helper is inside the node's namespaces. Imports nothing green; each
argument is checked again here, since the process that sends it is not
trusted.
"""

import ctypes
import ipaddress
import os
import pathlib
import pwd
import re
import socket
import stat
import subprocess
import threading
import uuid
from collections.abc import Iterable

from common import privilege
from common.account import USER

_CLONE_NEWNET = 0x40000000
_NETNS = pathlib.Path("/run/netns")
#: Begins the names of our namespaces; the network's id follows.
_PREFIX = "pmeta-"
_ADDRESS = "169.254.169.254"
_PORT = 80
_BRIDGE = "br-int"
_MARK = "pileus-metadata"
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
_MAX_ADDRESSES = 64
#: Where our caller has its socket for descriptors, below the node's /run,
#: in which nobody but root makes anything.
DOOR = "pileus-network"
SOCKET_NAME = "metadata.sock"
_DOOR = pathlib.Path("/run", DOOR)

#: OVN lets every router advertisement pass its ACLs, so they are stopped
#: where it checks the sources of neighbour discovery. Only what guests
#: with port security send gets to this table of the integration bridge
#: (OFTABLE_CHK_IN_PORT_SEC_ND); bit 12 of register 10 says to drop it.
_ND_TABLE = 74
_DROP_IT = "load:0x1->NXM_NX_REG10[12]"
_COOKIE = "0x70696c657573"
_ADVERTISEMENT = 134


@privilege.CONTEXT.entrypoint
def plugged() -> list[str]:
    """Return the networks that have a namespace of ours."""
    try:
        names = [path.name for path in _NETNS.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(name.removeprefix(_PREFIX) for name in names
                  if name.startswith(_PREFIX))


@privilege.CONTEXT.entrypoint
def plug(network_id: str, port_id: str, mac: str, mtu: int,
         addresses: list[str]) -> None:
    """Make the network's namespace and join it to its metadata port.

    May be repeated; addresses that are not wanted are taken away.

    :param addresses: of IPv4, with prefix lengths
    :raises ValueError: if an argument is not what it should be
    """
    network_id, port_id = _uuid(network_id), _uuid(port_id)
    if not _MAC.fullmatch(mac):
        raise ValueError(f"no MAC: {mac!r}")
    mtu = min(max(int(mtu), 68), 65535)
    wanted = _addresses(addresses) | {f"{_ADDRESS}/32"}
    space, outer = _PREFIX + network_id, _device(port_id)
    if not (_NETNS / space).exists():
        _run("ip", "netns", "add", space)
    if not _exists(outer):
        _run("ip", "link", "add", outer, "type", "veth", "peer", "name",
             "meta0", "netns", space)
    _set_up_inside(space, mac, mtu)
    _set_addresses(space, wanted)
    # Userspace switches see packets before checksums are filled in.
    _run("ethtool", "-K", outer, "tx", "off")
    _run("ip", "link", "set", outer, "up")
    _run("ovs-vsctl", "--may-exist", "add-port", _BRIDGE, outer, "--",
         "set", "Interface", outer, f"external_ids:iface-id={port_id}",
         f"external_ids:{_MARK}={network_id}")


def _addresses(texts: Iterable[str]) -> set[str]:
    """Check addresses that the namespace is to have: it speaks no IPv6."""
    found = {str(ipaddress.IPv4Interface(str(text))) for text in texts}
    if len(found) > _MAX_ADDRESSES:
        raise ValueError(f"more than {_MAX_ADDRESSES} addresses")
    return found


def _set_up_inside(space: str, mac: str, mtu: int) -> None:
    inside = ("ip", "netns", "exec", space)
    # The namespace answers on one address, and speaks no IPv6.
    for name, value in (("ipv6.conf.all.disable_ipv6", 1),
                        ("ipv4.conf.all.arp_announce", 2),
                        ("ipv4.ip_forward", 0)):
        _run(*inside, "sysctl", "-q", "-w", f"net.{name}={value}")
    _run("ip", "-n", space, "link", "set", "lo", "up")
    _run(*inside, "ethtool", "-K", "meta0", "tx", "off")
    _run("ip", "-n", space, "link", "set", "meta0", "address", mac,
         "mtu", str(mtu), "up")


def _set_addresses(space: str, wanted: set[str]) -> None:
    shown = _run("ip", "-n", space, "-4", "-o", "addr", "show", "dev",
                 "meta0")
    have = set(re.findall(r"inet (\S+)", shown))
    for text in sorted(have - wanted):
        _run("ip", "-n", space, "addr", "del", text, "dev", "meta0")
    for text in sorted(wanted - have):
        _run("ip", "-n", space, "addr", "add", text, "dev", "meta0")


@privilege.CONTEXT.entrypoint
def unplug(network_id: str) -> None:
    """Remove the network's namespace and its port; fine without them."""
    network_id = _uuid(network_id)
    found = _run("ovs-vsctl", "--bare", "--columns=name", "find",
                 "Interface", f"external_ids:{_MARK}={network_id}")
    for device in found.split():
        _run("ovs-vsctl", "--if-exists", "del-port", _BRIDGE, device)
        if _exists(device):
            _run("ip", "link", "del", device)
    if (_NETNS / (_PREFIX + network_id)).exists():
        _run("ip", "netns", "del", _PREFIX + network_id)


@privilege.CONTEXT.entrypoint
def guard() -> bool:
    """Stop guests' router advertisements; say whether they were not.

    OVN's controller clears the bridge when it comes back, so this is
    repeated; it only writes when it must.
    """
    shown = _run("ovs-ofctl", "--no-stats", "dump-flows", _BRIDGE,
                 f"cookie={_COOKIE}/-1,table={_ND_TABLE}")
    if f"icmp_type={_ADVERTISEMENT} " in shown:
        return False
    _run("ovs-ofctl", "add-flow", _BRIDGE,
         f"cookie={_COOKIE},table={_ND_TABLE},priority=1000,icmp6,"
         f"icmp_type={_ADVERTISEMENT},actions={_DROP_IT}")
    return True


@privilege.CONTEXT.entrypoint
def make_door() -> None:
    """Make the folder in which our caller will have its socket."""
    _DOOR.mkdir(mode=0o700, exist_ok=True)
    folder = os.open(_DOOR, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        account = pwd.getpwnam(USER)
        os.fchown(folder, account.pw_uid, account.pw_gid)
    except KeyError:
        pass  # without that user our caller is root
    finally:
        os.close(folder)


@privilege.CONTEXT.entrypoint
def listen(network_id: str) -> None:
    """Listen in the network's namespace and hand the socket over.

    :raises ValueError: if the caller has no socket of its own to take it
    """
    space = _PREFIX + _uuid(network_id)
    door = _open_door()
    failed: list[BaseException] = []

    def inside() -> None:
        try:
            _enter(space)
            listening = socket.create_server(
                (_ADDRESS, _PORT), backlog=128)
            with listening, socket.socket(socket.AF_UNIX) as channel:
                channel.settimeout(5)
                channel.connect(f"/proc/self/fd/{door}")
                socket.send_fds(channel, [network_id.encode()],
                                [listening.fileno()])
        except BaseException as error:
            failed.append(error)
    # The thread ends in the namespace; the others never were there.
    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    os.close(door)
    if failed:
        raise RuntimeError(f"{type(failed[0]).__name__}: {failed[0]}")


def _open_door() -> int:
    """Return a descriptor of the caller's socket, and of nothing else's."""
    door = os.open(_DOOR / SOCKET_NAME, os.O_PATH | os.O_NOFOLLOW)
    if not stat.S_ISSOCK(os.fstat(door).st_mode):
        os.close(door)
        raise ValueError("the socket for descriptors is none")
    return door


def _enter(space: str) -> None:
    """Move this thread into a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(_NETNS / space) as handle:
        if libc.setns(handle.fileno(), _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _uuid(text: str) -> str:
    return str(uuid.UUID(text))


def _device(port_id: str) -> str:
    return f"pm{port_id[:11]}"


def _exists(device: str) -> bool:
    return subprocess.run(
        ["ip", "link", "show", device], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=10).returncode == 0


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{argv[0]}: {done.stderr.strip()[-500:]}")
    return done.stdout
