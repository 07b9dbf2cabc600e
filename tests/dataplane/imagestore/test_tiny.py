"""What the tiny image promises, seen in real guests under emulation."""

import json
import re
import time

from tests.dataplane.imagestore import guest as guests

USER_DATA = "#!/bin/sh\necho user data runs as $(id -u) >> /root/ran\n"


def test_image_is_small_and_comes_from_the_cache(image):
    assert image.stat().st_size < 40 << 20
    info = json.loads(guests.run(
        "qemu-img", "info", "--output=json", image))
    assert info["format"] == "qcow2"
    assert info["virtual-size"] <= 1 << 30
    assert "backing-filename" not in info


def test_image_passes_our_own_inspection(image):
    from imagestore import inspection
    inspector = inspection.Inspector("bare", "qcow2")
    with image.open("rb") as file:
        while chunk := file.read(1 << 20):
            for look in inspector.looks():
                look(chunk)
    assert inspector.judge().virtual_size > 0


def test_config_drive(guest, public_key, tmp_path):
    """Key, name, user data; tools; growth; reboot; power button."""
    iso = guests.config_drive(
        tmp_path, guests.metadata(public_key, "id-1"), USER_DATA)
    guest.start(iso=iso)
    guest.wait_for("tiny: server id-1 is ready")

    assert guest.ssh("hostname").strip() == "vm1"
    assert guest.ssh("cat /root/ran") == "user data runs as 0\n"
    size_kib = int(guest.ssh("df -k / | tail -n1").split()[1])
    assert size_kib > 900_000
    check_tools(guest)
    check_netcat(guest)
    check_hot_plug(guest, tmp_path)
    check_serial_login(guest)
    host_key = guest.ssh("cat /etc/dropbear/*_host_key | md5sum")

    guest.qmp("system_powerdown")
    guest.wait_off()
    guest.start(iso=iso)
    guest.wait_for("tiny: server id-1 is ready")
    # The same server: the same host key, and user data not run again.
    assert guest.ssh("cat /root/ran") == "user data runs as 0\n"
    assert guest.ssh("cat /etc/dropbear/*_host_key | md5sum") == host_key
    guest.ssh("echo kept > /root/kept; sync")
    guest.kill()

    # Another server from a copy of that disk, after a crash.
    iso = guests.config_drive(
        tmp_path, guests.metadata(public_key, "id-2", "vm2"), USER_DATA)
    guest.start(iso=iso, machine="q35", drive="scsi")
    guest.wait_for("tiny: server id-2 is ready")
    assert guest.ssh("hostname; cat /root/kept").split() == ["vm2", "kept"]
    assert guest.ssh("cat /root/ran").count("user data") == 2
    assert guest.ssh("cat /etc/dropbear/*_host_key | md5sum") != host_key


def check_tools(guest):
    guest.ssh("set -eu; sudo -n true; curl -V >/dev/null 2>&1 || true; "
              "ip -o link; ping -c1 -W2 10.0.2.2; awk 1 /dev/null; "
              "which ping6 mkfs.ext4 blkid lsblk curl nc udhcpc; "
              "sudo sh -c 'echo x > /dev/console'; /bin/kill -0 1")
    assert guest.ssh("echo $SHELL; set -eu; echo -e 'a\\tb'").endswith(
        "a\tb\n")
    disks = guest.ssh("lsblk -lb --nodeps -o NAME,TYPE")
    assert "vda" in disks
    assert guest.ssh("blkid -L config-2").strip() == "/dev/vdb"
    pid = guest.ssh("cat /var/run/udhcpc.eth0.pid").strip()
    guest.ssh(f"sudo /bin/kill -USR1 {pid}; sleep 1; kill -0 {pid}")
    assert "inet 10.0.2.15/24" in guest.ssh("ip -4 addr show eth0")
    assert "nameserver" in guest.ssh("cat /etc/resolv.conf")
    # A router on the wire announces a prefix.
    assert re.search("inet6 fec0:", guest.ssh("ip -6 addr show eth0"))


def check_netcat(guest):
    guest.ssh("nc -lk -p 8080 -e echo hello >/dev/null 2>&1 </dev/null & "
              "sleep 1")
    for _ in range(2):
        assert "hello" in guest.ssh("sleep 1; nc -w 5 127.0.0.1 8080")
    guest.ssh("printf 'HTTP/1.0 200 OK\\r\\n\\r\\nbody' > /tmp/r; "
              "(nc -l -p 8081 < /tmp/r >/dev/null &) ; sleep 1; "
              "curl -s http://127.0.0.1:8081/ > /tmp/got")
    assert guest.ssh("cat /tmp/got") == "body"


def check_hot_plug(guest, tmp_path):
    disk = tmp_path / "volume.raw"
    with disk.open("wb") as file:
        file.truncate(64 << 20)
    guest.qmp("blockdev-add", **{"node-name": "v", "driver": "raw", "file": {
        "driver": "file", "filename": str(disk)}})
    guest.qmp("device_add", driver="virtio-blk-pci", drive="v", id="v1",
              serial="volume-1")
    wait(guest, "test -b /dev/vdc")
    assert "volume-1" in guest.ssh("lsblk -o NAME,SERIAL")
    guest.ssh("set -e; mkfs.ext4 -q /dev/vdc; mkdir -p /mnt/v; "
              "mount /dev/vdc /mnt/v; echo data > /mnt/v/f; umount /mnt/v")
    guest.qmp("device_del", id="v1")
    wait(guest, "! test -e /dev/vdc")
    guest.qmp("netdev_add", type="user", id="n2")
    guest.qmp("device_add", driver="virtio-net-pci", netdev="n2", id="nic2",
              romfile="")
    wait(guest, "ip link show eth1")


def wait(guest, command):
    guest.ssh(f"for i in $(seq 100); do {command} && exit; sleep 0.2; done; "
              "exit 1")


def check_serial_login(guest):
    seen = guest.serial(
        ("login:", "cirros"), ("assword:", "gocubsgo"),
        ("$ ", "echo I am $((40 + 2))"), ("I am 42", "exit"))
    assert "I am 42" in seen


def test_metadata_service(guest, public_key, tmp_path):
    """The service at its address, reached by a route of the network."""
    meta = guests.metadata(public_key, "id-3", "vm3")
    with guests.metadata_service(meta, USER_DATA) as (port, asked):
        # The user network maps one address of its own to the service.
        guest.start(network=",net=169.254.169.0/24,host=169.254.169.2,"
                    "dns=169.254.169.3,dhcpstart=169.254.169.15,"
                    "guestfwd=tcp:169.254.169.254:80-cmd:"
                    + guests.relay(tmp_path, port))
        guest.wait_for("tiny: server id-3 is ready")
        assert guest.ssh("hostname; cat /root/ran").startswith("vm3\nuser")
        assert guest.ssh(
            f"curl -s {guests.META}/meta_data.json").strip() == meta
    assert "/openstack/latest/user_data" in asked


def test_config_drive_as_ide_cdrom(guest, public_key, tmp_path):
    iso = guests.config_drive(
        tmp_path, guests.metadata(public_key, "id-4", "vm4"))
    guest.start(iso=iso, drive="ide")
    guest.wait_for("tiny: server id-4 is ready")

    assert guest.ssh("hostname").strip() == "vm4"


def test_no_metadata_at_all_leaves_the_console(guest):
    begun = time.monotonic()
    guest.start()
    guest.wait_for("login:")
    guest.wait_for("tiny: ssh is ready")

    assert time.monotonic() - begun < 120
    check_serial_login(guest)


def test_image_holds_no_secrets(image, tmp_path):
    """No host keys, no user's keys, no identity: each server makes them."""
    raw = tmp_path / "raw"
    guests.run("qemu-img", "convert", "-O", "raw", image, raw)
    with raw.open("rb") as file:
        file.seek(446 + 8)
        start = int.from_bytes(file.read(4), "little")
    for folder in ("/etc/dropbear", "/var/lib/guest", "/root/.ssh",
                   "/home/cirros/.ssh"):
        listed = guests.run("debugfs", "-R", f"ls -p {folder}",
                            f"{raw}?offset={start * 512}")
        names = [line.split("/")[5] for line in listed.split()]
        assert sorted(names) == [".", ".."], (folder, names)
