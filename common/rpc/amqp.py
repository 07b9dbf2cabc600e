"""The bus over RabbitMQ.

One connection sends and takes the replies (a broker short of memory stops
reading from it); another, made when something is served, takes the requests;
a third the shared queues of events, which may stand still on their own.
"""

import collections
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from common import concurrency
from common.rpc import frames, inbox, session, topology, wire

LOG = logging.getLogger(__name__)

_REPLY_TO = "amq.rabbitmq.reply-to"
#: Messages kept while the broker is away or has not confirmed them.
_KEPT_MAX = 10_000
#: Seconds for which a reply may be lost with the connection unnoticed,
#: and how much of replies is kept for that.
_REPLY_KEPT_S = 30.0
_REPLIES_MAX = 256
_REPLIES_MAX_BYTES = 4 << 20
#: Bytes of a routing key, less what ``Topology.target`` adds.
_TO_MAX_BYTES = 250


class AMQPLink:
    """Connections to the broker, and the messages not yet confirmed."""

    def __init__(self, url: str, exchange: str) -> None:
        self._url = url
        self._names = topology.Topology(exchange)
        self._replied: Callable[[str, bytes], None] = lambda ident, b: None
        self._renewed: Callable[[], None] = lambda: None
        self._unroutable: Callable[[str], None] = lambda ident: None
        self._blocked = False
        self._writing = False
        self._tag = 0
        self._outbox: collections.deque[wire.Message] = collections.deque()
        self._unconfirmed: collections.OrderedDict[int, wire.Message] = (
            collections.OrderedDict())
        self._plain_channel = 0
        self._replies: collections.deque[
            tuple[float, wire.Message]] = collections.deque()
        self._reply_bytes = 0
        self._out = session.Session(
            url, "out", prepare=self._prepare_out, delivered=self._reply,
            settled=self._settled, returned=self._returned,
            lost=self._lost, blocked=self._set_blocked)
        self._inboxes: dict[str, inbox.Inbox] = {}

    # Sending

    def send(self, message: wire.Message) -> None:
        if len(message.to.encode()) > _TO_MAX_BYTES:
            raise ValueError(f"too long for a routing key: {message.to}")
        if len(self._outbox) + len(self._unconfirmed) >= _KEPT_MAX:
            _tell(message, "full")
            return
        if not self._out.up and message.reply:
            return  # the bus sends it again when the connection is there
        self._outbox.append(message)
        self._flush()

    def _flush(self) -> None:
        """Write what waits, in order; one green thread does at a time."""
        if self._writing:
            return
        self._writing = True
        try:
            while self._outbox and self._out.up and not self._blocked:
                self._write(self._outbox.popleft())
        finally:
            self._writing = False

    def _write(self, message: wire.Message) -> None:
        left = None
        if message.expires is not None:
            left = message.expires - time.monotonic()
            if left <= 0:
                _tell(message, "away")
                return
        # Confirms cost a fifth of a call. A call's reply confirms it, and
        # the last replies are sent again when the connection was lost.
        plain = message.way == "reply" or (
            message.reply and not message.sure)
        exchange, key = self._names.target(message)
        data = frames.publish(
            self._plain_channel if plain else self._out.channel.channel_id,
            exchange, key, message.way in ("call", "cast"),
            _properties(message, left), message.body, self._out.frame_max)
        if message.way == "reply":
            self._keep_reply(message)
        elif not plain:
            self._tag += 1
            self._unconfirmed[self._tag] = message
        self._out.write(data)

    def _keep_reply(self, message: wire.Message) -> None:
        now = time.monotonic()
        self._replies.append((now, message))
        self._reply_bytes += len(message.body)
        while self._replies and (
                self._reply_bytes > _REPLIES_MAX_BYTES
                or len(self._replies) > _REPLIES_MAX
                or self._replies[0][0] < now - _REPLY_KEPT_S):
            self._reply_bytes -= len(self._replies.popleft()[1].body)

    def _settled(self, tag: int, multiple: bool, refused: bool) -> None:
        self._settle(tag, multiple, "full" if refused else None)

    def _settle(self, tag: int, multiple: bool,
                refusal: wire.Refusal | None) -> None:
        if not multiple:
            _tell(self._unconfirmed.pop(tag, None), refusal)
            return
        while self._unconfirmed and next(iter(self._unconfirmed)) <= tag:
            _tell(self._unconfirmed.popitem(last=False)[1], refusal)

    def _returned(self, properties: frames.Properties) -> None:
        """Tell the sender that nobody declared the queue."""
        ident = properties.message_id
        for tag, message in self._unconfirmed.items():
            if message.id == ident:
                del self._unconfirmed[tag]
                _tell(message, "unroutable")
                return
        self._unroutable(ident)

    def _prepare_out(self, channel: Any) -> None:
        self._names.declare(channel)
        plain = channel.connection.channel()
        self._plain_channel = plain.channel_id
        channel.confirm_select()
        for each in (channel, plain):  # replies come where it was asked
            each.basic_consume(
                _REPLY_TO, no_ack=True, callback=self._out.early)
        self._tag = 0
        self._blocked = False
        concurrency.spawn(self._resume)

    def _resume(self) -> None:
        self._out.wait_ready(10)
        if self._out.up:
            self._renewed()
            self._flush()

    def _lost(self) -> None:
        """Keep what was not confirmed; calls are sent again by the bus."""
        recent = time.monotonic() - _REPLY_KEPT_S
        kept = [m for sent, m in self._replies if sent > recent]
        kept += [m for m in (*self._unconfirmed.values(), *self._outbox)
                 if not m.reply]
        self._replies.clear()
        self._reply_bytes = 0
        self._unconfirmed.clear()
        self._outbox = collections.deque(kept)

    def _set_blocked(self, blocked: bool) -> None:
        LOG.warning("The broker takes messages again" if not blocked else
                    "The broker is short of memory or disk and takes no "
                    "messages")
        self._blocked = blocked
        if not blocked:
            concurrency.spawn(self._flush)

    def _reply(self, consumer: str, tag: int,
               properties: frames.Properties, body: bytes) -> None:
        self._replied(properties.correlation_id, body)

    # Receiving

    def consume(self, sources: Sequence[tuple[wire.Way, str]],
                received: Callable[[Any], None], *, prefetch: int,
                shared: str | None = None) -> inbox.Consumer:
        purpose = "events" if shared else "in"
        if purpose not in self._inboxes:
            self._inboxes[purpose] = inbox.Inbox(
                self._url, purpose, self._names)
        consumer = inbox.Consumer(
            lambda: [self._names.queue(way, name, shared)
                     for way, name in sources], received, prefetch)
        self._inboxes[purpose].add(consumer)
        return consumer

    def listen(self, replied: Callable[[str, bytes], None],
               renewed: Callable[[], None],
               unroutable: Callable[[str], None]) -> None:
        self._replied = replied
        self._renewed = renewed
        self._unroutable = unroutable

    def connected(self) -> bool:
        return self._out.up and all(
            each.up for each in self._inboxes.values())

    def close(self, timeout: float) -> None:
        give_up = time.monotonic() + timeout
        while (self._unconfirmed or self._outbox) and self._out.up and (
                time.monotonic() < give_up):
            concurrency.sleep(0.02)
        for each in self._inboxes.values():
            each.close()
        self._out.close()


def _properties(message: wire.Message,
                left: float | None) -> frames.Properties:
    return frames.Properties(
        message_id=message.id,
        correlation_id=message.correlation_id or "",
        reply_to=_REPLY_TO if message.reply else "",
        expiration="" if left is None else str(max(1, int(left * 1000))),
        lasting=message.way in ("cast", "event"))


def _tell(message: wire.Message | None,
          refusal: wire.Refusal | None) -> None:
    if message is not None and message.done is not None:
        message.done(refusal)
