"""Calls and hints within one process."""

import pytest

from common import concurrency, rpc
from common.rpc import interface, server
from tests.unit.common.rpc_contract import (
    CTX,
    Agent,
    AgentAPI,
    BusContract,
    wait_for,
)


class TestMemory(BusContract):
    @pytest.fixture
    def url(self):
        return "memory://"

    def test_a_double_is_not_run_again(self, make_bus):
        agent = Agent()
        bus = make_bus()
        bus.serve(agent, "h1")
        caller = make_bus()
        sent = []
        send = caller._link.send
        caller._link.send = lambda m: (sent.append(m), send(m))
        client = caller.client(AgentAPI)
        assert client.add(CTX, a=1) == 1
        send(sent[0])
        concurrency.sleep(0.05)
        assert agent.seen == [1]

    def test_a_long_call_is_not_given_up_while_its_server_lives(
            self, make_bus, monkeypatch):
        monkeypatch.setattr(server, "ALIVE_INTERVAL", 0.1)
        monkeypatch.setattr("common.rpc.bus.SILENCE_MAX", 0.3)

        class LongAPI(rpc.Interface):
            topic = "test.long"

            @rpc.call(timeout=5)
            def work(self, ctx, *, seconds: float) -> str:
                """Take long."""

        class Long(LongAPI):
            def work(self, ctx, *, seconds):
                concurrency.sleep(seconds)
                return "done"
        make_bus().serve(Long(), "h1")
        assert make_bus().client(LongAPI).work(CTX, seconds=0.8) == "done"

    def test_idle_buses_take_no_time(self, make_bus):
        """Nothing polls."""
        for number in range(20):
            make_bus().serve(Agent(), f"h{number}")
        import time
        before = time.process_time()
        concurrency.sleep(1)
        assert time.process_time() - before < 0.02

    def test_garbage_is_rejected(self, make_bus):
        agent = Agent()
        bus = make_bus()
        bus.serve(agent, "h1")
        from common.rpc import wire
        bus._link.send(wire.Message(
            way="call", to="test.agent", body=b"\x80garbage", id="1"))
        assert bus.client(AgentAPI).add(CTX, a=1) == 1
        wait_for(lambda: bus._servers[0]._running == 0)

    def test_a_full_queue_refuses_early(self, make_bus, monkeypatch):
        from common import exceptions
        from common.rpc import memory
        monkeypatch.setattr(memory, "LENGTH_MAX", 2)
        agent = Agent()
        make_bus().serve(agent, "h1", size=1)
        client = make_bus().client(AgentAPI)
        calls = [concurrency.spawn(client.slow, CTX, seconds=0.2)
                 for _ in range(3)]
        concurrency.sleep(0.05)
        with pytest.raises(exceptions.ServiceUnavailable):
            client.add(CTX, a=1)
        for call in calls:
            try:
                call.wait()
            except exceptions.RPCTimeout:
                pass


def test_a_server_must_have_every_method():
    class Half(AgentAPI):
        def add(self, ctx, *, a, b=0):
            return 0
    with pytest.raises(TypeError, match="abstract"):
        Half()


def test_methods_are_collected_with_their_declarations():
    method = AgentAPI.methods["add"]
    assert (method.kind, method.timeout) == ("call", 5)
    assert method.required == {"a"}
    assert method.allowed == {"a", "b"}
    assert AgentAPI.methods["hint"].timeout == interface.HINT_TTL
    assert Agent.methods == AgentAPI.methods
