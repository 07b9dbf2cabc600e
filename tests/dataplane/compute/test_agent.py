"""The agent with its real driver, asked over the bus as conductors do."""

import json
import subprocess
import time
import uuid

import pytest

from cli import node as nodes
from common import concurrency, rpc
from common.context import service_context
from common.exceptions import ServiceUnavailable
from compute.agent.app import assemble
from compute.agent_api import ComputeAgentAPI
from compute.conductor_api import ConductorAPI
from tests.unit.compute_agent.things import wait_for

#: How much more than libvirt alone a start may take, in seconds.
OVERHEAD_S = 1.0


class Conductor(ConductorAPI):
    """Wants what a test puts into it."""

    def __init__(self):
        self.wanted = {}
        self.told = []

    def register(self, ctx, *, host, host_uuid, facts):
        return {"provider_id": "p", "report_interval_s": 1}

    def report(self, ctx, *, host, servers):
        return {"registered": True}

    def desired(self, ctx, *, host):
        return {"servers": [
            spec.to_json() for spec in self.wanted.values()]}

    def lifecycle(self, ctx, *, host, server_id, event, generation):
        self.told.append((server_id, event))

    def wake(self, ctx):
        pass


@pytest.fixture
def conductor():
    return Conductor()


class Store:
    """Takes the data of images."""

    def __init__(self):
        self.sent = {}

    def send(self, image_id, read):
        self.sent[image_id] = b"".join(read())


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def daemon(conf, session_driver, conductor, store):
    bus = rpc.Bus("memory://", exchange="agent-test")
    bus.serve(conductor, "c1")
    conf.set_override("reconcile_interval", 1, "compute_agent")
    made = assemble(conf, bus, session_driver, "owner-1", store)
    for action in made.starting:
        action()
    threads = [concurrency.spawn(loop.run_forever) for loop in made.loops]
    made.bus = bus
    wait_for(lambda: not any(map(_failing, made.checks.values())))
    yield made
    for loop in made.loops:
        loop.stop()
    for thread in threads:
        thread.wait()
    bus.stop()


def _failing(check):
    try:
        check()
    except RuntimeError:
        return True
    return False


@pytest.fixture
def agent(daemon):
    return daemon.bus.client(ComputeAgentAPI, "node1")


@pytest.fixture
def ctx():
    return service_context()


@pytest.fixture
def wanted(conductor, spec, agent, ctx):
    """A server that the conductor knows of and works on."""
    spec.power = "leave"
    conductor.wanted[spec.server_id] = spec
    yield spec
    # By the agent, which would start again what we took away behind it.
    spec.power = "leave"
    agent.destroy(ctx, server_id=spec.server_id,
                  generation=spec.generation + 100)


def state(agent_driver, spec):
    try:
        return agent_driver.guest(spec.server_id).power_state
    except ServiceUnavailable:
        return "unknown"


def test_a_server_from_spawn_to_destroy(agent, ctx, conductor, wanted,
                                        driver, traces):
    server_id = wanted.server_id
    port_id = wanted.nics[0].port_id
    wanted.wait_for_ports = [port_id]
    spec = wanted.to_json()
    assert agent.spawn(ctx, spec=spec)["power_state"] == "paused"
    assert agent.plugged(ctx, server_id=server_id, port_ids=[port_id])[
        "power_state"] == "running"
    wait_for(lambda: "GRUB" in (text := agent.console_log(
        ctx, server_id=server_id, lines=-1)) or "tiny" in text, timeout=60)
    assert agent.power(ctx, server_id=server_id, action="hard_reboot",
                       spec=spec)["power_state"] == "paused"

    assert {"domain", "files", "log"} <= set(traces(server_id))

    del conductor.wanted[server_id]
    agent.destroy(ctx, server_id=server_id, generation=2)
    assert traces(server_id) == []
    assert conductor.told == []


def test_started_again_after_the_node_restarts(agent, ctx, conductor,
                                               wanted, driver, node):
    agent.spawn(ctx, spec=wanted.to_json())
    wanted.power = "running"
    nodes.stop(node.state)
    nodes.start(node.state)
    wait_for(lambda: state(driver, wanted) == "running", timeout=30)
    assert conductor.told == []


def test_a_guest_ended_by_the_host_is_started_again(
        agent, ctx, conductor, wanted, driver, inside):
    agent.spawn(ctx, spec=wanted.to_json())
    wanted.power = "running"
    inside("pkill", "-TERM", "-f", wanted.server_id)
    wait_for(lambda: state(driver, wanted) == "shutdown")
    wait_for(lambda: state(driver, wanted) == "running", timeout=30)
    assert conductor.told == []


def test_a_killed_guest_is_told_and_started_again(
        agent, ctx, conductor, wanted, driver, inside):
    agent.spawn(ctx, spec=wanted.to_json())
    wanted.power = "running"
    inside("pkill", "-9", "-f", wanted.server_id)
    wait_for(lambda: conductor.told, timeout=10)
    assert conductor.told[0] == (wanted.server_id, "crashed")
    wait_for(lambda: state(driver, wanted) == "running", timeout=30)


def test_a_stray_is_removed(agent, ctx, conductor, wanted, traces):
    agent.spawn(ctx, spec=wanted.to_json())
    conductor.wanted.clear()
    wait_for(lambda: traces(wanted.server_id) == [], timeout=30)


def test_spawn_costs_little_more_than_libvirt(agent, ctx, wanted, inside,
                                              driver):
    """Three times each; the best of both are compared."""
    spec = wanted.to_json()
    domain = f"instance-{wanted.server_id}"
    ours, theirs = [], []
    for generation in range(1, 6, 2):
        spec["generation"] = generation
        started = time.monotonic()
        agent.spawn(ctx, spec=spec)
        ours.append(time.monotonic() - started)
        inside("virsh", "destroy", domain)
        started = time.monotonic()
        inside("virsh", "start", domain)
        theirs.append(time.monotonic() - started)
        agent.destroy(ctx, server_id=wanted.server_id,
                      generation=generation + 1)
    print(f"\nspawn {min(ours):.2f} s, virsh start {min(theirs):.2f} s")
    assert min(ours) < min(theirs) + OVERHEAD_S


def _flat(path, data):
    """Return what qemu-img says of a copy, and of the disk in it."""
    path.write_bytes(data)
    told = json.loads(subprocess.run(
        ["qemu-img", "info", "-f", "qcow2", "--output=json", str(path)],
        check=True, capture_output=True, text=True).stdout)
    subprocess.run(["qemu-img", "check", "-q", "-f", "qcow2", str(path)],
                   check=True)
    return told


@pytest.mark.parametrize("power", ["running", "stopped"])
def test_disk_is_copied_whole(agent, ctx, wanted, store, driver, node,
                              image_file, tmp_path, power):
    """Nothing lies beneath the copy, and the guest starts from it."""
    server_id, spec = wanted.server_id, wanted.to_json()
    agent.spawn(ctx, spec=spec)
    if power == "stopped":
        agent.power(ctx, server_id=server_id, action="stop", spec=spec)
    image_id = str(uuid.uuid4())
    agent.copy_disk(ctx, server_id=server_id, image_id=image_id, spec=spec)
    agent.upload_disk(ctx, server_id=server_id, image_id=image_id)

    told = _flat(tmp_path / "copy.qcow2", store.sent[image_id])
    assert "backing-filename" not in told
    assert told["virtual-size"] == wanted.flavor.disk_gib << 30
    assert len(store.sent[image_id]) > 10 << 20
    if power == "stopped":
        done = subprocess.run(
            ["qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2",
             str(tmp_path / "copy.qcow2"), str(image_file)])
        assert done.returncode == 0

    agent.drop_copy(ctx, server_id=server_id, image_id=image_id)
    folder = node.home / "instances" / server_id
    assert list(folder.glob("copy-*")) == []
    assert agent.power(ctx, server_id=server_id, action="start",
                       spec=spec)["power_state"] == "running"
