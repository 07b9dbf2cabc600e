"""What takes messages from RabbitMQ's queues."""

import contextlib
import logging
from collections.abc import Callable
from typing import Any

from kombu.connection import Connection

from common import concurrency
from common.rpc import frames, session, topology

LOG = logging.getLogger(__name__)

#: Seconds that a new consumer waits for the broker before it goes on.
_PATIENCE = 5.0
#: With a prefetch less than this, each acknowledgement is sent at once.
_PROMPT_BELOW = 32


class Delivery:
    """A message that came in."""

    __slots__ = ("_channel", "_prompt", "_session", "_tag", "body",
                 "message_id", "reply_to")

    def __init__(self, used: session.Session, tag: int, prompt: bool,
                 properties: frames.Properties, body: bytes) -> None:
        self.body = body
        self.message_id = properties.message_id
        self.reply_to = properties.reply_to or None
        self._session = used
        self._channel = used.channel
        self._tag = tag
        self._prompt = prompt

    def ack(self) -> None:
        self._settle(frames.ack)

    def reject(self) -> None:
        self._settle(frames.reject)

    def _settle(self, made: Callable[[int, int], bytes]) -> None:
        # Tags are of one channel; on a new one it is delivered again.
        if self._channel is self._session.channel and self._channel:
            write = (self._session.write if self._prompt else
                     self._session.write_later)
            write(made(self._channel.channel_id, self._tag))


class Consumer:
    """Some queues, and what takes their messages."""

    def __init__(self, make_queues: Callable[[], list[Any]],
                 received: Callable[[Any], None], prefetch: int) -> None:
        self._make_queues = make_queues
        self._prefetch = prefetch
        self._channel: Any = None
        self._tags: list[str] = []
        self.received = received
        #: Whether the broker sends no more before the acknowledgement.
        self.prompt = prefetch < _PROMPT_BELOW
        self.cancelled = False

    def start(self, channel: Any,
              early: Callable[[Any], None]) -> list[str]:
        """Declare and consume; return the tags of the consumers.

        Private queues get fresh names.
        """
        self._channel = channel
        self._tags = []
        channel.basic_qos(0, self._prefetch, False)
        for queue in self._make_queues():
            queue(channel).declare()
            self._tags.append(channel.basic_consume(
                queue.name, callback=early, on_cancel=self._gone))
        return self._tags

    def _gone(self, tag: str) -> None:
        # The queue was deleted: a new connection declares it anew.
        raise ConnectionError("a queue was deleted")

    def cancel(self) -> None:
        self.cancelled = True
        for tag in self._tags:
            try:
                self._channel.basic_cancel(tag, nowait=True)
            except Exception:
                LOG.debug("A consumer was gone", exc_info=True)


class Inbox:
    """A connection that takes from several queues."""

    def __init__(self, url: str, purpose: str,
                 names: topology.Topology) -> None:
        self._names = names
        self._consumers: list[Consumer] = []
        self._takers: dict[str, Consumer] = {}
        self._session = session.Session(
            url, purpose, prepare=self._prepare, delivered=self._delivered)
        concurrency.spawn(_declare_dead, url, names)

    @property
    def up(self) -> bool:
        """Say whether it takes messages now."""
        return self._session.up

    def add(self, consumer: Consumer) -> None:
        """Take from one queue more, soon if the broker is away."""
        self._consumers.append(consumer)
        if len(self._consumers) > 1:
            self._session.restart()
        self._session.wait_ready(_PATIENCE)

    def _prepare(self, channel: Any) -> None:
        self._names.declare(channel)
        self._takers = {}
        for consumer in self._consumers:
            if not consumer.cancelled:
                for tag in consumer.start(channel, self._session.early):
                    self._takers[tag] = consumer

    def _delivered(self, tag: str, number: int,
                   properties: frames.Properties, body: bytes) -> None:
        taker = self._takers.get(tag)
        if taker is not None:
            taker.received(Delivery(
                self._session, number, taker.prompt, properties, body))

    def close(self) -> None:
        """End it; what is not acknowledged goes to others."""
        self._session.close()


def _declare_dead(url: str, names: topology.Topology) -> None:
    """Try to; nothing waits for the queue of dead letters."""
    with contextlib.suppress(Exception), concurrency.Timeout(30):
        with Connection(url, connect_timeout=5) as connection:
            channel = connection.channel()
            names.declare(channel)
            names.declare_dead(channel)
