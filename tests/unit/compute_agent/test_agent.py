import uuid

import pytest

from common import concurrency, signatures
from compute import exceptions
from compute import spec as specs
from compute.agent.notes import Notes
from tests import signing
from tests.unit.compute_agent.things import make_nic, make_spec, make_volume


def spawn(host, **changes):
    spec = make_spec(**changes)
    return spec, host.agent.spawn(host.ctx, spec=spec.to_json())


def power(host, spec, action):
    return host.agent.power(host.ctx, server_id=spec.server_id,
                            action=action, spec=spec.to_json())


class TestSpawn:

    def test_runs(self, host):
        spec, facts = spawn(host)
        assert facts["power_state"] == "running"
        assert facts["waiting_for"] == []

    def test_twice_is_once(self, host):
        spec, facts = spawn(host)
        assert host.agent.spawn(host.ctx, spec=spec.to_json()) == facts
        assert len(host.driver.guests()) == 1

    def test_two_at_once_are_one(self, host):
        spec = make_spec()
        first, second = concurrency.gather(
            *[lambda: host.agent.spawn(host.ctx, spec=spec.to_json())] * 2)
        assert first == second
        assert not host.locks.held(spec.server_id)

    def test_waits_for_ports(self, host):
        ports = [make_nic(), make_nic()]
        ids = [nic.port_id for nic in ports]
        spec, facts = spawn(host, nics=ports, wait_for_ports=ids)
        assert facts["power_state"] == "paused"
        assert facts["waiting_for"] == ids

        one = host.agent.plugged(
            host.ctx, server_id=spec.server_id, port_ids=ids[:1])
        assert one["power_state"] == "paused"
        both = host.agent.plugged(
            host.ctx, server_id=spec.server_id, port_ids=ids)
        assert both["power_state"] == "running"

    def test_repeated_while_waiting_stays_paused(self, host):
        spec, _ = spawn(host, wait_for_ports=["p"])
        again = host.agent.spawn(host.ctx, spec=spec.to_json())
        assert again["power_state"] == "paused"

    def test_repeated_with_ports_plugged_meanwhile_runs(self, host):
        spec, _ = spawn(host, wait_for_ports=["p"])
        host.agent.plugged(host.ctx, server_id=spec.server_id,
                           port_ids=["p"])
        again = host.agent.spawn(host.ctx, spec=spec.to_json())
        assert again["power_state"] == "running"

    def test_older_than_a_destroy_is_refused(self, host, tmp_path):
        spec, _ = spawn(host, generation=3)
        host.agent.destroy(host.ctx, server_id=spec.server_id, generation=5)
        host.agent.destroy(host.ctx, server_id=spec.server_id, generation=5)
        with pytest.raises(exceptions.StaleRequest):
            host.agent.spawn(host.ctx, spec=spec.to_json())
        assert host.driver.guests() == {}

        after_restart = Notes(tmp_path / "notes")
        after_restart.open()
        assert after_restart.get(spec.server_id).generation == 5


class TestSignedImages:
    """Without trusted certificates; with, see those of the builds."""

    SIGNER = signing.last()

    @pytest.fixture
    def seen(self, host, monkeypatch):
        """Return the certificate that the data of an image are shown to."""
        found = []
        monkeypatch.setattr(
            host.driver, "prepare", lambda spec, verifier: found.append(
                verifier and verifier.fingerprint))

        def see(properties):
            image = specs.Image(
                str(uuid.uuid4()), "raw", properties=properties)
            try:
                spawn(host, image=image)
            except exceptions.ServerNotOnHost:
                pass  # as the disk is not made
            return found.pop()
        return see

    def test_are_verified_if_the_operator_wants_it(
            self, host, seen, tmp_path):
        signed = self.SIGNER.sign(b"x")
        assert seen(signed) is None
        host.conf.set_override(
            "verify_image_signatures", True, "compute_agent")
        with pytest.raises(signatures.Refused, match="not one of those"):
            seen(signed)
        signing.keep(tmp_path, self.SIGNER)
        assert seen(signed) == self.SIGNER.fingerprint
        assert seen({}) is None
        with pytest.raises(signatures.Refused, match="is missing"):
            seen({"img_signature": "eA=="})

    def test_unsigned_one_is_refused_where_a_signer_is_named(self, host):
        spec = make_spec(image=specs.Image(str(uuid.uuid4()), "raw"))
        with pytest.raises(signatures.Refused, match="is not signed"):
            host.agent.spawn(host.ctx, spec=spec.to_json(),
                             signer=self.SIGNER.pem.decode())
        assert host.driver.guests() == {}


class TestPower:

    def test_stop_start_reboot(self, host):
        spec, _ = spawn(host, shutdown_timeout_s=1)
        assert power(host, spec, "stop")["power_state"] == "shutdown"
        assert power(host, spec, "stop")["power_state"] == "shutdown"
        assert power(host, spec, "start")["power_state"] == "running"
        assert power(host, spec, "soft_reboot")["power_state"] == "running"
        assert power(host, spec, "hard_reboot")["power_state"] == "running"

    def test_a_guest_that_does_not_listen_is_cut(self, host):
        spec, _ = spawn(host, shutdown_timeout_s=0.1)
        host.driver.deaf.add(spec.server_id)
        assert power(host, spec, "stop")["power_state"] == "shutdown"

    def test_what_we_stop_is_not_told(self, host):
        spec, _ = spawn(host, shutdown_timeout_s=1)
        power(host, spec, "soft_reboot")
        concurrency.sleep(0.05)
        assert host.conductor.told == []

    def test_without_disk_is_refused(self, host):
        with pytest.raises(exceptions.ServerNotOnHost):
            power(host, make_spec(), "start")

    def test_older_is_refused(self, host):
        spec, _ = spawn(host, generation=4)
        spec.generation = 3
        with pytest.raises(exceptions.StaleRequest):
            power(host, spec, "stop")
        assert host.driver.guest(spec.server_id).power_state == "running"


class TestDevices:

    def test_volume(self, host):
        spec, _ = spawn(host)
        volume = make_volume()
        arguments = {"server_id": spec.server_id, "spec": spec.to_json()}
        for _ in range(2):
            assert host.agent.attach_volume(
                host.ctx, attachment=volume.to_json(), **arguments
                ) == {"device": "/dev/vdb"}
        for _ in range(2):
            host.agent.detach_volume(
                host.ctx, volume_id=volume.volume_id, **arguments)

    def test_port(self, host):
        spec, _ = spawn(host)
        nic = make_nic()
        arguments = {"server_id": spec.server_id, "spec": spec.to_json()}
        host.agent.attach_port(host.ctx, nic=nic.to_json(), **arguments)
        host.agent.detach_port(host.ctx, port_id=nic.port_id, **arguments)

    def test_console(self, host):
        spec, _ = spawn(host)

        def console(lines):
            return host.agent.console_log(
                host.ctx, server_id=spec.server_id, lines=lines)
        assert console(1) == "login:\n"
        assert console(0) == ""
        assert console(-1) == f"fake guest {spec.server_id}\nlogin:\n"
        assert console(100) == console(-1)

    def test_console_of_a_stranger(self, host):
        with pytest.raises(exceptions.ServerNotOnHost):
            host.agent.console_log(
                host.ctx, server_id=make_spec().server_id, lines=5)


class TestHappenings:

    def test_a_guest_that_goes_off_is_told(self, host):
        spec, _ = spawn(host)
        host.conductor.servers = [spec]
        host.driver.power_off_inside(spec.server_id)
        concurrency.sleep(0.05)
        assert host.woken
        host.reconciler.run_once()
        assert host.conductor.told == [(spec.server_id, "stopped")]
