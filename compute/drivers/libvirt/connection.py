"""The connection to libvirt: native calls out, events in."""

import collections
import contextlib
import logging
from collections.abc import Callable
from typing import TypeVar

import libvirt

from common import concurrency
from common import exceptions as common_exceptions

LOG = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between two probes of the link; dead after three.
KEEPALIVE_S = 5
#: Calls that run at a time. A guest whose monitor hangs holds up the calls
#: for it; they must not take all native threads of the process.
CALLS = 8

_DEAD = {libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_INTERNAL_ERROR,
         libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_ERR_INVALID_CONN,
         libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_AUTH_FAILED}

_EVENTS = {
    libvirt.VIR_DOMAIN_EVENT_STARTED: "started",
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: "paused",
    libvirt.VIR_DOMAIN_EVENT_RESUMED: "resumed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED: "stopped",
    libvirt.VIR_DOMAIN_EVENT_CRASHED: "crashed",
}

_event_loop: list[object] = []


class Connection:
    """One link to libvirtd, opened when first needed and after each loss."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._conn: libvirt.virConnect | None = None
        self._opening = concurrency.Semaphore(1)
        self._slots = concurrency.Semaphore(CALLS)
        #: UUIDs of domains whose hypervisor was told to end by a signal,
        #: as when the host goes down: the guest had no part in it.
        self.ended_by_host: set[str] = set()
        self._events: collections.deque[tuple[str, str]] = (
            collections.deque(maxlen=10_000))
        self._signal = concurrency.NativeSignal()
        self._pump: object | None = None
        self._listener: Callable[[str, str], None] | None = None

    def call(self, func: Callable[[libvirt.virConnect], T]) -> T:
        """Run ``func`` with the open link, in a native thread.

        :raises ServiceUnavailable: if libvirt cannot be reached, or is
            busy with that domain for long
        """
        conn = self._open()
        try:
            with self._slots:
                return concurrency.blocking(func, conn)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT:
                raise common_exceptions.ServiceUnavailable() from error
            if error.get_error_code() in _DEAD and not self._alive(conn):
                self._forget(conn)
                raise common_exceptions.ServiceUnavailable() from error
            raise

    def listen(self, listener: Callable[[str, str], None]) -> None:
        """Call the listener with a domain's UUID and what happened to it."""
        self._listener = listener
        if self._pump is None:
            self._pump = concurrency.spawn(self._deliver)

    def ready(self) -> None:
        """Raise ServiceUnavailable unless libvirt answers."""
        self.call(lambda conn: conn.getLibVersion())

    def close(self) -> None:
        """Close the link; domains run on."""
        if self._pump:
            self._pump.kill()  # type: ignore[attr-defined]
            self._pump = None
        if self._conn:
            self._forget(self._conn)

    def _open(self) -> libvirt.virConnect:
        with self._opening:
            if self._conn is None:
                _start_event_loop()
                try:
                    self._conn = concurrency.blocking(self._connect)
                except libvirt.libvirtError as error:
                    LOG.warning("libvirt cannot be reached: %s", error)
                    raise (common_exceptions.ServiceUnavailable()
                           ) from error
            return self._conn

    def _connect(self) -> libvirt.virConnect:
        """Open the link; runs in a native thread."""
        conn = libvirt.open(self._uri)
        conn.setKeepAlive(KEEPALIVE_S, 3)
        conn.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._happened,
            None)
        return conn

    def _alive(self, conn: libvirt.virConnect) -> bool:
        try:
            return bool(concurrency.blocking(conn.isAlive) == 1)
        except libvirt.libvirtError:
            return False

    def _forget(self, conn: libvirt.virConnect) -> None:
        if self._conn is conn:
            self._conn = None
        try:
            concurrency.blocking(conn.close)
        except libvirt.libvirtError as error:
            LOG.debug("closing a dead link: %s", error)

    def _happened(self, _conn: object, domain: libvirt.virDomain,
                  event: int, detail: int, _opaque: object) -> None:
        """Note an event; in the native event thread: nothing green here."""
        if (event == libvirt.VIR_DOMAIN_EVENT_SHUTDOWN
                and detail == libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_HOST):
            self.ended_by_host.add(domain.UUIDString())
        elif event == libvirt.VIR_DOMAIN_EVENT_STARTED:
            self.ended_by_host.discard(domain.UUIDString())
        what = _EVENTS.get(event)
        if what == "stopped" and detail in (
                libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED,
                libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED):
            what = "crashed"
        if what:
            self._events.append((domain.UUIDString(), what))
            self._signal.set()

    def _deliver(self) -> None:
        while True:
            self._signal.wait()
            while self._events:
                server_id, what = self._events.popleft()
                try:
                    if self._listener:
                        self._listener(server_id, what)
                except Exception:
                    LOG.exception("event %s of %s", what, server_id)


def _start_event_loop() -> None:
    """Run libvirt's event loop in a native thread, once per process.

    It has to be registered before the first link is opened.
    """
    if _event_loop:
        return
    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()
    # A timer, so that the loop turns even when no link is open.
    libvirt.virEventAddTimeout(1000, lambda *_: None, None)
    _event_loop.append(concurrency.native_thread(_run_event_loop))


def _run_event_loop() -> None:
    while True:
        # A link that closes under it is no reason to end.
        with contextlib.suppress(libvirt.libvirtError):
            libvirt.virEventRunDefaultImpl()
