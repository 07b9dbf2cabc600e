"""Print the figures of this machine; see ``tests/bench/run``."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from tests import tenant as tenants
from tests.dataplane.conftest import ROOT, Cloud, run
from tests.dataplane.test_faults import Door, control_pid
from tests.openstack import Shell

ROUNDS = 3


def main() -> None:
    """Start a cloud of its own, measure, and remove it."""
    say("load", " ".join(map(str, os.getloadavg())))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pileus-", dir="/tmp"))
    folder.chmod(0o755)
    shell = Shell()
    cloud = Cloud(folder / "s", shell)
    try:
        say("up, fresh", f"{timed(lambda: cloud.pileus('up')):.1f} s")
        say("down", f"{timed(lambda: cloud.pileus('down')):.1f} s")
        say("up, again", f"{timed(lambda: cloud.pileus('up')):.1f} s")
        time.sleep(15)
        memory(cloud)
        servers(cloud, folder)
    finally:
        cloud.pileus("down")
        shell.close()
        shutil.rmtree(folder)
    subprocess.run([sys.executable, "-m", "tests.bench.rpc"], cwd=ROOT,
                   check=False)
    say("load", " ".join(map(str, os.getloadavg())))


def say(what: str, figure: str) -> None:
    """Print one figure."""
    print(f"{what:40} {figure}", flush=True)


def timed(act: Callable[[], object]) -> float:
    """Return how many seconds ``act`` takes."""
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def memory(cloud: Cloud) -> None:
    """Print the memory of the idle cloud, libvirt aside."""
    total = 0.0
    for name, kib in processes(cloud):
        if not name.startswith(("libvirtd", "virtlogd", "qemu")):
            total += kib
            say(f"  PSS {name}", f"{kib / 1024:.0f} MiB")
    say("PSS of the control plane, with OVN", f"{total / 1024:.0f} MiB")


def processes(cloud: Cloud) -> Iterator[tuple[str, int]]:
    """Return name and PSS, in KiB, of every process of the cloud."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            environ = (process / "environ").read_bytes()
            lines = (process / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        text = b" ".join(command).decode(errors="replace")
        if str(cloud.state) in text or (
                str(cloud.state).encode() in environ
                and b"privsep" in environ + text.encode()) or (
                "privsep-helper" in text and ours(process, cloud)):
            kib = next(int(line.split()[1]) for line in lines
                       if line.startswith("Pss:"))
            yield short(text), kib


def ours(process: pathlib.Path, cloud: Cloud) -> bool:
    """Say whether a helper is in the node of this cloud."""
    pid = (cloud.state / "node/node1/init").read_text().split()[0]
    try:
        return os.readlink(process / "ns/mnt") == os.readlink(
            f"/proc/{pid}/ns/mnt")
    except OSError:
        return False


def short(text: str) -> str:
    """Return what a command line is, in a word."""
    for part in ("cli.cloud.keeper", "cli.cloud.control", "privsep-helper"):
        if part in text:
            return part
    return pathlib.Path(text.split()[0]).name


def servers(cloud: Cloud, folder: pathlib.Path) -> None:
    """Print how long a server takes to ACTIVE, and virsh to start it."""
    tenant = Door(cloud).tenant()
    file = folder / "tiny.qcow2"
    run(ROOT / "pileus", "image", "build", "tiny", "--output", file)
    image = tenant.upload("tiny", file)
    network = tenant.network("bench", "10.9.0.0/24")
    made = tenant.boot("first", image, network)
    tenant.settled(made)
    tenant.delete(made)
    actives, starts = [], []
    for number in range(ROUNDS):
        begun = time.monotonic()
        made = tenant.boot(f"s{number}", image, network)
        while tenant.server(made)["status"] == "BUILD":
            time.sleep(0.05)
        actives.append(time.monotonic() - begun)
        starts.append(plain_start(cloud, made))
        tenant.delete(made)
    say("server create to ACTIVE, best", f"{min(actives):.2f} s")
    say("virsh start, best", f"{min(starts):.2f} s")
    tenants.eventually(lambda: not json.loads(
        cloud.openstack("server", "list", "-f", "json")), 60)


def plain_start(cloud: Cloud, server: str) -> float:
    """Return how long virsh takes to start the domain of a server."""
    control = control_pid(cloud)
    # The agent would start it again at once.
    os.kill(control, signal.SIGSTOP)
    try:
        cloud.enter("virsh", "destroy", server)
        return timed(lambda: cloud.enter("virsh", "start", server))
    finally:
        os.kill(control, signal.SIGCONT)


if __name__ == "__main__":
    main()
