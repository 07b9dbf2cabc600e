"""The bus within one process: no broker, no polling, nothing kept.

It has the semantics of the real one, JSON bodies included; it loses all
when the process ends, which must do no harm.
"""

import collections
import re
import time
import uuid
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from common.rpc import wire

#: Messages that wait in one queue; more are refused.
LENGTH_MAX = 10_000

_brokers: "weakref.WeakValueDictionary[str, _Broker]" = (
    weakref.WeakValueDictionary())


class _Delivery:
    __slots__ = ("_consumer", "_settled", "body", "message_id", "reply_to")

    def __init__(self, message: wire.Message, reply_to: str | None,
                 consumer: "_Consumer") -> None:
        self.body = message.body
        self.message_id = message.id
        self.reply_to = reply_to
        self._consumer = consumer
        self._settled = False

    def ack(self) -> None:
        if not self._settled:
            self._settled = True
            self._consumer.unacked -= 1
            self._consumer.queue.pump()

    reject = ack  # there are no dead letters


class _Consumer:
    def __init__(self, queue: "_Queue", received: Callable[[Any], None],
                 prefetch: int) -> None:
        self.queue = queue
        self.received = received
        self.prefetch = prefetch
        self.unacked = 0

    def cancel(self) -> None:
        self.queue.remove(self)


class _Consumers(list["_Consumer"]):
    def cancel(self) -> None:
        for consumer in self:
            consumer.cancel()


class _Queue:
    def __init__(self) -> None:
        self._waiting: collections.deque[
            tuple[wire.Message, str | None]] = collections.deque()
        self._consumers: collections.deque[_Consumer] = collections.deque()
        self.abandoned: Callable[[], None] | None = None

    def put(self, message: wire.Message,
            reply_to: str | None) -> wire.Refusal | None:
        if len(self._waiting) >= LENGTH_MAX:
            return "full"
        self._waiting.append((message, reply_to))
        self.pump()
        return None

    def add(self, consumer: _Consumer) -> None:
        self._consumers.append(consumer)
        self.pump()

    def remove(self, consumer: _Consumer) -> None:
        if consumer in self._consumers:
            self._consumers.remove(consumer)
        if not self._consumers and self.abandoned:
            self.abandoned()

    def pump(self) -> None:
        """Hand out what waits to the consumers that have room, in turn."""
        while self._waiting:
            consumer = self._next()
            if consumer is None:
                return
            message, reply_to = self._waiting.popleft()
            if message.expires and message.expires < time.monotonic():
                continue
            consumer.unacked += 1
            consumer.received(_Delivery(message, reply_to, consumer))

    def _next(self) -> _Consumer | None:
        for _ in range(len(self._consumers)):
            consumer = self._consumers[0]
            self._consumers.rotate(-1)
            if consumer.unacked < consumer.prefetch:
                return consumer
        return None


class _Broker:
    """What the buses of one exchange name share."""

    def __init__(self) -> None:
        self.queues: dict[str, _Queue] = {}
        self.fanouts: dict[str, list[_Queue]] = {}
        self.events: list[tuple[re.Pattern[str], _Queue]] = []
        self.callers: dict[str, Callable[[str, bytes], None]] = {}

    def publish(self, message: wire.Message,
                reply_to: str | None) -> wire.Refusal | None:
        if message.way == "reply":
            return self._reply(message)
        found = self._route(message)
        refusals = [queue.put(message, reply_to) for queue in found]
        if message.way in ("call", "cast"):
            return refusals[0] if refusals else "unroutable"
        return None

    def _reply(self, message: wire.Message) -> wire.Refusal | None:
        caller = self.callers.get(message.to)
        if caller is None:
            return "unroutable"
        caller(message.correlation_id or "", message.body)
        return None

    def _route(self, message: wire.Message) -> list[_Queue]:
        if message.way == "fanout":
            return list(self.fanouts.get(message.to, []))
        if message.way == "event":
            return [queue for pattern, queue in self.events
                    if pattern.fullmatch(message.to)]
        queue = self.queues.get(f"{message.way} {message.to}")
        return [queue] if queue else []

    def source(self, way: wire.Way, name: str,
               shared: str | None) -> _Queue:
        """Return the queue to consume from."""
        if way in ("call", "cast"):
            return self.queues.setdefault(f"{way} {name}", _Queue())
        if way == "fanout":
            queue = _Queue()
            members = self.fanouts.setdefault(name, [])
            members.append(queue)
            queue.abandoned = lambda: members.remove(queue)
            return queue
        queue = self.queues.setdefault(shared, _Queue()) if (
            shared) else _Queue()
        binding = (_pattern(name), queue)
        if binding not in self.events:
            self.events.append(binding)
        if not shared:
            queue.abandoned = lambda: self.events.remove(binding)
        return queue


def _pattern(key: str) -> re.Pattern[str]:
    """Return what a topic binding matches: * a word, # any words."""
    if key == "#":
        return re.compile(".*", re.DOTALL)
    text = re.escape(key).replace(r"\*", r"[^.]+")
    return re.compile(
        text.replace(r"\.\#", r"(\.[^.]+)*").replace(
            r"\#\.", r"([^.]+\.)*"))


class MemoryLink:
    """Talks to the other links of the same name in this process."""

    def __init__(self, name: str) -> None:
        self._broker = _brokers.setdefault(name, _Broker())
        self._address = uuid.uuid4().hex

    def send(self, message: wire.Message) -> None:
        refusal = self._broker.publish(
            message, self._address if message.reply else None)
        if message.done:
            message.done(refusal)

    def consume(self, sources: Sequence[tuple[wire.Way, str]],
                received: Callable[[Any], None], *, prefetch: int,
                shared: str | None = None) -> "_Consumers":
        consumers = _Consumers()
        for way, name in sources:
            queue = self._broker.source(way, name, shared)
            consumer = _Consumer(queue, received, prefetch)
            consumers.append(consumer)
            queue.add(consumer)
        return consumers

    def listen(self, replied: Callable[[str, bytes], None],
               renewed: Callable[[], None],
               unroutable: Callable[[str], None]) -> None:
        self._broker.callers[self._address] = replied

    def connected(self) -> bool:
        return True

    def close(self, timeout: float) -> None:
        self._broker.callers.pop(self._address, None)
