"""What the tests of the agent share."""

import uuid

from common import concurrency
from compute import spec as specs


def make_spec(**changes):
    """Return the specification of a small server."""
    values = {
        "server_id": str(uuid.uuid4()), "name": "vm one",
        "hostname": "vm-one", "project_id": "p1", "user_id": "u1",
        "generation": 1, "image": None,
        "flavor": specs.Flavor("m1.tiny", 1, 128, 1),
        "shutdown_timeout_s": 0}
    return specs.ServerSpec(**(values | changes))


def make_nic(**changes):
    return specs.Nic(**({
        "port_id": str(uuid.uuid4()), "mac": "fa:16:3e:00:00:01",
        "network_id": str(uuid.uuid4()), "mtu": 1442} | changes))


def make_volume(socket="/nowhere.sock", **changes):
    volume_id = str(uuid.uuid4())
    return specs.Volume(**({
        "volume_id": volume_id, "attachment_id": str(uuid.uuid4()),
        "connection_info": {"driver_volume_type": "nbd", "data": {
            "transport": "unix", "socket": str(socket),
            "export": volume_id, "serial": volume_id}}} | changes))


def wait_for(condition, timeout=10):
    """Return the first true value of ``condition``."""
    with concurrency.Timeout(timeout):
        while not (value := condition()):
            concurrency.sleep(0.02)
        return value
