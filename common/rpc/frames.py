"""The few AMQP frames that each message needs, made and read fast.

kombu and amqp do all the rest: connecting, declaring, consuming, closing.
They take three reads and much Python for each frame, which is what a call
over the bus mostly costs; these functions take one read for many frames.
"""

import dataclasses
import struct
from collections.abc import Callable
from typing import Any

_END = b"\xce"
_FRAME = struct.Struct(">BHI")
_PUBLISH = struct.Struct(">HHH")
_HEADER = struct.Struct(">HHQH")
_SETTLE = struct.Struct(">BHIHHQBB")
_SIZE_FLAGS = struct.Struct(">4xQH")
_TAG_MULTIPLE = struct.Struct(">4xQB")

_METHOD, _CONTENT, _BODY = 1, 2, 3
_RETURN = b"\x00\x3c\x00\x32"
_DELIVER = b"\x00\x3c\x00\x3c"
_ACK = b"\x00\x3c\x00\x50"
_NACK = b"\x00\x3c\x00\x78"

#: Properties in the order of their flags, from bit 15 down.
_SHORT_STRINGS = {15: "content_type", 14: "content_encoding",
                  10: "correlation_id", 9: "reply_to", 8: "expiration",
                  7: "message_id"}


@dataclasses.dataclass(slots=True)
class Properties:
    """What a message says of itself."""

    message_id: str = ""
    correlation_id: str = ""
    reply_to: str = ""
    expiration: str = ""
    lasting: bool = False


def properties_of(message: Any) -> Properties:
    """Return those of a message that the amqp library has read."""
    said = message.properties
    return Properties(
        message_id=said.get("message_id", ""),
        correlation_id=said.get("correlation_id", ""),
        reply_to=said.get("reply_to", ""))


def _short(text: str) -> bytes:
    raw = text.encode()
    return bytes((len(raw),)) + raw


def publish(channel: int, exchange: str, key: str, mandatory: bool,
            properties: Properties, body: bytes, frame_max: int) -> bytes:
    """Return the frames that publish a message."""
    method = b"".join((
        _PUBLISH.pack(60, 40, 0), _short(exchange), _short(key),
        b"\x01" if mandatory else b"\x00"))
    flags, fields = 0x8000, [_short("application/json")]
    flags |= 0x1000
    fields.append(b"\x02" if properties.lasting else b"\x01")
    for flag, value in ((0x400, properties.correlation_id),
                        (0x200, properties.reply_to),
                        (0x100, properties.expiration),
                        (0x80, properties.message_id)):
        if value:
            flags |= flag
            fields.append(_short(value))
    header = _HEADER.pack(60, 0, len(body), flags) + b"".join(fields)
    frames = [_FRAME.pack(_METHOD, channel, len(method)), method, _END,
              _FRAME.pack(_CONTENT, channel, len(header)), header, _END]
    room = frame_max - 8
    for start in range(0, len(body), room):
        part = body[start:start + room]
        frames += (_FRAME.pack(_BODY, channel, len(part)), part, _END)
    return b"".join(frames)


def ack(channel: int, tag: int) -> bytes:
    """Return the frame that acknowledges a message."""
    return _SETTLE.pack(_METHOD, channel, 13, 60, 80, tag, 0, 0xCE)


def reject(channel: int, tag: int) -> bytes:
    """Return the frame that makes a message a dead letter."""
    return _SETTLE.pack(_METHOD, channel, 13, 60, 90, tag, 0, 0xCE)


class _Incoming:
    """A message of which not all frames are there."""

    __slots__ = ("body", "consumer", "missing", "properties", "tag")

    def __init__(self, consumer: str, tag: int) -> None:
        self.consumer = consumer
        #: 0 where the broker gives a message back that we sent.
        self.tag = tag
        self.properties = Properties()
        self.body: list[bytes] = []
        self.missing = 0


class Reader:
    """Takes bytes; hands on messages, confirms, and all other frames.

    :param delivered: gets consumer tag, delivery tag, properties, body
    :param settled: gets tag, whether all below too, whether refused
    :param returned: gets the properties of a message that had no queue
    :param others: gets type, channel and payload of other frames
    """

    def __init__(self,
                 delivered: Callable[[str, int, Properties, bytes], None],
                 settled: Callable[[int, bool, bool], None],
                 returned: Callable[[Properties], None],
                 others: Callable[[int, int, bytes], None]) -> None:
        self._delivered = delivered
        self._settled = settled
        self._returned = returned
        self._others = others
        self._buffer = b""
        self._incoming: dict[int, _Incoming] = {}

    def feed(self, data: bytes) -> None:
        """Deal with all frames that are complete."""
        buffer = self._buffer + data if self._buffer else data
        start, length = 0, len(buffer)
        while length - start >= 8:
            kind, channel, size = _FRAME.unpack_from(buffer, start)
            end = start + 8 + size
            if end > length:
                break
            if buffer[end - 1] != 0xCE:
                raise ConnectionError("the broker sends garbage")
            payload = buffer[start + 7:end - 1]
            start = end
            if kind == _METHOD:
                if not self._method(channel, payload):
                    self._others(kind, channel, payload)
            elif channel in self._incoming:
                self._content(kind, channel, payload)
            else:
                self._others(kind, channel, payload)
        self._buffer = buffer[start:]

    def _method(self, channel: int, payload: bytes) -> bool:
        signature = payload[:4]
        if signature == _DELIVER:
            end = 5 + payload[4]
            self._incoming[channel] = _Incoming(
                payload[5:end].decode(errors="replace"),
                int.from_bytes(payload[end:end + 8], "big"))
        elif signature in (_ACK, _NACK):
            tag, multiple = _TAG_MULTIPLE.unpack_from(payload)
            self._settled(tag, bool(multiple & 1), signature == _NACK)
        elif signature == _RETURN:
            self._incoming[channel] = _Incoming("", 0)
        else:
            return False
        return True

    def _content(self, kind: int, channel: int, payload: bytes) -> None:
        incoming = self._incoming[channel]
        if kind == _CONTENT:
            incoming.missing, incoming.properties = _properties(payload)
        else:
            incoming.body.append(payload)
            incoming.missing -= len(payload)
        if incoming.missing > 0:
            return
        del self._incoming[channel]
        if incoming.tag:
            self._delivered(incoming.consumer, incoming.tag,
                            incoming.properties, b"".join(incoming.body))
        else:
            self._returned(incoming.properties)


def _properties(payload: bytes) -> tuple[int, Properties]:
    """Return the size of the body, and the properties that we use."""
    size, flags = _SIZE_FLAGS.unpack_from(payload)
    place = 14
    found = Properties()
    for bit in (15, 14, 13, 12, 11, 10, 9, 8, 7):
        if not flags >> bit & 1:
            continue
        if bit == 13:  # headers: a table with its length before it
            place += 4 + int.from_bytes(payload[place:place + 4], "big")
        elif bit in (12, 11):  # delivery mode, priority
            place += 1
        else:
            end = place + 1 + payload[place]
            name = _SHORT_STRINGS[bit]
            if bit < 11:
                # Whoever sends garbage does not end the connection.
                setattr(found, name, payload[place + 1:end].decode(
                    errors="replace"))
            place = end
    return size, found
