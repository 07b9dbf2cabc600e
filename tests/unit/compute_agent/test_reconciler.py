import pytest

from common import exceptions as common_exceptions
from tests.unit.compute_agent.things import make_spec


@pytest.fixture
def server(host):
    """A server that should run and does."""
    spec = make_spec(generation=2)
    host.agent.spawn(host.ctx, spec=spec.to_json())
    host.conductor.servers = [spec]
    return spec


def state(host, spec):
    return host.driver.guest(spec.server_id).power_state


class TestMending:

    def test_nothing_to_do(self, host, server):
        assert host.reconciler.run_once() == 0
        host.reconciler.check()

    def test_started_again_after_a_power_loss(self, host, server):
        host.driver.lose_power()
        assert host.reconciler.run_once() == 1
        assert state(host, server) == "running"

    def test_stays_paused_until_its_ports_are_wired(self, host, server):
        host.driver.lose_power()
        server.wait_for_ports = ["p"]
        host.reconciler.run_once()
        assert state(host, server) == "paused"
        host.reconciler.run_once()
        assert state(host, server) == "paused"
        server.wait_for_ports = []
        host.reconciler.run_once()
        assert state(host, server) == "running"

    def test_stopped_when_it_should_not_run(self, host, server):
        server.power = "shutdown"
        assert host.reconciler.run_once() == 1
        assert state(host, server) == "shutdown"

    @pytest.mark.parametrize("wanted", ["running", "shutdown", "leave"])
    def test_left_alone(self, host, server, wanted):
        """While a task or a request is at it, or the answer is old."""
        server.power = wanted
        if wanted == "leave":
            host.driver.lose_power()
            assert host.reconciler.run_once() == 0
            return
        if wanted == "running":
            host.driver.lose_power()
        with host.locks.hold(server.server_id):
            assert host.reconciler.run_once() == 0
        host.notes.accept(server.server_id, server.generation + 1)
        assert host.reconciler.run_once() == 0

    def test_off_by_itself_is_told_and_not_started(self, host, server):
        host.driver.listen(lambda *event: None)
        host.driver.power_off_inside(server.server_id)
        host.reconciler.run_once()
        assert state(host, server) == "shutdown"
        assert host.conductor.told == [(server.server_id, "stopped")]

    def test_a_crash_is_told_and_awaits_the_answer(self, host, server):
        host.driver.crash(server.server_id)
        host.reconciler.run_once()
        assert state(host, server) == "crashed"
        assert host.conductor.told == [(server.server_id, "crashed")]

        host.reconciler.run_once()
        assert state(host, server) == "running"
        assert len(host.conductor.told) == 1

    def test_a_lost_disk_is_not_made_anew(self, host, server):
        host.driver.destroy(server.server_id)
        assert host.reconciler.run_once() == 0
        assert state(host, server) == "absent"

    def test_one_bad_server_does_not_stop_the_others(self, host, server):
        bad = make_spec(generation=1)
        host.driver.prepare(bad)
        host.conductor.servers = [bad, server]
        host.driver.lose_power()
        good_start = host.driver.start

        def start(spec, *, paused=False):
            if spec.server_id == bad.server_id:
                raise RuntimeError("boom")
            return good_start(spec, paused=paused)
        host.driver.start = start
        assert host.reconciler.run_once() == 1
        assert state(host, server) == "running"


class TestStrays:

    def test_removed_when_absent_from_two_answers(self, host, server):
        host.conductor.servers = []
        assert host.reconciler.run_once() == 0
        assert state(host, server) == "running"
        assert host.reconciler.run_once() == 1
        assert host.driver.guests() == {}

    def test_wanted_in_between_is_kept(self, host, server):
        for servers in ([], [server], []):
            host.conductor.servers = servers
            host.reconciler.run_once()
        assert state(host, server) == "running"

    def test_no_answer_removes_nothing(self, host, server):
        host.conductor.servers = []
        host.reconciler.run_once()
        host.conductor.failing = True
        with pytest.raises(common_exceptions.ServiceUnavailable):
            host.reconciler.run_once()
        assert state(host, server) == "running"

    def test_a_host_that_is_not_accepted_changes_nothing(
            self, host, server):
        host.conductor.name_taken = True
        host.conductor.servers = []
        for _ in range(3):
            with pytest.raises(common_exceptions.Conflict):
                host.reconciler.run_once()
        assert state(host, server) == "running"
        assert host.served == []


class TestMembership:

    def test_requests_are_served_once_registered(self, host):
        with pytest.raises(RuntimeError):
            host.membership.check()
        host.reconciler.run_once()
        host.reconciler.run_once()
        host.membership.check()
        assert host.conductor.registered == [("h1", "uuid-1")]
        assert host.served == [True]

    def test_registered_again_when_asked_to(self, host, server):
        host.reporter.run_once()
        assert host.woken
        host.reporter.run_once()
        assert len(host.conductor.registered) == 2
        assert host.served == [True]
        assert host.reporter.interval == 7
        assert host.conductor.reports[0] == [{
            "id": server.server_id, "power_state": "running",
            "generation": 2}]
