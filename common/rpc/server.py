"""The serving side: take requests, run them, answer."""

import collections
import contextvars
import logging
import time
from typing import Any

from common import concurrency, exceptions, log
from common.context import RequestContext
from common.rpc import green, interface, wire

LOG = logging.getLogger(__name__)

#: Seconds between two signs of life while a method runs.
ALIVE_INTERVAL = 5.0
#: Message ids remembered, so that a double is not run again.
_SEEN_MAX = 4096
#: Replies of this many bytes or less are kept for doubles.
_KEPT_MAX = 4096

#: Monotonic time at which the caller of what runs here gives up.
_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar(
    "rpc_deadline", default=None)


def remaining() -> float | None:
    """Return the seconds until the caller gives up; None if there is none.

    Calls made while serving a call get no more time than that.
    """
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


class Server:
    """Runs the requests to one interface, ``size`` at a time."""

    def __init__(self, link: wire.Link, server: interface.Interface,
                 host: str, size: int) -> None:
        self._link = link
        self._server = server
        self._slots = concurrency.Semaphore(size)
        self._running = 0
        self._seen: collections.OrderedDict[str, bytes | None] = (
            collections.OrderedDict())
        self._reply_to: dict[str, str | None] = {}
        self._idle = concurrency.Event()
        topic = server.topic
        kinds = {method.kind for method in server.methods.values()}
        sources: list[tuple[wire.Way, str]] = [
            (kind, name) for kind in sorted(kinds - {"fanout"})
            for name in (topic, f"{topic}.{host}")]
        if "fanout" in kinds:
            sources.append(("fanout", topic))
        self._consumer = link.consume(
            sources, self._received, prefetch=size)

    def stop(self) -> None:
        """Take no more requests."""
        self._consumer.cancel()

    def finish(self, timeout: float) -> bool:
        """Wait until what runs is done; say whether it is."""
        give_up = time.monotonic() + timeout
        while self._running and time.monotonic() < give_up:
            self._idle = concurrency.Event()
            self._idle.wait(give_up - time.monotonic())
        return not self._running

    def _received(self, delivery: wire.Delivery) -> None:
        self._running += 1
        green.spawn(self._handle, delivery, time.monotonic())

    def _handle(self, delivery: wire.Delivery, since: float) -> None:
        try:
            with self._slots:
                self._answer(delivery, since)
        except Exception:
            LOG.exception("A request to %s was lost", self._server.topic)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.send()

    def _answer(self, delivery: wire.Delivery, since: float) -> None:
        try:
            body = wire.loads(delivery.body)
            deadline = since + float(body["ttl"])
        except (ValueError, KeyError, TypeError):
            LOG.error("%s: a message that is no request was rejected",
                      self._server.topic)
            delivery.reject()
            return
        if time.monotonic() > deadline:
            LOG.info("%s.%s: dropped, its caller has given up",
                     self._server.topic, body.get("method"))
        else:
            self._once(delivery, body, deadline)
        # Only now: a request that a crash cuts short goes to another.
        delivery.ack()

    def _once(self, delivery: wire.Delivery, body: dict[str, Any],
              deadline: float) -> None:
        """Run the request unless it is a double; reply either way."""
        ident = delivery.message_id
        if ident in self._reply_to:  # the first one is still running
            self._reply_to[ident] = delivery.reply_to
            return
        kept = self._seen.get(ident)
        if kept is not None:
            self._reply(ident, delivery.reply_to, kept)
            return
        self._reply_to[ident] = delivery.reply_to
        try:
            reply = self._run(ident, body, deadline)
        finally:
            reply_to = self._reply_to.pop(ident)
        self._remember(ident, reply)
        self._reply(ident, reply_to, reply)

    def _remember(self, ident: str, reply: bytes) -> None:
        if len(reply) <= _KEPT_MAX:
            self._seen[ident] = reply
            if len(self._seen) > _SEEN_MAX:
                self._seen.popitem(last=False)

    def _run(self, ident: str, body: dict[str, Any],
             deadline: float) -> bytes:
        _deadline.set(deadline)
        alive = green.later(
            ALIVE_INTERVAL, self._say_alive, ident, deadline)
        try:
            return wire.dumps({"result": self._invoke(body)})
        except exceptions.ServiceError as error:
            return wire.failure(error)
        except Exception as error:
            LOG.exception("%s.%s failed", self._server.topic,
                          body.get("method"))
            return wire.failure(error)
        finally:
            alive.cancel()

    def _say_alive(self, ident: str, deadline: float) -> None:
        while ident in self._reply_to and time.monotonic() < deadline:
            self._reply(ident, self._reply_to[ident], b'{"alive":true}')
            concurrency.sleep(ALIVE_INTERVAL)

    def _invoke(self, body: dict[str, Any]) -> Any:
        server = self._server
        interface.check_version(server, body["version"])
        method = server.methods.get(body["method"])
        if method is None:
            raise interface.UnknownMethod(
                topic=server.topic, version=server.version,
                method=str(body["method"]))
        args = method.known(body["args"])
        method.check(server.topic, args)
        ctx = RequestContext.from_dict(body["ctx"])
        log.request_id.set(ctx.request_id)
        return getattr(server, method.name)(ctx, **args)

    def _reply(self, ident: str, reply_to: str | None,
               body: bytes) -> None:
        if reply_to:
            self._link.send(wire.Message(
                way="reply", to=reply_to, body=body, id=wire.new_id(),
                correlation_id=ident,
                expires=time.monotonic() + interface.HINT_TTL))
