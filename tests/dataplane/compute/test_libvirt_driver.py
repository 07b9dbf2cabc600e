"""The libvirt driver keeps the contract, with real guests."""

import pytest

from common import concurrency
from compute import exceptions
from tests.unit.compute_agent import driver_contract, things


class TestLibvirtDriver(driver_contract.DriverContract):
    """Fixtures are those of conftest."""


@pytest.fixture
def booted(driver, spec):
    """A guest that is up as far as its console tells."""
    spec.config_drive = True
    spec.user_data = "IyEvYmluL3NoCmVjaG8gaGVsbG8gZnJvbSB1c2VyIGRhdGEK"
    driver.prepare(spec)
    driver.start(spec, paused=True)
    driver.resume(spec.server_id)
    wait_until_up(driver, spec)
    return spec


def wait_until_up(driver, spec, said=None):
    said = said or f"server {spec.server_id} is ready".encode()
    things.wait_for(lambda: said in driver.console_tail(
        spec.server_id, 1 << 20), timeout=240)


def test_a_guest_lives(driver, booted, volume, inside):
    """It boots, reboots by itself, takes a disk and lets go of it."""
    domain = f"instance-{booted.server_id}"
    assert driver.attach_volume(booted, volume) == "/dev/vdb"
    assert volume.volume_id in inside("virsh", "dumpxml", domain)
    assert volume.volume_id in inside(
        "virsh", "dumpxml", "--inactive", domain)

    driver.detach_volume(booted.server_id, volume.volume_id)
    driver.detach_volume(booted.server_id, volume.volume_id)
    for flags in ([], ["--inactive"]):
        assert volume.volume_id not in inside(
            "virsh", "dumpxml", domain, *flags)

    # A guest that is up goes off when it is asked to.
    driver.stop(booted.server_id, timeout=30)
    assert driver.guest(booted.server_id).ended_itself

    booted.volumes = [volume]
    driver.start(booted)
    wait_until_up(driver, booted)
    assert volume.volume_id in inside("virsh", "dumpxml", domain)


def test_port_added_and_removed(driver, booted, inside):
    nic = things.make_nic(mac="fa:16:3e:00:00:02")
    tap = "tap" + nic.port_id[:11]
    driver.attach_nic(booted, nic)
    assert tap in inside("ovs-vsctl", "list-ports", "br-int")
    driver.detach_nic(booted.server_id, nic.port_id)
    assert tap not in inside("ovs-vsctl", "list-ports", "br-int")


def test_q35(driver, spec, session_driver, monkeypatch, volume):
    """Without the AHCI controller that small kernels do not know."""
    import dataclasses
    monkeypatch.setattr(session_driver, "_settings", dataclasses.replace(
        session_driver._settings, machine="q35"))
    driver.prepare(spec)
    driver.start(spec)
    wait_until_up(driver, spec, b"ssh is ready")
    driver.attach_volume(spec, volume)
    driver.detach_volume(spec.server_id, volume.volume_id)


def test_foreign_domains_are_not_touched(driver, spec, inside, node):
    """A domain without our mark is neither listed nor ended."""
    path = node.home / "foreign.xml"
    path.write_text(
        "<domain type='qemu'><name>foreign</name>"
        f"<uuid>{spec.server_id}</uuid><memory>16384</memory>"
        "<os><type>hvm</type></os></domain>")
    inside("virsh", "create", str(path))
    try:
        assert spec.server_id not in driver.guests()
        driver.stop(spec.server_id)
        driver.destroy(spec.server_id)
        assert "foreign" in inside("virsh", "list", "--name")
    finally:
        inside("virsh", "destroy", "foreign")


def test_definition_of_another_name_gives_way(driver, spec, inside, node):
    driver.prepare(spec)
    driver.start(spec)
    driver.stop(spec.server_id)
    inside("virsh", "domrename", f"instance-{spec.server_id}", "older")
    assert driver.start(spec).domain == f"instance-{spec.server_id}"


def test_a_broken_export_refuses_the_volume(driver, spec):
    driver.prepare(spec)
    driver.start(spec)
    with pytest.raises(exceptions.VolumeNotAttached, match="another one"):
        driver.attach_volume(spec, things.make_volume("/nowhere.sock"))
    with pytest.raises(exceptions.VolumeNotAttached, match="hypervisor"):
        driver.attach_volume(spec, things.make_volume("/etc/hostname"))


def test_an_older_connection_of_the_volume_is_noticed(driver, spec, volume,
                                                      scratch):
    driver.prepare(spec)
    driver.start(spec)
    driver.attach_volume(spec, volume)
    newer = scratch / "newer.sock"
    newer.touch()
    volume.connection_info["data"]["socket"] = str(newer)
    with pytest.raises(exceptions.VolumeNotAttached, match="older"):
        driver.attach_volume(spec, volume)


def test_unknown_bridge_gives_a_reason_without_internals(driver, spec):
    spec.nics[0].bridge = "br-none"
    driver.prepare(spec)
    with pytest.raises(exceptions.GuestNotStarted) as caught:
        driver.start(spec)
    assert "/" not in str(caught.value)


def test_libvirt_restarts(driver, spec, inside, node):
    """Calls fail while it is away, and work again by themselves."""
    from cli import node as nodes
    from common.exceptions import ServiceUnavailable
    driver.prepare(spec)
    driver.start(spec)
    inside("sh", "-c", "kill -9 $(pidof libvirtd)")
    with pytest.raises(ServiceUnavailable):
        for _ in range(50):
            driver.guests()
            concurrency.sleep(0.1)
    nodes.start(node.state)

    def answers():
        try:
            return driver.guest(spec.server_id).power_state == "running"
        except ServiceUnavailable:
            return False
    things.wait_for(answers, timeout=20)
    driver.stop(spec.server_id)
    heard = []
    driver.listen(lambda *event: heard.append(event))
    driver.start(spec)
    things.wait_for(lambda: (spec.server_id, "started") in heard)
