"""What calls and hints do, on whatever bus: subclasses give its URL."""

import time
import uuid

import pytest

from common import concurrency, db, exceptions, rpc
from common.context import RequestContext


class Full(exceptions.Conflict):
    message = "{name} is full."


class AgentAPI(rpc.Interface):
    topic = "test.agent"
    version = "1.3"

    @rpc.call(timeout=5)
    def add(self, ctx: RequestContext, *, a: int, b: int = 0) -> int:
        """Return the sum."""

    @rpc.call(timeout=5)
    def fail(self, ctx: RequestContext, *, known: bool) -> None:
        """Raise."""

    @rpc.call(timeout=0.5)
    def slow(self, ctx: RequestContext, *, seconds: float) -> str:
        """Wait."""

    @rpc.call(timeout=5)
    def whoami(self, ctx: RequestContext) -> dict:
        """Return the context."""

    @rpc.call(timeout=5, since="1.3")
    def newest(self, ctx: RequestContext) -> str:
        """Be new."""

    @rpc.call(timeout=2)
    def relay(self, ctx: RequestContext) -> float:
        """Return the time left."""

    @rpc.cast
    def hint(self, ctx: RequestContext, *, number: int) -> None:
        """Take note."""

    @rpc.fanout
    def everybody(self, ctx: RequestContext, *, number: int) -> None:
        """Take note."""


class Agent(AgentAPI):
    def __init__(self, name="a"):
        self.name = name
        self.seen = []
        self.running = 0
        self.most = 0

    def add(self, ctx, *, a, b=0):
        self.seen.append(a)
        return a + b

    def fail(self, ctx, *, known):
        raise Full(name=self.name) if known else ValueError("why")

    def slow(self, ctx, *, seconds):
        self.running += 1
        self.most = max(self.most, self.running)
        concurrency.sleep(seconds)
        self.running -= 1
        self.seen.append("slow")
        return self.name

    def whoami(self, ctx):
        return ctx.to_dict() | {"token": ctx.auth_token}

    def newest(self, ctx):
        return self.name

    def relay(self, ctx):
        return rpc.remaining()

    def hint(self, ctx, *, number):
        self.seen.append(number)

    def everybody(self, ctx, *, number):
        self.seen.append(number)


def wait_for(condition, timeout=10):
    give_up = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < give_up, "it did not come true"
        concurrency.sleep(0.02)


CTX = RequestContext(user_id="u1", project_id="p1", roles=["member"],
                     auth_token="secret")


class BusContract:
    """Tests of one bus; ``url`` is a fixture."""

    @pytest.fixture
    def exchange(self):
        return f"t{uuid.uuid4().hex[:8]}"

    @pytest.fixture
    def make_bus(self, url, exchange):
        made = []

        def make(name=exchange):
            made.append(rpc.Bus(url, exchange=name))
            return made[-1]
        yield make
        for bus in made:
            bus.stop(1)

    def test_calls_return_results(self, make_bus):
        make_bus().serve(Agent(), "h1")
        client = make_bus().client(AgentAPI)
        assert client.add(CTX, a=1, b=2) == 3
        assert client.add(CTX, a=1) == 1

    def test_errors_come_out_as_the_same_class(self, make_bus):
        make_bus().serve(Agent(), "h1")
        client = make_bus().client(AgentAPI)
        with pytest.raises(Full, match="a is full"):
            client.fail(CTX, known=True)
        with pytest.raises(exceptions.RemoteError, match="ValueError: why"):
            client.fail(CTX, known=False)

    def test_context_travels_without_the_token(self, make_bus):
        make_bus().serve(Agent(), "h1")
        seen = make_bus().client(AgentAPI).whoami(CTX)
        assert seen["project_id"] == "p1"
        assert seen["roles"] == ["member"]
        assert seen["request_id"] == CTX.request_id
        assert seen["token"] is None
        assert "secret" not in str(seen)

    def test_arguments_are_checked_before_they_are_sent(self, make_bus):
        client = make_bus().client(AgentAPI)
        with pytest.raises(rpc.InvalidArguments, match="missing: a"):
            client.add(CTX)
        with pytest.raises(rpc.InvalidArguments, match="unexpected: c"):
            client.add(CTX, a=1, c=1)
        with pytest.raises(TypeError):
            client.add(CTX, a=object())
        with pytest.raises(AttributeError):
            client.divide(CTX, a=1)

    def test_a_host_gets_what_is_for_it(self, make_bus):
        agents = {}
        for host in ("h1", "h2"):
            agents[host] = Agent(host)
            make_bus().serve(agents[host], host)
        bus = make_bus()
        for host in agents:
            assert bus.client(AgentAPI, host).newest(CTX) == host
        one = bus.client(AgentAPI, "h2")
        one.hint(CTX, number=7)
        wait_for(lambda: agents["h2"].seen == [7])
        assert agents["h1"].seen == []

    def test_hints_reach_one_and_fanouts_all(self, make_bus):
        agents = [Agent(), Agent()]
        for number, agent in enumerate(agents):
            make_bus().serve(agent, f"h{number}")
        client = make_bus().client(AgentAPI)
        for number in range(10):
            client.hint(CTX, number=number)
        wait_for(lambda: sum(len(a.seen) for a in agents) == 10)
        client.everybody(CTX, number=99)
        wait_for(lambda: all(99 in a.seen for a in agents))

    def test_another_exchange_hears_nothing(self, make_bus, exchange):
        agent = Agent()
        make_bus().serve(agent, "h1")
        other = make_bus(f"{exchange}-other")
        other.client(AgentAPI).hint(CTX, number=1)
        with pytest.raises(exceptions.RPCTimeout):
            other.client(AgentAPI).slow(CTX, seconds=0)
        assert agent.seen == []

    def test_a_call_ends_at_its_deadline(self, make_bus):
        agent = Agent()
        make_bus().serve(agent, "h1")
        client = make_bus().client(AgentAPI)
        started = time.monotonic()
        with pytest.raises(exceptions.RPCTimeout):
            client.slow(CTX, seconds=1)
        assert time.monotonic() - started < 1

    def test_the_callee_drops_what_has_expired(self, make_bus):
        agent = Agent()
        make_bus().serve(agent, "h1", size=1)
        client = make_bus().client(AgentAPI)
        calls = [lambda: client.slow(CTX, seconds=0.35)] * 4
        with pytest.raises(exceptions.RPCTimeout):
            concurrency.gather(*calls)
        concurrency.sleep(0.8)
        assert agent.most == 1
        assert agent.seen.count("slow") <= 2

    def test_no_more_than_size_run_at_a_time(self, make_bus):
        agent = Agent()
        make_bus().serve(agent, "h1", size=3)
        client = make_bus().client(AgentAPI)
        concurrency.gather(
            *[lambda: client.slow(CTX, seconds=0.05)] * 12)
        assert agent.most == 3

    def test_the_deadline_is_passed_along(self, make_bus):
        bus = make_bus()

        class Front(AgentAPI):
            topic = "test.front"

        class FrontAgent(Agent):
            topic = "test.front"

            def relay(self, ctx):
                concurrency.sleep(0.5)
                return bus.client(AgentAPI).relay(ctx)
        bus.serve(Agent(), "h1")
        bus.serve(FrontAgent(), "h1")
        left = bus.client(Front).relay(CTX)
        assert 1 < left < 1.55

    def test_a_server_may_come_up_after_the_call(self, make_bus):
        bus = make_bus()
        client = make_bus().client(AgentAPI)
        concurrency.spawn(lambda: (
            concurrency.sleep(0.5), bus.serve(Agent(), "h1")))
        assert client.add(CTX, a=2, b=2) == 4

    def test_versions_that_do_not_fit_are_refused(self, make_bus):
        class Newer(AgentAPI):
            version = "1.4"

            @rpc.call(timeout=5, since="1.4")
            def brand_new(self, ctx: RequestContext) -> str:
                """Be newer still."""

        make_bus().serve(Agent(), "h1")
        bus = make_bus()
        with pytest.raises(rpc.UnsupportedVersion, match=r"1\.3, not at 1"):
            bus.client(Newer).brand_new(CTX)
        pinned = bus.client(Newer, version="1.3")
        assert pinned.add(CTX, a=1) == 1
        with pytest.raises(rpc.UnknownMethod):
            pinned.brand_new(CTX)
        with pytest.raises(rpc.UnknownMethod):
            bus.client(AgentAPI, version="1.2").newest(CTX)

    def test_unknown_methods_are_refused_unknown_fields_ignored(
            self, make_bus):
        class Other(rpc.Interface):
            topic = AgentAPI.topic
            version = "1.0"

            @rpc.call(timeout=5)
            def gone(self, ctx: RequestContext) -> None:
                """Not there."""

            @rpc.call(timeout=5)
            def add(self, ctx: RequestContext, *, a: int, c: int) -> int:
                """With one more argument."""

            @rpc.call(timeout=5)
            def __init__(self, ctx: RequestContext) -> None:
                """Not for you."""

        agent = Agent()
        make_bus().serve(agent, "h1")
        client = make_bus().client(Other)
        assert client.add(CTX, a=1, c=3) == 1
        with pytest.raises(rpc.UnknownMethod, match="no method gone"):
            client.gone(CTX)

    def test_stop_finishes_what_runs(self, make_bus):
        agent = Agent()
        bus = make_bus()
        bus.serve(agent, "h1")
        client = make_bus().client(AgentAPI)
        thread = concurrency.spawn(client.slow, CTX, seconds=0.3)
        wait_for(lambda: agent.running)
        bus.stop()
        assert agent.seen == ["slow"]
        assert thread.wait() == "a"

    def test_no_message_inside_a_transaction(self, make_bus):
        client = make_bus().client(AgentAPI)
        database = db.Database("sqlite://")
        with database.writer(), pytest.raises(RuntimeError):
            client.hint(CTX, number=1)

    def test_events_reach_subscribers(self, make_bus):
        mine, ours, theirs = [], [], []
        for name, to in (("#", mine), ("server.#", ours),
                         ("*.delete.end", theirs)):
            make_bus().subscribe(
                name, lambda kind, body, to=to: to.append(kind))
        bus = make_bus()
        bus.publish("server.create.end", {"kind": "server.create.end"})
        bus.publish("port.delete.end", {"kind": "port.delete.end"})
        wait_for(lambda: len(mine) == 2 and len(theirs) == 1)
        assert ours == ["server.create.end"]
        assert theirs == ["port.delete.end"]

    def test_a_shared_queue_gives_each_event_to_one(self, make_bus):
        seen = []
        for _ in range(2):
            make_bus().subscribe(
                "server.#", lambda kind, body: seen.append(body["n"]),
                shared="audit")
        bus = make_bus()
        for number in range(6):
            bus.publish("server.x", {"kind": "server.x", "n": number})
        wait_for(lambda: len(seen) >= 6)
        concurrency.sleep(0.1)
        assert sorted(seen) == list(range(6))

    def test_large_messages(self, make_bus):
        class BigAPI(rpc.Interface):
            topic = "test.big"

            @rpc.call(timeout=10)
            def echo(self, ctx: RequestContext, *, text: str) -> str:
                """Return it."""

        class Big(BigAPI):
            def echo(self, ctx, *, text):
                return text
        make_bus().serve(Big(), "h1")
        text = "é" * 700_000
        client = make_bus().client(BigAPI)
        assert client.echo(CTX, text=text) == text
        assert concurrency.gather(
            *[lambda: client.echo(CTX, text=text)] * 4) == [text] * 4
