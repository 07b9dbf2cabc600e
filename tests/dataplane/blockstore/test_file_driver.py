"""The file driver keeps the contract, with real storage daemons."""

import grp
import json
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time

import pytest

from blockstore import exceptions
from blockstore.drivers.base import Export
from blockstore.drivers.file import FileDriver, access, images, qmp
from blockstore.drivers.file import exports as exports_module
from tests.unit.blockstore.driver_contract import DriverContract

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-storage-daemon") is None,
    reason="needs qemu-storage-daemon")


def qemu_io(url, *commands):
    """Run commands of qemu-io against the export; return its output."""
    words = [word for command in commands for word in ("-c", command)]
    return subprocess.run(
        ["qemu-io", "-f", "raw", *words, url], check=True, timeout=20,
        capture_output=True, text=True).stdout


def url_of(info):
    data = info["data"]
    return f"nbd+unix:///{data['export']}?socket={data['socket']}"


@pytest.fixture
def directory():
    made = tempfile.mkdtemp(prefix="vol", dir="/tmp")
    yield made
    shutil.rmtree(made)


@pytest.fixture(params=["qcow2", "raw"])
def driver(request, directory):
    made = make(directory, disk_format=request.param)
    made.prepare()
    yield made
    for export in made.exports().values():
        made.disconnect(export, force=True)


def make(directory, **options):
    return FileDriver(directory, f"{directory}/exports", **options)


def pid_of(driver, export):
    return driver._exports._pid(export.attachment_id)


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}/exe") and time.monotonic() < until:
        time.sleep(0.01)


class TestFileDriver(DriverContract):

    def connect_client(self, driver, info, export):
        client = subprocess.Popen(
            ["qemu-io", "-f", "raw", url_of(info)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        client.stdin.write("length\n")
        client.stdin.flush()
        client.stdout.readline()

        def hang_up():
            client.kill()
            client.communicate()
        return hang_up

    def size_gib(self, driver, volume_id):
        backing = driver._existing(volume_id)
        size = images.size_bytes(backing.path, backing.disk_format)
        return size // images.GIB

    def kill_export(self, driver, export):
        kill(pid_of(driver, export))

    def test_reads_zeros_and_keeps_what_is_written(self, driver, export):
        url = url_of(driver.connect(export))
        qemu_io(url, "read -P 0 0 4M", "read -P 0 1020M 4M",
                "write -P 7 512M 1M", "flush")
        driver.disconnect(export)
        again = Export("7" + export.attachment_id[1:], export.volume_id)
        info = driver.connect(again)

        qemu_io(url_of(info), "read -P 7 512M 1M", "read -P 0 513M 1M")
        shown = json.loads(subprocess.check_output(
            ["qemu-img", "info", "-f", "raw", "--output", "json",
             url_of(info)]))
        assert shown["virtual-size"] == images.GIB

    def test_an_old_address_leads_nowhere(self, driver, export):
        old = url_of(driver.connect(export))
        driver.disconnect(export)
        driver.connect(Export("7" + export.attachment_id[1:],
                              export.volume_id))

        with pytest.raises(subprocess.CalledProcessError):
            qemu_io(old, "read 0 512")

    def test_a_second_client_waits(self, driver, export):
        info = driver.connect(export)
        hang_up = self.connect_client(driver, info, export)

        second = subprocess.Popen(
            ["qemu-io", "-f", "raw", "-c", "read 0 512", url_of(info)],
            stdout=subprocess.DEVNULL)
        time.sleep(0.5)

        assert second.poll() is None
        hang_up()
        assert second.wait(timeout=10) == 0

    def test_readonly(self, driver, export):
        export = Export(export.attachment_id, export.volume_id,
                        readonly=True)
        url = url_of(driver.connect(export))

        subprocess.run(["qemu-io", "-r", "-f", "raw", "-c", "read 0 4k",
                        url], check=True, timeout=20, capture_output=True)
        with pytest.raises(subprocess.CalledProcessError):
            qemu_io(url, "write 0 4k")

    def test_adopted_by_another_driver(self, driver, directory, export):
        info = driver.connect(export)
        pid = pid_of(driver, export)
        later = make(directory)
        later.prepare()

        assert later.exports() == {export.attachment_id: export}
        assert later.is_alive(export)
        assert later.connect(export) == info
        assert pid_of(later, export) == pid
        later.disconnect(export)
        assert not os.path.exists(f"/proc/{pid}/exe")

    def test_data_survives_the_death_of_the_daemon(self, driver, export):
        url = url_of(driver.connect(export))
        qemu_io(url, "write -P 9 0 1M", "flush")
        self.kill_export(driver, export)
        driver.connect(export)

        qemu_io(url, "read -P 9 0 1M")

    def test_a_lost_pid_file(self, driver, export):
        driver.connect(export)
        pid = pid_of(driver, export)
        os.unlink(driver._exports._path(export.attachment_id, "pid"))

        assert pid_of(driver, export) == pid
        driver.disconnect(export)
        assert not os.path.exists(f"/proc/{pid}/exe")

    def test_a_hung_daemon_is_left_alone_unless_forced(
            self, driver, export, monkeypatch):
        driver.connect(export)
        pid = pid_of(driver, export)
        monkeypatch.setattr(exports_module, "_STOP_TIMEOUT_S", 0.3)
        monkeypatch.setattr(qmp.Monitor.__init__, "__defaults__", (0.3,))
        os.kill(pid, signal.SIGSTOP)

        with pytest.raises(exceptions.VolumeBusy):
            driver.disconnect(export)
        driver.disconnect(export, force=True)
        assert not os.path.exists(f"/proc/{pid}/exe")

    def test_only_the_group_gets_through(self, directory, export, driver):
        group = grp.getgrall()[-1]
        exports = os.path.join(directory, "exports")
        access.share(exports, group.gr_name)
        info = driver.connect(export)

        found = os.stat(exports)
        assert stat.S_IMODE(found.st_mode) == 0o2710
        assert found.st_gid == group.gr_gid
        socket = os.stat(info["data"]["socket"])
        assert socket.st_gid == group.gr_gid
        assert stat.S_IMODE(socket.st_mode) == 0o660
        control = driver._exports._path(export.attachment_id, "qmp")
        assert stat.S_IMODE(os.stat(control).st_mode) == 0o600
        backing = driver._existing(export.volume_id)
        assert stat.S_IMODE(os.stat(backing.path).st_mode) == 0o600

    def test_names_are_never_paths(self, driver):
        with pytest.raises(exceptions.VolumeNotFound):
            driver.create("../x", 1)
