"""The main job, line by line, with the users' own unchanged tools.

The tests of the class build on each other, in the order of the file.
"""

import hashlib
import subprocess
import time

import pytest

from tests.dataplane import conftest

USER_DATA = "#!/bin/sh\necho 'from user data' > /root/user-data-was-here\n"


@pytest.fixture(scope="module")
def demo(cloud):
    """What ``pileus demo`` said, and how long it took."""
    begun = time.monotonic()
    said = cloud.pileus("demo", timeout=600)
    return said, time.monotonic() - begun


@pytest.fixture(scope="module")
def key(cloud, scratch, demo):
    """A key of the user's own."""
    file = scratch / "id"
    conftest.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file)
    return file


def _leftovers(cloud, server_id, port_ids):
    """Return what is left of a server: domain, taps, ports, disks, claims."""
    found = [name for name in cloud.enter(
        "virsh", "list", "--all", "--uuid").split() if name == server_id]
    devices = cloud.enter("ovs-vsctl", "list-ports", "br-int").split()
    found += [name for name in devices if any(
        name.startswith("tap") and port[:8] in name for port in port_ids)]
    northbound = cloud.enter("ovn-nbctl", "--bare", "--columns=name",
                             "list", "logical_switch_port").split()
    found += [port for port in port_ids if port in northbound]
    node = cloud.state / "node" / "node1"
    found += [str(path) for path in node.glob("instances/**/*")
              if server_id in str(path) and path.parent.name != "notes"]
    return found


class TestMainJob:

    def test_demo(self, demo):
        said, _ = demo
        assert "The server says" in said
        assert "Linux" in said
        assert "ssh -i" in said

    def test_demo_again_is_quick_and_changes_nothing(self, cloud, demo):
        before = self._everything(cloud)

        begun = time.monotonic()
        said = cloud.pileus("demo")
        took = time.monotonic() - begun

        assert "The server says" in said
        assert took < 15
        assert self._everything(cloud) == before

    def _everything(self, cloud):
        return {what: sorted(row["id"] for row in cloud.rows(kind, what))
                for kind, what in (
                    ("compute", "/servers"), ("network", "/networks"),
                    ("network", "/routers"), ("network", "/floatingips"),
                    ("network", "/ports"), ("image", "/images"),
                    ("network", "/security-groups"))}

    def test_token_issue(self, cloud, demo):
        token = cloud.ask("token", "issue")
        assert token["id"] and token["project_id"]

    def test_clouds_yaml(self, cloud, demo):
        env = {name: value for name, value in cloud.env.items()
               if not name.startswith("OS_")}
        env |= {"OS_CLIENT_CONFIG_FILE": str(cloud.state / "clouds.yaml"),
                "OS_CLOUD": "pileus"}
        assert conftest.run("openstack", "token", "issue", env=env)

    def test_catalog_list(self, cloud, demo):
        kinds = {row["Type"] for row in cloud.ask("catalog", "list")}
        assert {"identity", "image", "network", "compute", "placement",
                "object-store"} <= kinds
        assert kinds & {"volumev3", "block-storage", "volume"}

    def test_image_list(self, cloud, demo):
        images = {row["Name"]: row["Status"]
                  for row in cloud.ask("image", "list")}
        assert images["tiny"] == "active"

    def test_flavor_list(self, cloud, demo):
        assert "m1.tiny" in {row["Name"]
                             for row in cloud.ask("flavor", "list")}

    def test_network_and_subnet_create(self, cloud, demo):
        cloud.openstack("network", "create", "n1")
        subnet = cloud.ask("subnet", "create", "--network", "n1",
                           "--subnet-range", "10.1.0.0/24", "s1")
        assert subnet["gateway_ip"] == "10.1.0.1"

    def test_router_create(self, cloud):
        cloud.openstack("router", "create", "r1")
        cloud.openstack("router", "set", "--external-gateway", "public",
                        "r1")
        cloud.openstack("router", "add", "subnet", "r1", "s1")
        router = cloud.ask("router", "show", "r1")
        assert router["external_gateway_info"]

    def test_keypair_create(self, cloud, key):
        made = cloud.ask("keypair", "create", "--public-key",
                         f"{key}.pub", "k1")
        assert made["fingerprint"]

    def test_security_group_rule_create(self, cloud):
        cloud.openstack("security", "group", "rule", "create",
                        "--protocol", "tcp", "--dst-port", "22", "default")

    def test_server_create(self, cloud, scratch):
        script = scratch / "f.sh"
        script.write_text(USER_DATA)
        server = cloud.ask(
            "server", "create", "--image", "tiny", "--flavor", "m1.tiny",
            "--network", "n1", "--key-name", "k1", "--user-data", script,
            "--wait", "vm1")
        assert server["status"] == "ACTIVE"

    def test_log_in_by_floating_ip(self, cloud, key):
        address = cloud.ask("floating", "ip", "create",
                            "public")["floating_ip_address"]
        cloud.openstack("server", "add", "floating", "ip", "vm1", address)
        type(self).address = address

        said = cloud.ssh(key, address, "hostname")

        assert said.split() == ["vm1"]

    def test_user_data_ran(self, cloud, key):
        conftest.wait_for(lambda: "from user data" in cloud.ssh(
            key, self.address, "sudo cat /root/user-data-was-here || true"))

    def test_console_log_show(self, cloud):
        log = cloud.openstack("console", "log", "show", "vm1")
        assert "login" in log

    def test_server_stop_and_start(self, cloud, key):
        cloud.openstack("server", "stop", "vm1")
        self._wait_status(cloud, "SHUTOFF")
        cloud.openstack("server", "start", "vm1")
        self._wait_status(cloud, "ACTIVE")
        cloud.ssh(key, self.address, "true")

    def test_server_reboot(self, cloud, key):
        self._reboots(cloud, key, "--soft")

    def test_server_reboot_hard(self, cloud, key):
        self._reboots(cloud, key, "--hard")

    def _reboots(self, cloud, key, how):
        boot = "cat /proc/sys/kernel/random/boot_id"
        before = cloud.ssh(key, self.address, boot)
        cloud.openstack("server", "reboot", how, "--wait", "vm1")
        conftest.wait_for(lambda: cloud.ssh(
            key, self.address, boot) != before, 120, "reboot")

    def _wait_status(self, cloud, status):
        conftest.wait_for(lambda: [
            row["status"] for row in cloud.rows(
                "compute", "/servers/detail?name=vm1")] == [status],
            120, status)

    def _wait_available(self, cloud):
        conftest.wait_for(lambda: [
            row["status"] for row in cloud.rows(
                "block-storage", "/volumes/detail")] == ["available"])

    def test_volume_attached_keeps_data(self, cloud, key):
        cloud.openstack("volume", "create", "--size", "1", "v1")
        self._wait_available(cloud)
        cloud.openstack("server", "add", "volume", "vm1", "v1")

        def seen():
            return "vdb" in cloud.ssh(key, self.address, "ls /sys/block")
        conftest.wait_for(seen, 60, "/dev/vdb")
        cloud.ssh(key, self.address,
                  "sudo sh -c 'mkfs.ext4 -q /dev/vdb && mount /dev/vdb /mnt"
                  " && echo kept > /mnt/f && umount /mnt && sync'")

        cloud.openstack("server", "reboot", "--hard", "--wait", "vm1")

        assert "kept" in cloud.ssh(
            key, self.address,
            "sudo sh -c 'mount /dev/vdb /mnt && cat /mnt/f;"
            " umount /mnt'")

    def test_volume_removed_and_deleted(self, cloud, key):
        cloud.openstack("server", "remove", "volume", "vm1", "v1")
        self._wait_available(cloud)
        conftest.wait_for(lambda: "vdb" not in cloud.ssh(
            key, self.address, "ls /sys/block"), 30, "removal")
        cloud.openstack("volume", "delete", "v1")
        conftest.wait_for(
            lambda: not cloud.rows("block-storage", "/volumes"))
        assert not list(cloud.state.glob("volumes/**/*.qcow2"))

    def test_image_create_and_save(self, cloud, scratch):
        file = scratch / "x.qcow2"
        conftest.run("qemu-img", "create", "-q", "-f", "qcow2", file, "8M")
        cloud.openstack("image", "create", "--file", file, "--disk-format",
                        "qcow2", "--container-format", "bare", "x")
        assert cloud.ask("image", "show", "x")["status"] == "active"

        cloud.openstack("image", "save", "--file", f"{file}.2", "x")

        assert (file.read_bytes()
                == file.with_name("x.qcow2.2").read_bytes())

    def test_objects(self, cloud, scratch):
        file = scratch / "object"
        file.write_bytes(b"some bytes\0" * 100_000)
        cloud.openstack("container", "create", "c1")
        made = cloud.ask("object", "create", "--name", "o1", "c1", file)
        digest = hashlib.md5(file.read_bytes()).hexdigest()
        assert made[0]["etag"].strip('"') == digest
        assert [row["Name"] for row in cloud.ask(
            "object", "list", "c1")] == ["o1"]
        cloud.openstack("object", "save", "--file", f"{file}.2", "c1", "o1")
        assert (file.read_bytes()
                == file.with_name("object.2").read_bytes())
        cloud.openstack("object", "delete", "c1", "o1")
        assert cloud.ask("object", "list", "c1") == []
        cloud.openstack("container", "delete", "c1")

    def test_server_delete_leaves_nothing(self, cloud):
        server_id = cloud.ask("server", "show", "vm1")["id"]
        ports = [row["id"] for row in cloud.rows(
            "network", f"/ports?device_id={server_id}")]
        assert ports

        cloud.openstack("server", "delete", "--wait", "vm1")

        deadline = time.monotonic() + 30
        while left := _leftovers(cloud, server_id, ports):
            assert time.monotonic() < deadline, left
            time.sleep(0.5)
        listed = {row["id"] for row in cloud.rows("network", "/ports")}
        assert not listed & set(ports)

    def test_status(self, cloud):
        said = cloud.pileus("status")
        assert "compute-api" in said and "ovn-controller" in said

    def test_doctor(self, cloud):
        assert "WRONG" not in cloud.pileus("doctor")

    def test_down_leaves_nothing_and_up_finds_all(self, cloud, demo):
        cloud.pileus("down")
        assert conftest.traces(cloud.state) == []

        cloud.pileus("up")

        names = {row["Name"] for row in cloud.ask("server", "list")}
        assert names == {"demo"}
        assert "tiny" in {row["Name"] for row in cloud.ask("image", "list")}
        assert "The server says" in cloud.pileus("demo")


def test_secrets_are_in_no_arguments_and_no_environment(cloud):
    password = cloud.env["OS_PASSWORD"].encode()
    tell = subprocess.run(
        ["sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ"],
        capture_output=True).stdout
    assert password not in tell


def test_files_with_secrets_are_closed(cloud):
    for name, allowed in (("etc/pileus.conf", 0o640), ("clouds.yaml", 0o600),
                          ("etc", 0o750), ("host", 0o750), ("log", 0o750)):
        mode = (cloud.state / name).stat().st_mode & 0o777
        assert mode & ~allowed == 0, name


def test_second_up_is_quick(cloud):
    begun = time.monotonic()
    cloud.pileus("up")
    assert time.monotonic() - begun < 2


def test_env_prints_shell_that_a_posix_shell_takes(cloud):
    said = conftest.run("sh", "-ec", 'eval "$("$0" env --state "$1")";'
                        ' env | grep ^OS_', conftest.ROOT / "pileus",
                        cloud.state)
    assert "OS_AUTH_URL=" in said
