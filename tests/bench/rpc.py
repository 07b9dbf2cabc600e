"""Print how many RPC calls a second one server process answers.

    python -m tests.bench.rpc [URL]

Without a URL it starts a RabbitMQ of its own. The server is a process of
its own, as in distributed mode; for ``memory://`` it is in this one.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from common import concurrency

concurrency.patch()

from common import rpc  # noqa: E402
from common.context import RequestContext  # noqa: E402

SECONDS = 5.0


class EchoAPI(rpc.Interface):
    """What is measured: next to no work."""

    topic = "bench.echo"

    @rpc.call(timeout=30)
    def echo(self, ctx: RequestContext, *, text: str) -> str:
        """Return ``text``."""


class Echo(EchoAPI):
    def echo(self, ctx: RequestContext, *, text: str) -> str:
        return text


def rate(bus: rpc.Bus, callers: int) -> float:
    """Return calls per second of ``callers`` side by side."""
    client = bus.client(EchoAPI)
    ctx = RequestContext(user_id="u" * 32, project_id="p" * 32,
                         roles=["member", "reader"])
    count = 0
    end = time.monotonic() + SECONDS

    def ask() -> None:
        nonlocal count
        while time.monotonic() < end:
            client.echo(ctx, text="x" * 100)
            count += 1
    concurrency.gather(*[ask] * callers)
    return count / SECONDS


def serve(url: str) -> None:
    """Serve until told to stop."""
    bus = rpc.Bus(url, exchange="bench")
    bus.serve(Echo(), "h1")
    stopped = concurrency.Event()
    signal.signal(signal.SIGTERM, lambda *a: stopped.send())
    while not stopped.ready() and os.getppid() > 1:
        stopped.wait(1)
    bus.stop()


@contextlib.contextmanager
def server(url: str) -> Iterator[None]:
    """Run the serving process, or serve here."""
    if url.startswith("memory:"):
        bus = rpc.Bus(url, exchange="bench")
        bus.serve(Echo(), "h1")
        yield
        bus.stop()
        return
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.rpc",
         "--serve", url])
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def measure(url: str) -> dict[int, float]:
    """Return calls per second, by number of callers."""
    with server(url):
        bus = rpc.Bus(url, exchange="bench")
        bus.client(EchoAPI).echo(RequestContext(), text="warm up")
        rates = {callers: rate(bus, callers) for callers in (1, 50)}
        bus.stop()
    return rates


def main(argv: list[str]) -> None:
    """Measure and print."""
    if argv[:1] == ["--serve"]:
        serve(argv[1])
        return
    broker = None
    if not argv:
        from tests.cluster.common import servers
        broker = servers.Rabbit(erlang="")  # as Debian starts it
    try:
        for callers, calls in measure(broker.url if broker else
                                      argv[0]).items():
            print(f"RPC calls/s with {callers:2} callers: {calls:6.0f}")
    finally:
        if broker:
            broker.close()


if __name__ == "__main__":
    main(sys.argv[1:])
