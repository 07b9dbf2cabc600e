"""One lasting connection to RabbitMQ: made again whenever it breaks."""

import contextlib
import logging
import random
import socket
from collections.abc import Callable
from typing import Any

from amqp import spec
from kombu.connection import Connection

from common import concurrency
from common.rpc import frames, green

LOG = logging.getLogger(__name__)

_HEARTBEAT = 10
#: Seconds for which acknowledgements are gathered.
_LAZY_S = 0.005
_CONNECT_TIMEOUT = 4
#: Seconds for connecting and declaring: a broker that starts may hang.
_PREPARE_TIMEOUT = 7
#: Seconds between attempts to connect, at most.
_BACK_OFF_MOST = 5.0


class Session:
    """A connection with one channel, or more made by ``prepare``.

    What is given must not wait, but for ``prepare`` and ``lost``.

    :param prepare: declares and consumes on a fresh channel; nothing else
        reads the connection meanwhile
    :param delivered: gets consumer tag, delivery tag, properties and body
    :param settled: gets tag, whether all below it too, whether refused
    :param returned: gets the properties of a message without a queue
    :param lost: called when the channel is gone
    :param blocked: told whether the broker takes no messages for a while
    """

    def __init__(self, url: str, purpose: str, *,
                 prepare: Callable[[Any], None],
                 delivered: Callable[..., None],
                 settled: Callable[..., None] = lambda *a: None,
                 returned: Callable[..., None] = lambda *a: None,
                 lost: Callable[[], None] = lambda: None,
                 blocked: Callable[[bool], None] = lambda yes: None) -> None:
        self._purpose = purpose
        self._prepare = prepare
        self._delivered = delivered
        self._settled = settled
        self._returned = returned
        self._lost = lost
        self._connection = Connection(
            url, heartbeat=_HEARTBEAT, connect_timeout=_CONNECT_TIMEOUT,
            transport_options={
                "on_blocked": lambda reason: blocked(True),
                "on_unblocked": lambda: blocked(False),
                # A write that the kernel does not take for so long is lost.
                "read_timeout": None, "write_timeout": None})
        self.channel: Any = None
        self._raw: Any = None
        # Kept: asked for its transport, a lost connection connects again.
        self._sock: Any = None
        self._early: list[Any] = []
        self._buffer: list[bytes] = []
        self._flushing = False
        self._lazy = False
        self._ready = concurrency.Event()
        self._closing = False
        self._restarting = False
        self._thread = concurrency.spawn(self._run)

    @property
    def up(self) -> bool:
        """Say whether there is a channel."""
        return self.channel is not None

    def wait_ready(self, timeout: float) -> bool:
        """Wait until there is a channel; say whether there is."""
        self._ready.wait(timeout)
        return self.up

    @property
    def frame_max(self) -> int:
        """Return the size of the largest frame."""
        return int(self._raw.frame_max)

    def early(self, message: Any) -> None:
        """Keep what comes while the channel is being prepared."""
        self._early.append(message)

    def restart(self) -> None:
        """Prepare anew, on a new connection."""
        self._ready = concurrency.Event()
        self._restarting = True
        self._cut()

    def close(self) -> None:
        """End the connection."""
        self._closing = True
        with contextlib.suppress(Exception), concurrency.Timeout(1):
            self._raw.send_method(spec.Connection.Close, "BsBB",
                                  (200, "", 0, 0))
            self._thread.wait()
        self._cut()
        self._thread.kill()

    def _run(self) -> None:
        delay = 0.1
        while not self._closing:
            try:
                self._connect()
                delay = 0.1
                self._read()
            except Exception as error:
                self._report(error)
            finally:
                self._drop()
            if self._closing:
                return
            if self._restarting:
                self._restarting = False
                continue
            concurrency.sleep(random.uniform(0.5, 1) * delay)
            delay = min(delay * 2, _BACK_OFF_MOST)

    def _connect(self) -> None:
        try:
            with concurrency.Timeout(_PREPARE_TIMEOUT):
                self._connection.connect()
                self._raw = self._connection.connection
                self._sock = self._raw.transport.sock
                _keep_alive(self._sock)
                self._early = []
                channel = self._connection.channel()
                self._prepare(channel)
                # From here on all writes go through one buffer.
                self._buffer.clear()
                self._flushing = False
                self._raw.transport._write = self.write
        except Exception:
            self._connection.maybe_switch_next()
            raise
        self.channel = channel
        self._ready.send()
        LOG.info("Connected to the bus (%s)", self._purpose)

    def _read(self) -> None:
        """Take what comes, until the connection breaks."""
        raw, odd = self._raw, concurrency.Queue()
        reader = frames.Reader(
            self._delivered, self._settled, self._returned,
            lambda *frame: odd.put(frame))

        def feed(data: bytes) -> None:
            """Called by the hub: what may wait goes to the thread below."""
            raw.bytes_recv += 1  # the heartbeat looks at it
            try:
                if not data:
                    raise ConnectionError("the broker hung up")
                reader.feed(data)
            except Exception as error:
                odd.put(error)
        timer = concurrency.spawn(self._beat, raw)
        self._take_early(feed)
        reading = green.Reading(self._sock, feed)
        try:
            while not self._closing:
                frame = odd.get()
                if isinstance(frame, Exception):
                    raise frame
                raw.on_inbound_frame(frame)
        finally:
            reading.cancel()
            timer.kill()

    def _take_early(self, feed: Callable[[bytes], None]) -> None:
        """Deal with what came while the channel was being prepared."""
        early, self._early = self._early, []
        for message in early:
            self._delivered(
                message.delivery_info["consumer_tag"], message.delivery_tag,
                frames.properties_of(message), message.body)
        rest = bytes(self._raw.transport._read_buffer)
        if rest:
            feed(rest)

    def write(self, data: bytes) -> None:
        """Write frames: the first of a moment now, others together."""
        self._buffer.append(bytes(data))
        self._flush()

    def write_later(self, data: bytes) -> None:
        """Write frames that may wait a little for others."""
        self._buffer.append(data)
        if not self._lazy:
            self._lazy = True
            green.soon(self._flush_lazy, _LAZY_S)

    def _flush_lazy(self) -> None:
        self._lazy = False
        self._flush()

    def _flush(self) -> None:
        if not self._flushing and self._buffer:
            self._flushing = True
            self._flush_now()

    def _flush_now(self) -> None:
        """Write what can be written without waiting; the hub calls it too."""
        data = b"".join(self._buffer)
        self._buffer.clear()
        sock = self._sock
        if sock is None or not data:
            self._flushing = False
            return
        try:
            sent = green.send_now(sock, data)
        except OSError:
            sent = len(data)  # whoever reads sees it too
        if sent == len(data):
            green.soon(self._flush_now)
        else:
            green.spawn(self._flush_slowly, sock, data[sent:])

    def _flush_slowly(self, sock: Any, data: bytes) -> None:
        try:
            sock.sendall(data)
        except OSError as error:
            LOG.debug("Lost while writing: %s", error)
        if self._sock is sock:
            self._flush_now()

    def _beat(self, raw: Any) -> None:
        """Send heartbeats; cut the line when none come."""
        while True:
            concurrency.sleep(_HEARTBEAT / 4)
            try:
                raw.heartbeat_tick()
            except Exception as error:
                LOG.warning("The bus is silent (%s): %s",
                            self._purpose, error)
                self._cut()
                return

    def _cut(self) -> None:
        """Make the reading thread see the end of the connection."""
        with contextlib.suppress(Exception):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        was_up, self.channel, raw = self.up, None, self._raw
        self._raw = self._sock = None
        if self._ready.ready():
            self._ready = concurrency.Event()
        if raw is not None:
            with contextlib.suppress(Exception):
                raw.collect()
        with contextlib.suppress(Exception):
            self._connection.collect()
        if was_up:
            self._lost()

    def _report(self, error: Exception) -> None:
        if self._closing or self._restarting:
            return
        text = str(error) or type(error).__name__
        if self.up:
            LOG.warning("Lost the bus (%s): %s", self._purpose, text)
        else:
            LOG.warning("Cannot reach the bus (%s): %s",
                        self._purpose, text)


def _keep_alive(sock: Any) -> None:
    """Have the kernel notice a dead peer that we write to."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 15000)


