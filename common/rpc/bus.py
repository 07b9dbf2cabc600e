"""The bus: serve interfaces, make clients of them."""

import functools
import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from common import concurrency, db, exceptions
from common.context import RequestContext
from common.rpc import green, interface, server, wire

LOG = logging.getLogger(__name__)

I = TypeVar("I", bound=interface.Interface)  # noqa: E741

#: Seconds of silence after which a call is given up, its time not being
#: over: the server says every few seconds that it is alive.
SILENCE_MAX = 30.0
#: Calls at a time whose only confirmation is their reply: should the queue
#: be full, these wait until their time is over, and all others hear of it.
_UNSURE_MAX = 8
#: Seconds after which a hint is tried again that had nowhere to go.
_AGAIN_S = 2.0


class _Pending:
    """A call that waits for its reply."""

    __slots__ = ("event", "heard_at", "message")

    def __init__(self, message: wire.Message) -> None:
        self.message = message
        self.heard_at = time.monotonic()
        self.event = concurrency.Event()


class Bus:
    """Serves and calls interfaces; one per process is enough.

    It connects when it is first used, so it may be made before a fork.

    :param url: ``memory://``, or the broker's: ``amqp://user:word@host/``
    :param exchange: names the cloud or cell; those of another hear nothing
    """

    def __init__(self, url: str, *, exchange: str = "pileus") -> None:
        self._url = url
        self._exchange = exchange
        self._pending: dict[str, _Pending] = {}
        self._servers: list[server.Server] = []
        self._consumers: list[wire.Consumer] = []
        self._stopped = False

    @functools.cached_property
    def _link(self) -> wire.Link:
        link = _link(self._url, self._exchange)
        link.listen(self._replied, self._renewed, self._unroutable)
        return link

    def serve(self, served: interface.Interface, host: str, *,
              size: int = 64) -> None:
        """Serve calls to any host of the topic, and to this one.

        :param size: requests that run at a time; more wait in the broker
        """
        self._servers.append(
            server.Server(self._link, served, host, size))

    def client(self, wanted: type[I], host: str | None = None, *,
               version: str | None = None) -> I:
        """Return a proxy with the methods of ``wanted``.

        :param host: the one to ask; any of the topic if None
        :param version: that of older servers still about, if any
        """
        return cast(I, _Proxy(self, wanted, host, version))

    def publish(self, kind: str, body: dict[str, Any], *,
                timeout: float = 10) -> None:
        """Tell subscribers; raise ServiceUnavailable if it is not sure."""
        if not self.publish_all([(kind, body)], timeout=timeout):
            raise exceptions.ServiceUnavailable()

    def publish_all(self, events: list[tuple[str, dict[str, Any]]], *,
                    timeout: float = 10) -> int:
        """Tell subscribers of all, in order; return how many are sure.

        Those are the first ones; of the rest, nobody knows.
        """
        _refuse_in_transaction()
        expires = time.monotonic() + timeout
        told = [self._send_event(*event, expires) for event in events]
        for number, each in enumerate(told):
            if each.wait(max(0.0, expires - time.monotonic())) != "sure":
                return number
        return len(told)

    def _send_event(self, kind: str, body: dict[str, Any],
                    expires: float) -> concurrency.Event:
        told = concurrency.Event()
        self._link.send(wire.Message(
            way="event", to=kind, body=wire.dumps(body), id=wire.new_id(),
            expires=expires,
            done=lambda refusal: told.send(refusal or "sure")))
        return told

    def subscribe(self, pattern: str,
                  received: Callable[[str, dict[str, Any]], None], *,
                  shared: str | None = None) -> None:
        """Give ``received`` kind and body of each event.

        :param pattern: kinds, such as ``server.#`` or ``*.create.end``
        :param shared: name of a lasting queue, of which each event goes to
            one subscriber; else this process gets all while it runs
        """
        def take(delivery: wire.Delivery) -> None:
            green.spawn(_take, received, delivery)
        self._consumers.append(self._link.consume(
            [("event", pattern)], take, prefetch=1, shared=shared))

    def connected(self) -> bool:
        """Say whether messages can travel now; for readiness checks."""
        return self._link.connected()

    def check(self) -> None:
        """Raise ServiceUnavailable unless messages can travel."""
        if not self.connected():
            raise exceptions.ServiceUnavailable()

    def stop(self, timeout: float = 25) -> None:
        """Take no more requests, finish those that run, and leave."""
        if self._stopped:
            return
        self._stopped = True
        if "_link" not in vars(self):
            return
        give_up = time.monotonic() + timeout
        for consumer in self._consumers:
            consumer.cancel()
        for served in self._servers:
            served.stop()
        for served in self._servers:
            served.finish(give_up - time.monotonic())
        for pending in list(self._pending.values()):
            pending.event.send({"unavailable": True})
        self._link.close(max(1.0, give_up - time.monotonic()))

    def call(self, to: str, method: interface.Method, ctx: RequestContext,
             args: dict[str, Any], version: str) -> Any:
        """Ask, and return what comes back."""
        timeout = _bounded(method.timeout)
        expired = exceptions.RPCTimeout(
            topic=to, method=method.name, timeout=round(timeout, 3))
        if timeout <= 0:
            raise expired
        message = wire.Message(
            way="call", to=to, id=wire.new_id(), reply=True,
            sure=len(self._pending) >= _UNSURE_MAX,
            body=wire.request(method.name, ctx, args, version, timeout),
            expires=time.monotonic() + timeout)
        message.done = functools.partial(self._sent, message.id)
        pending = self._pending[message.id] = _Pending(message)
        try:
            self._link.send(message)
            reply = self._wait(pending)
        finally:
            del self._pending[message.id]
        if reply is None:
            raise expired
        if "unavailable" in reply:
            raise exceptions.ServiceUnavailable()
        return wire.outcome(reply)

    def hint(self, way: wire.Way, to: str, method: interface.Method,
             ctx: RequestContext, args: dict[str, Any],
             version: str) -> None:
        """Send a message that may be lost."""
        message = wire.Message(
            way=way, to=to, id=wire.new_id(),
            body=wire.request(method.name, ctx, args, version,
                              method.timeout),
            expires=time.monotonic() + method.timeout)
        message.done = functools.partial(self._hinted, message)
        self._link.send(message)

    def _hinted(self, message: wire.Message,
                refusal: wire.Refusal | None) -> None:
        """Try again while the server is not up yet, as after a restart."""
        if refusal == "unroutable" and not self._stopped and (
                time.monotonic() + _AGAIN_S < (message.expires or 0)):
            green.later(_AGAIN_S, self._link.send, message)

    def _wait(self, pending: _Pending) -> dict[str, Any] | None:
        """Return the reply, None if the time is over or it is silent."""
        expires = pending.message.expires or 0.0
        delay = 0.05
        while True:
            now = time.monotonic()
            if not self._link.connected():
                pending.heard_at = now  # nobody can be heard
            give_up = min(expires, pending.heard_at + SILENCE_MAX)
            if now >= give_up:
                return None
            reply = pending.event.wait(give_up - now)
            if reply is None:
                continue
            if "unroutable" not in reply:
                return cast(dict[str, Any], reply)
            # No such queue: its server has never been up. It may be soon.
            pending.event = concurrency.Event()
            concurrency.sleep(min(delay, max(0.0, expires - now)))
            pending.heard_at = time.monotonic()
            delay = min(delay * 2, 1.0)
            self._link.send(pending.message)

    def _sent(self, ident: str, refusal: wire.Refusal | None) -> None:
        pending = self._pending.get(ident)
        if refusal and pending:
            known = "unroutable" if refusal == "unroutable" else (
                "unavailable")
            pending.event.send({known: True})

    def _unroutable(self, ident: str) -> None:
        self._sent(ident, "unroutable")

    def _replied(self, ident: str, body: bytes) -> None:
        pending = self._pending.get(ident)
        if pending is None:
            return  # its caller has given up
        reply = wire.loads(body)
        if "alive" in reply:
            pending.heard_at = time.monotonic()
        else:
            pending.event.send(reply)

    def _renewed(self) -> None:
        """Ask again, under the same ids: the replies were lost."""
        for pending in list(self._pending.values()):
            pending.heard_at = time.monotonic()
            self._link.send(pending.message)


def _link(url: str, exchange: str) -> wire.Link:
    if url.startswith("memory:"):
        from common.rpc import memory
        return memory.MemoryLink(f"{url} {exchange}")
    from common.rpc.amqp import AMQPLink
    return AMQPLink(url, exchange)


def _take(received: Callable[[str, dict[str, Any]], None],
          delivery: wire.Delivery) -> None:
    try:
        body = wire.loads(delivery.body)
        received(body.get("kind", ""), body)
    except Exception:
        LOG.exception("An event was not understood")
    delivery.ack()


def _bounded(timeout: float) -> float:
    """Return ``timeout``, or the caller's remaining time if shorter."""
    left = server.remaining()
    return timeout if left is None else min(timeout, left)


def _refuse_in_transaction() -> None:
    if db.in_transaction():
        raise RuntimeError("a message inside a database transaction")


class _Proxy:
    """Sends what is called on it."""

    def __init__(self, bus: Bus, wanted: type[interface.Interface],
                 host: str | None, version: str | None) -> None:
        self._bus = bus
        self._wanted = wanted
        self._host = host
        self._version = version or wanted.version

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = self._wanted.methods.get(name)
        if method is None:
            raise AttributeError(f"{self._wanted.topic} has no {name}")
        request = self._bound(method)
        setattr(self, name, request)
        return request

    def _bound(self, method: interface.Method) -> Callable[..., Any]:
        topic = self._wanted.topic
        to = f"{topic}.{self._host}" if self._host else topic
        if method.kind == "call":
            send: Any = functools.partial(self._bus.call, to)
        elif method.kind == "cast":
            send = functools.partial(self._bus.hint, "cast", to)
        else:
            send = functools.partial(self._bus.hint, "fanout", topic)
        old = interface.parsed(method.since) > interface.parsed(
            self._version)

        def request(ctx: RequestContext, **args: Any) -> Any:
            _refuse_in_transaction()
            method.check(topic, args)
            if old:
                raise interface.UnknownMethod(
                    topic=topic, version=self._version, method=method.name)
            return send(method, ctx, args, self._version)
        return request
