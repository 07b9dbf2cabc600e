"""The Debian image: built, and booted by the cloud. It takes long.

Only with PILEUS_TEST_DEBIAN=1, or with the path of an image that was built
with TEMPLATE, in place of 1.
"""

import json
import os
import pathlib
import re
import sys
import time

import pytest

from tests.dataplane import conftest
from tests.dataplane.imagestore import guest as guests

ASKED = os.environ.get("PILEUS_TEST_DEBIAN")
pytestmark = [
    pytest.mark.skipif(not ASKED, reason="takes half an hour; see above"),
    pytest.mark.timeout(3600)]

TEMPLATE = """
packages: [jq]
first_boot:
  - |
    #!/bin/sh
    echo "made of $(hostname)" >> /root/first
    jq --version >> /root/first
"""
USER_DATA = """#!/bin/sh
tell() { echo "says: $*" > /dev/console; }
tell source $(cloud-init query subplatform)
tell size $(df -k --output=size / | tail -n1)
tell first $(cat /root/first)
tell failed $(systemctl --failed --plain --no-legend)
tell keys $(ls /etc/ssh/ssh_host_*_key | wc -l) id $(cat /etc/machine-id)
tell end
"""


@pytest.fixture(scope="module")
def debian(scratch):
    if ASKED != "1":
        return pathlib.Path(ASKED)
    template, path = scratch / "t.yaml", scratch / "debian.qcow2"
    template.write_text(TEMPLATE)
    begun = time.monotonic()
    conftest.run(
        sys.executable, "-m", "imagestore.build", "debian", "--output",
        path, "--template", template, "--cache", guests.cache_folder(),
        timeout=3000)
    print(f"built in {time.monotonic() - begun:.0f} s, "
          f"{path.stat().st_size >> 20} MiB")
    return path


@pytest.fixture
def peek(debian, tmp_path):
    """Run a command of debugfs on the root file system."""
    raw = tmp_path / "raw"
    conftest.run("qemu-img", "convert", "-O", "raw", debian, raw)
    return lambda command: conftest.run(
        "debugfs", "-R", command, f"{raw}?offset={1 << 20}")


def test_image_holds_no_secrets(debian, peek):
    info = json.loads(conftest.run(
        "qemu-img", "info", "--output=json", debian))
    assert (info["format"], info["virtual-size"]) == ("qcow2", 2 << 30)
    assert "ssh_host" not in peek("ls -p /etc/ssh")
    assert peek("cat /etc/machine-id") == ""
    for line in peek("cat /etc/shadow").splitlines():
        assert line.split(":")[1][:1] in ("*", "!"), line
    uris = {line.split()[1] for line in peek(
        "cat /etc/apt/sources.list").splitlines()}
    assert uris == {"http://deb.debian.org/debian",
                    "http://deb.debian.org/debian-security"}
    for name in ("/etc/resolv.conf", "/usr/sbin/policy-rc.d",
                 "/var/lib/dbus/machine-id"):
        assert peek(f"cat {name}") == ""
    for folder in ("/var/lib/apt/lists", "/var/cache/apt/archives"):
        assert not re.search(r"_Packages|\.deb/", peek(f"ls -p {folder}"))


@pytest.fixture(scope="module")
def network(cloud, debian, scratch):
    """A network, a flavor, a key; return the key's file."""
    key = scratch / "debian-key"
    conftest.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    conftest.run(conftest.ROOT / "pileus", "image", "import", debian,
                 "--name", "debian", env=os.environ | cloud.env)
    for words in (
            "network create dn",
            "subnet create --network dn --subnet-range 10.9.0.0/24 ds",
            "router create dr", "router set --external-gateway public dr",
            "router add subnet dr ds",
            f"keypair create --public-key {key}.pub dk",
            "security group create dg",
            "security group rule create --protocol tcp --dst-port 22 dg",
            "flavor create --ram 768 --disk 5 --vcpus 1 d1"):
        cloud.openstack(*words.split())
    return key


def test_servers_take_user_data_both_ways(cloud, network, scratch):
    begun = time.monotonic()
    script = scratch / "debian.sh"
    script.write_text(USER_DATA)
    ways = {"drive": ["--config-drive", "True"], "service": []}
    for name, options in ways.items():
        cloud.openstack(
            "server", "create", "--image", "debian", "--flavor", "d1",
            "--network", "dn", "--key-name", "dk", "--security-group", "dg",
            "--user-data", script, *options, "--wait", name)
    address = cloud.ask("floating", "ip", "create",
                        "public")["floating_ip_address"]
    cloud.openstack("server", "add", "floating", "ip", "service", address)

    told = {name: wait_for_end(cloud, name) for name in ways}

    print(f"both are through after {time.monotonic() - begun:.0f} s")
    assert "config-disk" in told["drive"]["source"]
    assert "169.254.169.254" in told["service"]["source"]
    for name, said in told.items():
        assert f"made of {name} jq-1." in said["first"]
        assert int(said["size"]) > 4_500_000
        assert said["failed"] == ""
        assert re.fullmatch("[1-9] id [0-9a-f]{32}", said["keys"])
    assert told["drive"]["keys"] != told["service"]["keys"]
    assert cloud.ssh(network, address, "hostname; sudo id -u",
                     user="debian", patience=60).split() == ["service", "0"]


def wait_for_end(cloud, name):
    """Return what user data tell, by the first word."""
    def said():
        log = cloud.openstack("console", "log", "show", name)
        return log if "says: end" in log else None
    log = conftest.wait_for(said, 2400, f"end of user data of {name}")
    return {word: rest.strip() for word, rest in re.findall(
        r"says: (\w+)([^\r\n]*)", log)}
