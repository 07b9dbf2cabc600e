"""A cloud as its operator sees it: up, down, killed, broken, two of them."""

import os
import pathlib
import signal
import socket
import subprocess
import time

from tests.dataplane import conftest


def _process(cloud, role):
    return int((cloud.state / "host" / f"{role}.pid").read_text().split()[0])


def test_killed_control_plane_comes_back_by_itself(cloud):
    before = _process(cloud, "control")

    os.kill(before, signal.SIGKILL)

    conftest.wait_for(lambda: _process(cloud, "control") != before, 20)
    conftest.wait_for(lambda: _is_ready(cloud), 40, "control plane")


def test_killed_keeper_and_control_plane_come_up_again(cloud):
    for role in ("keeper", "control"):
        os.kill(_process(cloud, role), signal.SIGKILL)

    cloud.pileus("up")

    assert _is_ready(cloud)


def test_orphaned_control_plane_is_replaced(cloud):
    before = _process(cloud, "control")
    os.kill(_process(cloud, "keeper"), signal.SIGKILL)

    cloud.pileus("up")

    assert _is_ready(cloud)
    assert _process(cloud, "control") != before


def test_dead_part_of_the_node_comes_back_by_itself(cloud):
    cloud.enter("sh", "-c", "kill -9 $(cat /run/libvirt/libvirtd.pid)")

    conftest.wait_for(lambda: _is_ready(cloud), 30, "repair")


def test_daemons_run_as_the_unprivileged_user(cloud):
    status = pathlib.Path(
        f"/proc/{_process(cloud, 'control')}/status").read_text()
    uids = next(line for line in status.splitlines()
                if line.startswith("Uid:")).split()[1:]
    assert "0" not in uids


def test_second_cloud_runs_beside_the_first(cloud, scratch):
    other = conftest.Cloud(scratch / "t")
    try:
        other.pileus("up")
        assert other.env["OS_AUTH_URL"] != cloud.env["OS_AUTH_URL"]
        assert other.env["OS_PASSWORD"] != cloud.env["OS_PASSWORD"]
        assert _is_ready(cloud) and _is_ready(other)
    finally:
        other.pileus("down")
    assert conftest.traces(other.state) == []
    assert _is_ready(cloud)


def test_broken_configuration_is_told_and_leaves_no_process(scratch):
    broken = conftest.Cloud(scratch / "u")
    etc = broken.state / "etc"
    etc.mkdir(parents=True)
    (etc / "pileus.conf").write_text("[identity]\nport = seven\n")
    try:
        done = subprocess.run(
            [conftest.ROOT / "pileus", "up", "--state", broken.state],
            capture_output=True, text=True)
        assert done.returncode == 1
        assert "seven" in done.stderr
        assert not [trace for trace in conftest.traces(broken.state)
                    if "cli.cloud" in trace]
    finally:
        broken.pileus("down")


def test_foreground_tells_the_service_manager_and_stops_on_sigterm(scratch):
    cloud = conftest.Cloud(scratch / "v")
    address = scratch / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        address.chmod(0o777)
        listener.settimeout(60)
        child = subprocess.Popen(
            [conftest.ROOT / "pileus", "up", "--foreground",
             "--state", cloud.state], stderr=subprocess.DEVNULL,
            env=os.environ | {"NOTIFY_SOCKET": str(address)})
        try:
            told = b""
            while b"READY=1" not in told:
                told = listener.recv(65536)
            child.terminate()
            assert child.wait(40) == 0
        finally:
            child.kill()
            cloud.pileus("down")
    assert conftest.traces(cloud.state) == []


def test_help_is_quick():
    times = []
    for _ in range(3):
        begun = time.monotonic()
        conftest.run(conftest.ROOT / "pileus", "--help")
        times.append(time.monotonic() - begun)
    assert min(times) < 0.2 * max(1, os.getloadavg()[0] / 2)


def _is_ready(cloud):
    done = subprocess.run(
        [conftest.ROOT / "pileus", "status", "--state", cloud.state],
        capture_output=True)
    return done.returncode == 0
