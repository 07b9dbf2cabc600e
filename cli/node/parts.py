"""The daemons of a node: what starts each, and how to tell it lives."""

import contextlib
import dataclasses
import os
import pathlib
import threading
from collections.abc import Callable, Iterable

from cli.node import container, layout

_OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
_OVN_SCHEMA = "/usr/share/ovn/ovn-{}.ovsschema"
#: The southbound database's port on the nodes' own network.
_SB_PORT = 6642


@dataclasses.dataclass(frozen=True)
class Node:
    """What the starting of a part needs."""

    place: layout.Layout
    inside: container.Container
    group: int

    def log(self, name: str) -> str:
        return f"--log-file={self.place.log}/{name}.log"


@dataclasses.dataclass(frozen=True)
class Part:
    """A daemon of a node.

    ``pid_file`` is relative to the node's /run; ``start`` returns when the
    daemon serves; it is called only while the daemon does not run.
    """

    name: str
    pid_file: str
    start: Callable[[Node], None]
    after: tuple[str, ...] = ()
    first_only: bool = False

    def pid(self, node: Node) -> int | None:
        """Return the number the daemon said it has inside the node."""
        with contextlib.suppress(OSError, ValueError):
            return int((node.place.run / self.pid_file).read_text())
        return None


def wanted(node: Node) -> list[Part]:
    """Return the parts this node has: the first holds OVN's databases."""
    is_first = not node.place.facts.first
    return [part for part in PARTS if is_first or not part.first_only]


def running(node: Node) -> set[str]:
    """Return the names of the parts that are alive."""
    processes = node.inside.processes()
    return {part.name for part in wanted(node)
            if part.pid(node) in processes}


def start(node: Node, parts: Iterable[Part]) -> None:
    """Start parts side by side, each after those it needs."""
    todo = list(parts)
    done = {part.name: threading.Event() for part in todo}
    failures: list[Exception] = []

    def begin(part: Part) -> None:
        for name in part.after:
            if name in done:
                done[name].wait()
        try:
            if not failures:
                part.start(node)
        except Exception as error:
            failures.append(error)
        finally:
            done[part.name].set()

    threads = [threading.Thread(target=begin, args=(part,))
               for part in todo]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _start_switch_database(node: Node) -> None:
    # Nothing in it is worth keeping once the guests' devices are gone.
    database = node.place.home / "ovs" / "conf.db"
    if not database.exists():
        node.inside.run("ovsdb-tool", "create", str(database), _OVS_SCHEMA)
    node.inside.run(
        "ovsdb-server", str(database),
        "--remote=punix:/run/openvswitch/db.sock",
        "--pidfile=/run/openvswitch/ovsdb-server.pid",
        "--detach", "--no-chdir", node.log("ovsdb-server"))
    _share(node, "openvswitch/db.sock")
    node.inside.run("ovs-vsctl", "--no-wait", *_switch_setup(node))


def _switch_setup(node: Node) -> list[str]:
    facts = node.place.facts
    remote = "unix:/run/ovn/ovnsb_db.sock"
    if facts.first:
        remote = f"tcp:198.19.{facts.number}.1:{_SB_PORT}"
    setup = [
        "init", "--", "set", "open", ".",
        f"external-ids:system-id={node.place.name}",
        f"external-ids:hostname={node.place.name}",
        f"external-ids:ovn-remote={remote}",
        "external-ids:ovn-encap-type=geneve",
        f"external-ids:ovn-encap-ip={facts.encap_ip}",
        "external-ids:ovn-bridge-datapath-type=netdev",
        "external-ids:ovn-monitor-all=true",
        *_bridge("br-int", "secure"), *_bridge("br-phy", "standalone")]
    if facts.first:
        return [*setup, *_port("br-phy", "phy0")]
    return [
        *setup, "--", "set", "open", ".",
        "external-ids:ovn-bridge-mappings=physnet1:br-ex",
        "external-ids:ovn-cms-options=enable-chassis-as-gw",
        *_bridge("br-ex", "standalone"), *_port("br-ex", "ext0")]


def _bridge(name: str, fail_mode: str) -> list[str]:
    return ["--", "--may-exist", "add-br", name, "--", "set", "bridge",
            name, "datapath_type=netdev", f"fail_mode={fail_mode}"]


def _port(bridge: str, name: str) -> list[str]:
    return ["--", "--may-exist", "add-port", bridge, name]


def _start_switch(node: Node) -> None:
    node.inside.run(
        "ovs-vswitchd", "--disable-system", "--detach", "--no-chdir",
        "--pidfile=/run/openvswitch/ovs-vswitchd.pid",
        node.log("ovs-vswitchd"), "unix:/run/openvswitch/db.sock")
    # Waits until the bridges are there.
    node.inside.run("ovs-vsctl", "--timeout=20", "set", "open", ".",
                    "external-ids:started=true")
    facts = node.place.facts
    node.inside.run("ethtool", "-K", "br-phy", "tx", "off")
    node.inside.run("ip", "-batch", "-", text=(
        f"addr replace {facts.encap_ip}/24 dev br-phy\n"
        "link set br-phy up\n"))


def _start_ovn_database(node: Node, which: str) -> None:
    database = node.place.home / "ovn" / f"{which}.db"
    schema = _OVN_SCHEMA.format(which)
    if not database.exists():
        node.inside.run("ovsdb-tool", "create", str(database), schema)
    elif node.inside.run("ovsdb-tool", "needs-conversion",
                         str(database), schema).strip() == "yes":
        node.inside.run("ovsdb-tool", "convert", str(database), schema)
    node.inside.run(
        "ovsdb-server", str(database), "--detach", "--no-chdir",
        f"--remote=punix:/run/ovn/ovn{which}_db.sock",
        f"--unixctl=/run/ovn/ovn{which}_db.ctl",
        f"--pidfile=/run/ovn/ovn{which}_db.pid", node.log(f"ovn-{which}"))
    _share(node, f"ovn/ovn{which}_db.sock")


def _start_northbound(node: Node) -> None:
    _start_ovn_database(node, "nb")


def _start_southbound(node: Node) -> None:
    _start_ovn_database(node, "sb")


def open_southbound(node: Node) -> None:
    """Let the other nodes of the cloud read the southbound database."""
    remote = f"ptcp:{_SB_PORT}:{node.place.facts.encap_ip}"
    control = ("ovs-appctl", "-t", "/run/ovn/ovnsb_db.ctl")
    listed = node.inside.run(*control, "ovsdb-server/list-remotes")
    if remote not in listed:
        node.inside.run(*control, "ovsdb-server/add-remote", remote)


def _start_northd(node: Node) -> None:
    node.inside.run(
        "ovn-northd", "--detach", "--no-chdir",
        "--ovnnb-db=unix:/run/ovn/ovnnb_db.sock",
        "--ovnsb-db=unix:/run/ovn/ovnsb_db.sock",
        "--unixctl=/run/ovn/ovn-northd.ctl",
        "--pidfile=/run/ovn/ovn-northd.pid", node.log("ovn-northd"))


def _start_controller(node: Node) -> None:
    node.inside.run(
        "ovn-controller", "--detach", "--no-chdir",
        "--pidfile=/run/ovn/ovn-controller.pid",
        node.log("ovn-controller"), "unix:/run/openvswitch/db.sock")


def _start_log_daemon(node: Node) -> None:
    node.inside.run("virtlogd", "--daemon",
                    "--pid-file=/run/libvirt/virtlogd.pid")


def _start_libvirt(node: Node) -> None:
    node.inside.run("libvirtd", "--daemon",
                    "--pid-file=/run/libvirt/libvirtd.pid")
    # It accepts before its drivers are ready, and answers after.
    node.inside.run("virsh", "--quiet", "--connect", "qemu:///system",
                    "uri")


def _share(node: Node, socket: str) -> None:
    """Let the control plane's user connect."""
    path: pathlib.Path = node.place.run / socket
    os.chown(path, 0, node.group)
    path.chmod(0o770)


PARTS = (
    Part("ovsdb-server", "openvswitch/ovsdb-server.pid",
         _start_switch_database),
    Part("ovs-vswitchd", "openvswitch/ovs-vswitchd.pid", _start_switch,
         after=("ovsdb-server",)),
    Part("ovn-nb", "ovn/ovnnb_db.pid", _start_northbound, first_only=True),
    Part("ovn-sb", "ovn/ovnsb_db.pid", _start_southbound, first_only=True),
    Part("ovn-northd", "ovn/ovn-northd.pid", _start_northd,
         after=("ovn-nb", "ovn-sb"), first_only=True),
    Part("ovn-controller", "ovn/ovn-controller.pid", _start_controller,
         after=("ovs-vswitchd", "ovn-sb")),
    Part("virtlogd", "libvirt/virtlogd.pid", _start_log_daemon),
    Part("libvirtd", "libvirt/libvirtd.pid", _start_libvirt,
         after=("virtlogd",)),
)
