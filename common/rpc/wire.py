"""Messages: what travels, and how errors survive the journey."""

import dataclasses
import itertools
import os
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import orjson

from common import exceptions
from common.context import RequestContext

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME

#: Where a message goes: a question or a hint to one server of a topic, a
#: hint to all of them, an event to those who subscribed, a reply.
Way = Literal["call", "cast", "fanout", "event", "reply"]

#: Why a message was not taken: nobody declared the queue, it is full, or
#: the broker was away until the message expired.
Refusal = Literal["unroutable", "full", "away"]


@dataclasses.dataclass(slots=True)
class Message:
    """A message on its way out."""

    way: Way
    to: str
    body: bytes
    id: str
    reply: bool = False
    #: Whether to be told of a call's refusal by a full queue.
    sure: bool = True
    correlation_id: str | None = None
    #: Monotonic time after which nobody wants it.
    expires: float | None = None
    #: Called once the broker has it (None), or with why it has not.
    done: Callable[[Refusal | None], None] | None = None


class Delivery(Protocol):
    """A message that came in."""

    body: bytes
    message_id: str
    reply_to: str | None

    def ack(self) -> None:
        """Tell the broker that it is dealt with."""

    def reject(self) -> None:
        """Have it put among the dead letters."""


class Consumer(Protocol):
    """What takes messages from queues."""

    def cancel(self) -> None:
        """Take no more."""


class Link(Protocol):
    """Where messages come from and go to: a broker, or this process."""

    def send(self, message: Message) -> None:
        """Send it, or keep it until that is possible or it expires."""

    def consume(self, sources: Sequence[tuple[Way, str]],
                received: Callable[[Any], None], *,
                prefetch: int, shared: str | None = None) -> Consumer:
        """Give ``received`` each message of ways and names.

        At most ``prefetch`` of each source are un-acked.
        """

    def listen(self, replied: Callable[[str, bytes], None],
               renewed: Callable[[], None],
               unroutable: Callable[[str], None]) -> None:
        """Give ``replied`` correlation id and body of each reply.

        ``renewed`` is called when replies to what was sent before can no
        longer come, ``unroutable`` with the id of a call that was not
        ``sure`` and has no queue.
        """

    def connected(self) -> bool:
        """Say whether messages can travel now."""

    def close(self, timeout: float) -> None:
        """Send what waits, then end."""


_sender = uuid.uuid4().hex
_numbers = itertools.count()


def _renew_sender() -> None:
    global _sender
    _sender = uuid.uuid4().hex


os.register_at_fork(after_in_child=_renew_sender)


def new_id() -> str:
    """Return a message id: the sender's name, and a number."""
    return f"{_sender}.{next(_numbers)}"


def dumps(value: Any) -> bytes:
    """Encode; raise TypeError for what is not JSON."""
    return orjson.dumps(value, option=_STRICT)


def loads(body: bytes) -> Any:
    """Decode."""
    return orjson.loads(body)


def request(method: str, ctx: RequestContext, args: dict[str, Any],
            version: str, ttl: float) -> bytes:
    """Return the body of a request."""
    return dumps({"method": method, "ctx": ctx.to_dict(), "args": args,
                  "version": version, "ttl": ttl})


def failure(error: Exception) -> bytes:
    """Return the body of a reply that says that it failed."""
    if isinstance(error, exceptions.ServiceError):
        name = exceptions.qualified_name(type(error))
        fields = error.fields
    else:
        name = exceptions.qualified_name(exceptions.RemoteError)
        fields = {"type": type(error).__name__, "text": str(error)}
    return orjson.dumps({"error": name, "text": str(error),
                         "fields": fields}, default=str)


def outcome(reply: dict[str, Any]) -> Any:
    """Return the result that a reply holds, or raise its error."""
    if "error" not in reply:
        return reply["result"]
    error: type[exceptions.ServiceError] | None = (
        exceptions.REGISTRY.get(reply["error"]))
    try:
        if error:
            raise error(**reply["fields"])
    except (TypeError, KeyError):
        pass  # the class takes other fields in this release
    raise exceptions.RemoteError(type=reply["error"], text=reply["text"])
