"""Nodes: started, repaired and taken away without a trace."""

import os
import signal
import subprocess
import tempfile
import urllib.request

import pytest

from cli import node as nodes
from cli.node import container, layout
from common import kvm
from tests.dataplane import conftest

#: A web server in a namespace on the integration bridge, and a client.
_SERVER = """
ip netns add guest
ip link add guest0 type veth peer name guest1
ip link set guest0 netns guest
ip link set guest1 up
ip -n guest link set guest0 address {mac} up
ip -n guest addr add {address}/24 dev guest0
ip -n guest route add default via 10.9.0.1
ip netns exec guest ethtool -K guest0 tx off
ovs-vsctl add-port br-int guest1 -- set interface guest1 \
    external-ids:iface-id={port}
"""
_TOPOLOGY = """
lr-add r -- set logical_router r options:chassis=node1
-- ls-add n -- lrp-add r rn 02:00:00:00:00:01 10.9.0.1/24
-- lsp-add n nr -- lsp-set-type nr router -- lsp-set-addresses nr router
-- lsp-set-options nr router-port=rn
-- ls-add pub -- lrp-add r rp 02:00:00:00:00:02 {net}.10/24
-- lsp-add pub pr -- lsp-set-type pr router -- lsp-set-addresses pr router
-- lsp-set-options pr router-port=rp
-- lsp-add pub out -- lsp-set-type out localnet
-- lsp-set-addresses out unknown -- lsp-set-options out network_name=physnet1
-- lr-route-add r 0.0.0.0/0 {net}.1 -- lr-nat-add r snat {net}.10 10.9.0.0/24
-- lr-nat-add r dnat_and_snat {net}.11 10.9.0.5
-- lsp-add n p1 -- lsp-set-addresses p1
"""
_FETCH = ("import urllib.request as u;"
          "print(u.urlopen('http://10.9.0.5/', timeout=10).status)")


@pytest.fixture
def state(scratch):
    """A state directory whose node is gone when the test ends."""
    folder = scratch / tempfile.mktemp(prefix="n", dir="")
    yield folder
    for name in reversed(nodes.names(folder)):
        nodes.stop(folder, name)
        if name == "node1":
            assert conftest.traces(folder) == []


def test_all_parts_up_and_gone(state):
    place = nodes.start(state)

    assert nodes.status(state).ready
    nodes.stop(state)
    assert conftest.traces(state) == []
    assert not nodes.status(state).ready
    assert list(place.run.iterdir()) == []
    nodes.stop(state)


@pytest.mark.skipif(kvm.usable(), reason="guests run under KVM here")
def test_not_even_root_opens_a_kvm_that_is_none(state):
    place = nodes.start(state)

    with pytest.raises(container.Failed):
        container.Container(place).run("test", "-w", "/dev/kvm")


def test_stale_folders_of_guests_are_gone_at_a_start(state):
    place = nodes.start(state)
    nodes.stop(state)
    stale = place.home / "libvirt" / "lib" / "qemu" / "domain-1-x"
    stale.mkdir()
    nodes.start(state)
    assert not stale.exists()


def test_second_start_changes_nothing(state):
    nodes.start(state)
    before = nodes.status(state)

    nodes.start(state)

    assert nodes.status(state) == before


@pytest.mark.parametrize("part", ["libvirtd", "ovs-vswitchd", "ovn-northd"])
def test_dead_part_is_started_again(state, part):
    nodes.start(state)
    before = nodes.status(state)
    _kill(state, part)
    assert not nodes.status(state).parts[part]

    nodes.start(state)

    assert nodes.status(state).ready
    assert nodes.status(state).pid == before.pid


def test_all_killed_is_started_again(state):
    place = nodes.start(state)
    os.kill(container.Container(place).pid, signal.SIGKILL)
    conftest.wait_for(lambda: nodes.status(state).pid is None)

    nodes.start(state)

    assert nodes.status(state).ready


def test_sockets_serve_the_control_plane_user_only(state):
    place = nodes.start(state)
    uri = f"qemu+unix:///system?socket={place.run}/libvirt/libvirt-sock"
    northbound = f"--db=unix:{place.run}/ovn/ovnnb_db.sock"
    switch = f"--db=unix:{place.run}/openvswitch/db.sock"
    for argv in (["virsh", "-c", uri, "list"],
                 ["ovn-nbctl", "--timeout=5", northbound, "show"],
                 ["ovs-vsctl", "--timeout=5", switch, "show"]):
        assert _as("pileus", argv) == 0
        assert _as("nobody", argv) != 0


def test_two_clouds_side_by_side(state, scratch):
    other = scratch / "other"
    one, two = nodes.start(state), nodes.start(other)
    try:
        assert one.facts.number != two.facts.number
        assert nodes.status(state).ready
        nodes.stop(state)
        assert nodes.status(other).ready
    finally:
        nodes.stop(other)


def test_ovn_serves_two_nodes_and_the_outside(state, scratch):
    place = nodes.start(state)
    second = nodes.start(scratch / "second", "node2", join=state)
    try:
        net = place.facts.public_cidr.rpartition(".")[0]
        _enter(place, "ovn-nbctl", *_TOPOLOGY.format(net=net).split(),
               "02:00:00:00:00:05 10.9.0.5")
        _enter(place, "ovn-nbctl", "lsp-add", "n", "p2", "--",
               "lsp-set-addresses", "p2", "02:00:00:00:00:06 10.9.0.6")
        _plug(place, "p1", "02:00:00:00:00:05", "10.9.0.5")
        _plug(second, "p2", "02:00:00:00:00:06", "10.9.0.6")
        _enter(place, "sh", "-c", "ip netns exec guest python3 -m"
               " http.server 80 >/dev/null 2>&1 &")
        _enter(place, "ovn-nbctl", "--wait=hv", "sync")

        def reached():
            try:
                return urllib.request.urlopen(
                    f"http://{net}.11/", timeout=5).status == 200
            except OSError:
                return False
        conftest.wait_for(reached, 15)
        assert "200" in _enter(second, "ip", "netns", "exec", "guest",
                               "python3", "-c", _FETCH)
    finally:
        nodes.stop(scratch / "second", "node2")
    assert "phy2" not in _enter(place, "ovs-vsctl", "list-ports", "br-phy")


@pytest.mark.parametrize("path", ["/tmp/a b", "/tmp/a$b", "/tmp/" + "x" * 80])
def test_unusable_path_is_refused(path):
    with pytest.raises(ValueError, match="state directory"):
        nodes.start(path)


def _kill(state, part):
    place = layout.of(state, "node1")
    number = next(
        int((place.run / file).read_text()) for name, file in (
            ("libvirtd", "libvirt/libvirtd.pid"),
            ("ovs-vswitchd", "openvswitch/ovs-vswitchd.pid"),
            ("ovn-northd", "ovn/ovn-northd.pid")) if name == part)
    _enter(place, "kill", "-9", str(number))
    conftest.wait_for(lambda: not nodes.status(state).parts[part], 5)


def _enter(place, *command):
    return conftest.run(place.enter, *command)


def _plug(place, port, mac, address):
    _enter(place, "sh", "-ec", _SERVER.format(
        port=port, mac=mac, address=address))


def _as(user, argv):
    return subprocess.run(
        ["setpriv", "--reuid", user, "--regid",
         "pileus" if user == "pileus" else "nogroup", "--init-groups",
         *argv], capture_output=True).returncode
