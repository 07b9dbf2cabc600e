"""Calls and hints over RabbitMQ, and what happens when it goes away."""

import os
import signal
import subprocess
import sys
import time

import pytest

from common import concurrency, exceptions, rpc
from common.rpc import wire
from tests.unit.common.rpc_contract import (
    CTX,
    Agent,
    AgentAPI,
    BusContract,
    wait_for,
)


class PatientAPI(rpc.Interface):
    topic = "test.patient"

    @rpc.call(timeout=40)
    def work(self, ctx, *, seconds: float) -> str:
        """Take some time."""

    @rpc.cast
    def hint(self, ctx, *, number: int) -> None:
        """Take note."""

    @rpc.fanout
    def everybody(self, ctx, *, number: int) -> None:
        """Take note."""


class Patient(PatientAPI):
    def __init__(self, name="p"):
        self.name = name
        self.begun = 0
        self.seen = []

    def work(self, ctx, *, seconds):
        self.begun += 1
        concurrency.sleep(seconds)
        return self.name

    def hint(self, ctx, *, number):
        self.seen.append(number)

    everybody = hint


def waiting(rabbit):
    """Return the messages in each queue."""
    lines = rabbit.control("list_queues", "-s", "name", "messages")
    return {name: int(count) for name, count in (
        line.split("\t") for line in lines.splitlines())}


class TestRabbit(BusContract):
    @pytest.fixture
    def url(self, rabbit):
        return rabbit.url

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_a_restart_of_the_broker_is_survived(
            self, make_bus, rabbit, number):
        """A call in flight is asked again; hints wait; fan-out works."""
        agent = Patient()
        server, caller = make_bus(), make_bus()
        server.serve(agent, "h1")
        client = caller.client(PatientAPI)
        assert client.work(CTX, seconds=0) == "p"
        call = concurrency.spawn(client.work, CTX, seconds=2)
        wait_for(lambda: agent.begun == 2)

        rabbit.stop(number)
        client.hint(CTX, number=1)
        started = time.monotonic()
        with pytest.raises((exceptions.RPCTimeout,
                            exceptions.ServiceUnavailable)):
            caller.client(AgentAPI).slow(CTX, seconds=0)
        assert time.monotonic() - started < 2
        with pytest.raises(exceptions.ServiceUnavailable):
            caller.check()
        rabbit.start()
        up = time.monotonic()
        wait_for(lambda: server.connected() and caller.connected(), 12)
        assert time.monotonic() - up < 10

        assert call.wait() == "p"
        assert agent.begun == 2  # asked twice, run once
        wait_for(lambda: 1 in agent.seen)
        client.everybody(CTX, number=2)
        wait_for(lambda: 2 in agent.seen)

    def test_a_frozen_broker_blocks_no_caller(self, make_bus, rabbit):
        make_bus().serve(Agent(), "h1")
        caller = make_bus()
        client = caller.client(AgentAPI)
        assert client.add(CTX, a=1) == 1
        rabbit.freeze()
        try:
            started = time.monotonic()
            calls = [lambda: client.slow(CTX, seconds=0)] * 20
            with pytest.raises(exceptions.RPCTimeout):
                concurrency.gather(*calls)
            assert time.monotonic() - started < 3
            wait_for(lambda: not caller.connected(), 40)
        finally:
            rabbit.freeze(False)
        wait_for(caller.connected, 15)
        assert client.add(CTX, a=1) == 1

    def test_a_deleted_queue_is_made_again(self, make_bus, rabbit, exchange):
        make_bus().serve(Agent(), "h1")
        client = make_bus().client(AgentAPI)
        assert client.add(CTX, a=1) == 1
        rabbit.control("delete_queue", f"{exchange}.test.agent")
        assert client.add(CTX, a=2) == 2

    def test_poison_is_set_aside_and_expired_messages_are_not(
            self, make_bus, rabbit, exchange):
        bus = make_bus()
        bus.serve(Agent(), "h1", size=1)
        for number in range(3):
            bus._link.send(wire.Message(
                way="cast", to="test.agent", body=b"\x80garbage",
                id=str(number)))
        caller = make_bus()
        with pytest.raises(exceptions.RPCTimeout):
            caller.client(AgentAPI, "nobody").slow(CTX, seconds=0)
        assert bus.client(AgentAPI).add(CTX, a=1) == 1

        wait_for(lambda: waiting(rabbit)[f"{exchange}.dead"] == 3, 20)

    def test_a_killed_server_hands_its_call_to_another(
            self, make_bus, rabbit, exchange):
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", (
                "from common import concurrency; concurrency.patch()\n"
                "import sys\n"
                "from common import rpc\n"
                "from tests.cluster.common.test_rabbit import Patient\n"
                "bus = rpc.Bus(sys.argv[1], exchange=sys.argv[2])\n"
                "bus.serve(Patient('first'), 'h1')\n"
                "print('up', flush=True)\n"
                "concurrency.sleep(60)\n"), rabbit.url, exchange],
            stdout=subprocess.PIPE)
        try:
            assert process.stdout.readline() == b"up\n"
            client = make_bus().client(PatientAPI)
            call = concurrency.spawn(client.work, CTX, seconds=1)
            concurrency.sleep(0.5)
            second = Patient("second")
            make_bus().serve(second, "h2")
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
        assert call.wait() == "second"

    def test_a_reply_lost_with_its_connection_is_sent_again(
            self, make_bus):
        agent = Patient()
        server = make_bus()
        server.serve(agent, "h1")
        client = make_bus().client(PatientAPI)
        out = server._link._out
        write = out.write

        def lose(data):
            if b'"result"' in data:
                out.write = write
                out._cut()
            else:
                write(data)
        out.write = lose
        assert client.work(CTX, seconds=0) == "p"
        assert out.write == write
        assert agent.begun == 1

    def test_a_broker_without_memory_blocks_no_caller(
            self, make_bus, rabbit):
        agent = Agent()
        make_bus().serve(agent, "h1")
        client = make_bus().client(AgentAPI)
        assert client.add(CTX, a=1) == 1
        rabbit.control("set_vm_memory_high_watermark", "absolute", "1MB")
        try:
            concurrency.sleep(1)
            for _ in range(5):
                with pytest.raises(exceptions.RPCTimeout):
                    client.slow(CTX, seconds=0)
                client.hint(CTX, number=5)
        finally:
            rabbit.control(
                "set_vm_memory_high_watermark", "absolute", "2GB")
        wait_for(lambda: agent.seen.count(5) == 5, 20)
        assert client.add(CTX, a=1) == 1

    def test_a_full_queue_refuses_all_but_a_few(
            self, make_bus, rabbit, exchange):
        """Calls that only their reply would confirm wait, and are few."""
        server = make_bus()
        server.serve(Agent(), "h1")
        caller = make_bus()
        client = caller.client(AgentAPI)
        assert client.add(CTX, a=1) == 1
        server.stop()
        for number in range(10_000):
            caller._link.send(wire.Message(
                way="call", to="test.agent", body=b"{}", id=str(number),
                reply=True, sure=False))
        wait_for(lambda: waiting(rabbit)[f"{exchange}.test.agent"] == 10_000)
        refused, late = [], []

        def ask():
            try:
                client.slow(CTX, seconds=0)
            except exceptions.RPCTimeout:
                late.append(1)
            except exceptions.ServiceUnavailable:
                refused.append(1)
        concurrency.gather(*[ask] * 40)
        assert len(late) <= 8
        assert len(refused) == 40 - len(late)

    def test_a_name_too_long_for_the_broker_harms_no_other(self, make_bus):
        make_bus().serve(Agent(), "h1")
        bus = make_bus()
        client = bus.client(AgentAPI)
        assert client.add(CTX, a=1) == 1
        with pytest.raises(ValueError, match="too long"):
            bus.client(AgentAPI, "h" * 250).add(CTX, a=1)
        bus.publish("server.create.end", {})
        assert client.add(CTX, a=1) == 1

    def test_nothing_is_left_on_the_broker(self, make_bus, rabbit, exchange):
        """Private queues go with their process."""
        bus = make_bus()
        bus.serve(Agent(), "h1")
        bus.subscribe("#", lambda kind, body: None)
        bus.stop()
        names = rabbit.control("list_queues", "-s", "name").split()
        assert not [n for n in names if n.startswith(
            (f"{exchange}.fanout", f"{exchange}.events"))]
        assert f"{exchange}.test.agent" in names

    def test_no_broker_at_start(self, make_bus):
        """A process starts without it, and connects when it comes."""
        from tests.cluster.common import servers
        port = servers.free_port()
        bus = rpc.Bus(f"amqp://guest:guest@127.0.0.1:{port}//")
        try:
            with pytest.raises(exceptions.RPCTimeout):
                bus.client(AgentAPI).slow(CTX, seconds=0)
            with pytest.raises(exceptions.ServiceUnavailable):
                bus.publish("x", {}, timeout=0.2)
        finally:
            bus.stop(1)
