"""QEMU's tools behind walls: what they may do, and what they may not."""

import pathlib
import re
import socket
import subprocess

import pytest

from common import process, qemu_img

ROOT = pathlib.Path(__file__).parents[3]
GIB = 1 << 30


def info(path):
    return subprocess.run(
        ["qemu-img", "info", "-U", str(path)], capture_output=True,
        text=True, check=True).stdout


@pytest.fixture
def disk(tmp_path):
    path = str(tmp_path / "disk of somebody.qcow2")
    qemu_img.create(path, "qcow2", GIB)
    return path


def test_create_and_resize(disk):
    qemu_img.resize(disk, "qcow2", 3 * GIB)

    assert "virtual size: 3 GiB" in info(disk)


def test_nothing_is_created_over_a_file(disk):
    with pytest.raises(FileExistsError):
        qemu_img.create(disk, "qcow2", GIB)


def test_disk_with_content_beyond_the_bound_grows(disk):
    """What is there does not count, only what is added."""
    with open(disk, "r+b") as file:
        file.truncate(5 * GIB)

    qemu_img.resize(disk, "qcow2", 5000 * GIB)

    assert "virtual size: 4.88 TiB" in info(disk)


def test_backing_file_is_named_and_not_opened(tmp_path):
    path = str(tmp_path / "overlay")

    qemu_img.create(path, "qcow2", GIB, backing=("/no/such/base", "raw"))

    assert b"/no/such/base" in pathlib.Path(path).read_bytes()


def test_copy_and_put(tmp_path):
    raw, part, path = tmp_path / "raw", tmp_path / "part", tmp_path / "disk"
    raw.write_bytes(b"begin" + bytes(1 << 20))
    part.write_bytes(b"p" * 512)

    qemu_img.compress(str(raw), str(path))
    qemu_img.put(str(path), "qcow2", 65536, str(part))

    back = tmp_path / "back"
    subprocess.run(["qemu-img", "convert", "-O", "raw", path, back],
                   check=True)
    content = back.read_bytes()
    assert content.startswith(b"begin")
    assert content[65536:66050] == b"p" * 512 + bytes(2)


def test_file_that_is_another_disk_is_out_of_reach(tmp_path, disk):
    """As of a header that names the host's files."""
    secret = tmp_path / "secret"
    secret.write_text("postgresql://compute:password@db/compute")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw",
                    "-b", secret, disk], check=True)

    with pytest.raises(process.Failed, match="No such file"):
        qemu_img.run("qemu-io", "-r", "-f", "qcow2", "-c", "read 0 512",
                     "/disk", disk=disk)


@pytest.mark.parametrize("path", ["/etc/shadow", "/proc/1/environ", "/root",
                                  "/var/lib", "/run", "/home", "/sys"])
def test_host_is_out_of_sight(disk, path):
    with pytest.raises(process.Failed, match="No such file"):
        qemu_img.run("ls", path, disk=disk)


def test_config_is_out_of_sight(tmp_path, disk):
    config = tmp_path / "pileus.conf"
    config.write_text("[compute]\ndatabase = postgresql://u:p@db/x\n")

    with pytest.raises(process.Failed, match="No such file"):
        qemu_img.run("cat", str(config), disk=disk)


def test_no_network(disk):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    connect = ("import socket;"
               f"socket.create_connection(('127.0.0.1', {port}), 5)")

    with listener, pytest.raises(process.Failed, match="refused"):
        qemu_img.run("/usr/bin/python3", "-c", connect, disk=disk)


def test_neither_rights_nor_a_name(disk):
    status = qemu_img.run("python3", "-c", (
        "import os; print(os.getuid(), os.getpid());"
        "import ctypes; print(ctypes.CDLL(None).mount("
        "b'none', b'/usr', b'tmpfs', 0, None))"), disk=disk)

    uid, pid, mounted = status.split()
    assert uid == "65534"
    assert int(pid) < 10
    assert mounted == "-1"


def test_bounds(disk):
    said = qemu_img.run("python3", "-c", (
        "import resource as r; print(*(r.getrlimit(k)[1] for k in ("
        "r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE)))"),
        disk=disk)

    memory, cpu, growth, core = map(int, said.split())
    assert memory == 2 * GIB
    assert cpu == 30
    assert GIB < growth < GIB + (1 << 20)
    assert core == 0


def test_what_takes_too_long_is_ended(disk):
    with pytest.raises(process.Failed, match="no end after"):
        qemu_img.run("sleep", "77.5", disk=disk, timeout=0.2)

    running = subprocess.run(["ps", "axo", "args"], capture_output=True,
                             text=True, check=True).stdout
    assert "\nsleep 77.5" not in running


def test_nothing_else_runs_the_tools():
    run = re.compile(r"""["']qemu-(img|io|nbd)["']""")
    packages = ("blockstore", "cli", "common", "compute", "identity",
                "imagestore", "network", "objectstore")
    found = {str(path.relative_to(ROOT)) for package in packages
             for path in (ROOT / package).rglob("*.py")
             if run.search(path.read_text())}

    # The doctor only looks whether they are there.
    assert found == {"common/qemu_img.py", "cli/commands/doctor.py"}
