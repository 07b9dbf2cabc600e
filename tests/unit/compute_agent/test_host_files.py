"""Identity, notes, config drive, the privileged reader, the KVM probe."""

import io
import json
import os
import uuid

import pycdlib
import pytest

from common import kvm
from compute import exceptions, privileged
from compute.agent import identity
from compute.agent.notes import Note, Notes
from compute.drivers.libvirt import configdrive
from tests.unit.compute_agent.things import make_nic, make_spec


def test_identity_is_made_once(tmp_path):
    first = identity.load(tmp_path / "i")
    assert str(uuid.UUID(first)) == first
    assert identity.load(tmp_path / "i") == first
    assert os.listdir(tmp_path / "i") == ["host-id"]


class TestNotes:

    @pytest.fixture
    def notes(self, tmp_path):
        made = Notes(tmp_path)
        made.open()
        return made

    def test_generations_only_grow(self, notes, tmp_path):
        server_id = str(uuid.uuid4())
        notes.accept(server_id, 3)
        notes.accept(server_id, 3)
        with pytest.raises(exceptions.StaleRequest):
            notes.accept(server_id, 2)
        again = Notes(tmp_path)
        again.open()
        assert again.get(server_id).generation == 3

    def test_forgets_a_day_after_the_end(self, notes, tmp_path):
        old, young = str(uuid.uuid4()), str(uuid.uuid4())
        for server_id, gone_at in ((old, 1.0), (young, 4e9)):
            notes.accept(server_id, 3)
            notes.change(server_id, gone_at=gone_at)
        notes.forget_old({old})
        assert notes.get(old).generation == 3
        notes.forget_old(set())
        assert notes.get(old) == Note()
        assert notes.get(young).generation == 3
        assert os.listdir(tmp_path) == [f"{young}.json"]


def test_config_drive(tmp_path):
    path = tmp_path / "c.iso"
    spec = make_spec(user_data="aGVsbG8=", nics=[make_nic()],
                     metadata={"naïve": "日本"})
    configdrive.write(spec, path)
    assert path.stat().st_mode & 0o007 == 0

    iso = pycdlib.PyCdlib()
    iso.open(str(path))
    assert iso.pvd.volume_identifier.strip() == b"config-2"

    def read(name):
        out = io.BytesIO()
        iso.get_file_from_iso_fp(out, rr_path=name)
        return out.getvalue()
    meta = json.loads(read("/openstack/latest/meta_data.json"))
    assert meta["uuid"] == spec.server_id
    assert meta["meta"] == {"naïve": "日本"}
    assert read("/openstack/latest/user_data") == b"hello"
    assert read("/ec2/latest/user-data") == b"hello"
    assert json.loads(read("/openstack/latest/network_data.json"))["links"]
    assert read("/openstack/latest/vendor_data.json") == b"{}"
    iso.close()


def as_helper(func, *args):
    context = privileged.privilege.CONTEXT
    context.set_client_mode(False)
    try:
        return func(*args)
    finally:
        context.set_client_mode(True)


def test_logs_of_one_server_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(privileged, "_HYPERVISOR_LOGS", str(tmp_path))
    mine, other = str(uuid.uuid4()), str(uuid.uuid4())
    for name in (f"instance-{mine}.log", f"instance-{mine}.log.0",
                 f"instance-{other}.log"):
        (tmp_path / name).touch()

    as_helper(privileged.remove_hypervisor_logs, mine)
    as_helper(privileged.remove_hypervisor_logs, mine)

    assert os.listdir(tmp_path) == [f"instance-{other}.log"]
    with pytest.raises(ValueError):
        as_helper(privileged.remove_hypervisor_logs, f"../{other}")


class TestConsoleReader:
    """The function itself, as it runs in the helper."""

    @pytest.fixture
    def server(self, tmp_path, monkeypatch):
        home = tmp_path / "node"
        folder = home / "instances" / str(uuid.uuid4())
        folder.mkdir(parents=True)
        (home / "run").mkdir()
        real = os.stat

        def stat(path, **options):
            here = home / "run" if path == "/run" else path
            return real(here, **options)
        monkeypatch.setattr(privileged.os, "stat", stat)
        return folder

    def tail(self, folder, count=100):
        return as_helper(privileged.console_tail, str(folder.parent),
                         folder.name, count)

    def test_end_of_the_log(self, server):
        (server / "console.log").write_bytes(b"abc" * 100)
        assert self.tail(server, 4) == b"cabc"

    def test_no_log(self, server):
        assert self.tail(server) == b""

    def test_links_are_not_followed(self, server, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("secret")
        (server / "console.log").symlink_to(secret)
        with pytest.raises(OSError):
            self.tail(server)
        (server / "console.log").unlink()
        os.link(secret, server / "console.log")
        with pytest.raises(ValueError):
            self.tail(server)
        (server / "console.log").unlink()
        os.mkfifo(server / "console.log")
        with pytest.raises(ValueError):
            self.tail(server)

    def test_linked_folder(self, server, tmp_path):
        other = server.with_name(str(uuid.uuid4()))
        other.symlink_to(server)
        with pytest.raises(OSError):
            self.tail(other)

    def test_only_this_nodes_instances(self, server, tmp_path):
        with pytest.raises(ValueError):
            self.tail(server.parent / "x" / server.name)
        (tmp_path / "b" / "run").mkdir(parents=True)
        (tmp_path / "b" / "instances" / server.name).mkdir(parents=True)
        with pytest.raises(ValueError):
            self.tail(tmp_path / "b" / "instances" / server.name)
        with pytest.raises(ValueError):
            self.tail(server.parent / "..")


def test_kvm_probe_ends():
    assert kvm.usable(timeout=10) in (True, False)
