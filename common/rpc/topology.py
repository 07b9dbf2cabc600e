"""Exchanges and queues on RabbitMQ, and what each is for.

NAME          questions to the queues NAME.TOPIC and NAME.TOPIC.HOST, hints
              (casts) to NAME.TOPIC/work and NAME.TOPIC.HOST/work
NAME.fanout   hints to every server of a topic, each with a private queue
NAME.events   what happened; subscribers bind patterns
NAME.dead     what could not be understood

Questions and hints wait in classic queues that are not durable. Nothing is
lost with them, since questions are asked again and hints are only hints;
they are made anew wherever the cluster still runs; and a call over a quorum
queue takes three times as long. Moreover a quorum queue of RabbitMQ 3.10 may
find no leader again after its only node was killed: hosts would be deaf.
Shared queues of events are quorum queues, since nobody sends those again.
"""

import uuid
from typing import Any

from kombu.entity import Exchange, Queue

from common.rpc import wire

#: Messages that wait in a work queue; more are refused.
_LENGTH_MAX = 10_000
#: Milliseconds after which an unused work queue goes away.
_QUEUE_EXPIRES_MS = 24 * 3600 * 1000
#: Times that an event may take its subscriber down.
_DELIVERIES_MAX = 5
_DEAD_TTL_MS = 7 * 24 * 3600 * 1000


class Topology:
    """Names and declares what the bus of one exchange name needs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work = Exchange(name, type="topic", durable=True)
        self._fanout = Exchange(
            f"{name}.fanout", type="direct", durable=True)
        self._events = Exchange(
            f"{name}.events", type="topic", durable=True)
        self._dead = Exchange(
            f"{name}.dead", type="headers", durable=True)

    def declare(self, channel: Any) -> None:
        """Make the exchanges."""
        for exchange in (self._work, self._fanout, self._events,
                         self._dead):
            exchange(channel).declare()

    def declare_dead(self, channel: Any) -> None:
        """Make the queue of dead letters; it may have no leader."""
        # Messages that expired are nobody's alarm: they match no binding.
        for number, reason in enumerate(("rejected", "delivery_limit")):
            dead = Queue(
                f"{self._name}.dead", self._dead, durable=True,
                binding_arguments={"x-match": "any-with-x",
                                   "x-first-death-reason": reason},
                queue_arguments={"x-max-length": _LENGTH_MAX,
                                 "x-message-ttl": _DEAD_TTL_MS})
            if number:
                dead(channel).queue_bind()
            else:
                dead(channel).declare()

    def target(self, message: wire.Message) -> tuple[str, str]:
        """Return exchange and routing key of a message."""
        if message.way == "call":
            return self._name, message.to
        if message.way == "cast":
            return self._name, f"{message.to}/work"
        if message.way == "reply":
            return "", message.to
        names = {"fanout": self._fanout.name, "event": self._events.name}
        return names[message.way], message.to

    def queue(self, way: wire.Way, name: str,
              shared: str | None) -> Queue:
        """Return what to consume from; private ones have fresh names."""
        if way == "call":
            return self._passing(name)
        if way == "cast":
            return self._passing(f"{name}/work")
        if shared:
            return self._lasting(f"events.{shared}", self._events, name)
        exchange = self._fanout if way == "fanout" else self._events
        return Queue(
            f"{exchange.name}.{uuid.uuid4()}", exchange, routing_key=name,
            durable=False, exclusive=True, auto_delete=True,
            queue_arguments={"x-max-length": 1000})

    def _passing(self, name: str) -> Queue:
        return Queue(
            f"{self._name}.{name}", self._work, routing_key=name,
            durable=False,
            queue_arguments={
                "x-max-length": _LENGTH_MAX,
                "x-overflow": "reject-publish",
                "x-dead-letter-exchange": self._dead.name,
                "x-expires": _QUEUE_EXPIRES_MS,
            })

    def _lasting(self, name: str, exchange: Exchange,
                 key: str) -> Queue:
        return Queue(
            f"{self._name}.{name}", exchange, routing_key=key, durable=True,
            queue_arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": _DELIVERIES_MAX,
                "x-max-length": _LENGTH_MAX,
                "x-overflow": "reject-publish",
                "x-dead-letter-exchange": self._dead.name,
                "x-expires": _QUEUE_EXPIRES_MS,
            })
