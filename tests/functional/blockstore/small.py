"""A cloud of identity and block store alone, with the file driver.

``python -m tests.functional.blockstore.small STATE`` runs it as a process
of its own, to be killed; it says ``ready`` once it is.
"""

# ruff: noqa: E402
from common import concurrency

concurrency.patch()

import pathlib
import sys

import blockstore.app
import identity.app
from common import daemon, log
from tests.functional.cloud import ADMIN_PASSWORD, free_ports

DAEMONS = ["identity-api", "volume-api", "volume-scheduler", "volume-agent"]


def prepare(state: pathlib.Path, driver: str = "file") -> pathlib.Path:
    """Write the options below ``state``, once."""
    path = state / "pileus.conf"
    if path.exists():
        return path
    identity_port, port = free_ports(2)
    path.write_text(
        f"[DEFAULT]\nstate_dir = {state}\nhost = node1\n"
        f"[auth]\nurl = http://127.0.0.1:{identity_port}\n"
        f"[bus]\nexchange = volumes-{port}\n"
        f"[bootstrap]\nadmin_password = {ADMIN_PASSWORD}\n"
        f"[identity]\nport = {identity_port}\n"
        f"[blockstore]\nport = {port}\npassword = functional-blockstore\n"
        f"driver = {driver}\nreconcile_interval = 1\n"
        "quota_volumes = 100\n")
    return path


def start(state: pathlib.Path):
    """Run it in this process; return options and process."""
    daemon.services = lambda: [identity.app.SERVICE, blockstore.app.SERVICE]
    conf = daemon.load_conf([str(prepare(state))])
    daemon.prepare(conf)
    process = daemon.Process(conf, DAEMONS)
    process.start()
    reasons = process.wait_ready(30)
    assert not reasons, reasons
    return conf, process


if __name__ == "__main__":
    log.setup(debug=False, form="plain")
    start(pathlib.Path(sys.argv[1]))
    print("ready", flush=True)
    concurrency.sleep(3600)
