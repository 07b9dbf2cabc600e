"""A node: one hypervisor with its switch, in namespaces of its own.

A cloud's first node also holds OVN's databases and the way out to the
host's network; others join it over a network of their own between them.
"""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import uuid
from collections.abc import Iterator

from cli.node import container, hypervisor, layout, outside, parts

Failed = container.Failed


@dataclasses.dataclass(frozen=True)
class Status:
    """What is up of a node: each part's name, and whether it lives."""

    place: layout.Layout
    pid: int | None
    parts: dict[str, bool]
    #: The host's numbers of all its processes but the guests'.
    pids: tuple[int, ...] = ()
    guests: int = 0

    @property
    def ready(self) -> bool:
        return self.pid is not None and all(self.parts.values())


def start(state: str | pathlib.Path, name: str = "node1",
          join: str | pathlib.Path | None = None) -> layout.Layout:
    """Start a node, or what is missing of it; return where it is.

    :param join: the state directory of the cloud's first node, ``node1``,
        when this is to be another one
    """
    place = layout.of(state, name)
    group = outside.ensure_user()
    _make_folders(place, group)
    with _alone(place):
        if not place.known:
            place.remember(_choose_facts(place, join))
        node = parts.Node(place, container.Container(place), group)
        _start_container(node)
        _connect(node)
        alive = parts.running(node)
        parts.start(node, [part for part in parts.wanted(node)
                           if part.name not in alive])
    return place


def stop(state: str | pathlib.Path, name: str = "node1") -> None:
    """End a node with all that runs in it; its files stay."""
    place = layout.of(state, name)
    if not place.known:
        return
    with _alone(place):
        container.Container(place).stop()
        if place.facts.first:
            _unplug(place)
        else:
            outside.disconnect(place.facts)
        _empty(place.run)


def status(state: str | pathlib.Path, name: str = "node1") -> Status:
    """Look at a node without changing it."""
    place = layout.of(state, name)
    inside = container.Container(place)
    if not place.known:
        return Status(place, None, {})
    node = parts.Node(place, inside, 0)
    alive = parts.running(node)
    found = {part.name: part.name in alive for part in parts.wanted(node)}
    if not place.facts.first:
        found["outside link"] = outside.connected(place.facts)
    processes = inside.processes().values()
    others = [process.pid for process in processes
              if not process.command.startswith("qemu-system")]
    return Status(place, inside.pid, found, tuple(others),
                  len(processes) - len(others))


def names(state: str | pathlib.Path) -> list[str]:
    """Return the nodes a state directory holds, the first one first."""
    homes = pathlib.Path(state).absolute().glob("node/*/node.json")
    places = [layout.of(state, home.parent.name) for home in homes]
    places.sort(key=lambda place: place.facts.index)
    return [place.name for place in places]


def _choose_facts(place: layout.Layout,
                  join: str | pathlib.Path | None) -> layout.Facts:
    if join is None:
        return layout.Facts(number=outside.free_number(place.state), index=1,
                            host_uuid=str(uuid.uuid4()))
    first = layout.of(join, "node1")
    if not first.known:
        raise Failed(f"there is no node node1 in {join}")
    used = {entry.name for entry in (first.home / "joined").iterdir()}
    index = next(number for number in range(2, 250)
                 if str(number) not in used)
    (first.home / "joined" / str(index)).write_text(f"{place.home}\n")
    return layout.Facts(
        number=first.facts.number, index=index,
        host_uuid=str(uuid.uuid4()), first=str(first.state))


def _make_folders(place: layout.Layout, group: int) -> None:
    if not place.state.exists():
        place.state.mkdir(parents=True)
        place.state.chmod(0o751)
    for folder in (place.home.parent, place.home, place.log, place.run,
                   place.home / "ovs", place.home / "ovn",
                   place.home / "joined"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    # QEMU's group comes down to each file, so that both can read them.
    for name in ("instances", "images"):
        folder = place.home / name
        folder.mkdir(exist_ok=True)
        shutil.chown(folder, outside.USER, "libvirt-qemu")
        folder.chmod(0o2751)


def _start_container(node: parts.Node) -> None:
    if node.inside.pid is not None:
        return
    _empty(node.place.run)
    for name in ("openvswitch", "ovn", "libvirt", "netns", "lock"):
        (node.place.run / name).mkdir(mode=0o755)
    (node.place.home / "ovs" / "conf.db").unlink(missing_ok=True)
    hypervisor.configure(node.place)
    node.inside.start()


def _connect(node: parts.Node) -> None:
    pid, facts = node.inside.pid, node.place.facts
    assert pid is not None
    if facts.first:
        _plug(node.place, pid)
    else:
        outside.connect(facts, pid)
    if pathlib.Path(f"/proc/{pid}").exists():
        node.inside.run("ip", "link", "set",
                        "phy0" if facts.first else "ext0", "up")


def _plug(place: layout.Layout, pid: int) -> None:
    """Lay a cable to the first node, whose bridge is the nodes' switch."""
    first = _first_of(place)
    hub = first.inside
    end = f"phy{place.facts.index}"
    if hub.pid is None:
        raise Failed(f"the node {first.place.name} is not running")
    if end not in hub.run("ls", "/sys/class/net").split():
        hub.run("ip", "link", "add", end, "type", "veth",
                "peer", "name", "phy0")
        container.run("nsenter", "--target", str(hub.pid), "--net", "--",
                      "ip", "link", "set", "phy0", "netns", str(pid))
    hub.run("ip", "link", "set", end, "up")
    hub.run("ovs-vsctl", "--may-exist", "add-port", "br-phy", end)
    parts.open_southbound(first)


def _unplug(place: layout.Layout) -> None:
    first = _first_of(place)
    if first.inside.pid is not None:
        first.inside.run("ovs-vsctl", "--if-exists", "del-port", "br-phy",
                         f"phy{place.facts.index}")


def _first_of(place: layout.Layout) -> parts.Node:
    first = layout.of(place.facts.first, "node1")
    return parts.Node(first, container.Container(first), 0)


@contextlib.contextmanager
def _alone(place: layout.Layout) -> Iterator[None]:
    """One start or stop of a node at a time."""
    with open(place.home / "lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _empty(folder: pathlib.Path) -> None:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
