"""Bring the host to what it should be, whatever happened meanwhile."""

import logging
from collections.abc import Callable

from common import concurrency, loop
from common.context import service_context
from compute import spec as specs
from compute.agent.membership import Membership
from compute.agent.notes import Notes
from compute.drivers import base, locks

LOG = logging.getLogger(__name__)

#: Seconds until what failed is tried again, such as the start of a server
#: whose volume is not exported yet.
_AGAIN_S = 5
#: Seconds until a domain that seems to be a stray is looked at again.
_STRAY_S = 5
#: Servers that are mended side by side, after a restart of the host.
_SIDE_BY_SIDE = 4


class Reconciler(loop.Loop):
    """Compares the desired servers with those found, and mends.

    Only this starts a guest that nobody asked for just now, and only this
    removes what nobody wants.
    """

    def __init__(self, driver: base.ComputeDriver, membership: Membership,
                 notes: Notes, server_locks: locks.KeyedLocks,
                 interval: float) -> None:
        super().__init__(interval)
        self._driver = driver
        self._membership = membership
        self._notes = notes
        self._locks = server_locks
        self._strays: set[str] = set()
        #: Images of the servers that should be here; None: not known yet.
        self.wanted_images: set[str] | None = None
        #: Servers whose crash was told, and of which generation they were.
        self._crashes: dict[str, int] = {}

    def run_once(self) -> int:
        """Mend every difference; return how many servers were touched."""
        self._membership.join()
        # Guests first: a server is recorded before it gets a guest, so what
        # is found here and not wanted after that is a stray.
        found = self._driver.guests()
        answer = self._membership.conductor.desired(
            service_context(), host=self._membership.host)
        wanted = {spec.server_id: spec for spec in map(
            specs.ServerSpec.from_json, answer["servers"])}
        touched = self._mend_all(list(wanted.values()))
        touched += self._remove_strays(found.keys() - wanted.keys())
        self._notes.forget_old(set(wanted))
        self._crashes = {server_id: generation for server_id, generation
                         in self._crashes.items() if server_id in wanted}
        self.wanted_images = {spec.image.id for spec in wanted.values()
                              if spec.image}
        return touched

    def check(self) -> None:
        """Raise unless one comparison was complete."""
        if self.wanted_images is None:
            raise RuntimeError("the first comparison is not complete")

    def _mend_all(self, wanted: list[specs.ServerSpec]) -> int:
        pool = concurrency.Pool(_SIDE_BY_SIDE)
        threads = [pool.spawn(self._safely, self._mend, spec.server_id, spec)
                   for spec in wanted if spec.power != "leave"]
        return sum(thread.wait() for thread in threads)

    def _safely(self, func: Callable[..., bool], server_id: str,
             *args: object) -> bool:
        """Let the trouble of one server not be that of the others."""
        try:
            return bool(func(*args))
        except Exception:
            LOG.exception("Server %s cannot be mended now", server_id)
            self.due_in(_AGAIN_S)
            return False

    def _mend(self, spec: specs.ServerSpec) -> bool:
        """Bring one guest to its wanted power; say whether it was not so."""
        if self._locks.held(spec.server_id):
            return False  # a request is at it
        with self._locks.hold(spec.server_id):
            if self._notes.get(spec.server_id).generation > spec.generation:
                return False  # the answer is older than the last request
            guest = self._driver.guest(spec.server_id)
            if spec.power == "running":
                return self._mend_running(spec, guest)
            if spec.power == "shutdown" and guest.power_state in (
                    "running", "paused"):
                LOG.warning("Server %s runs and should not",
                            spec.server_id)
                self._driver.stop(spec.server_id,
                                  timeout=spec.shutdown_timeout_s)
                return True
            return False

    def _mend_running(self, spec: specs.ServerSpec,
                      guest: base.Guest) -> bool:
        if guest.power_state == "running":
            return False
        if guest.power_state == "paused":
            return self._mend_paused(spec)
        if guest.ended_itself:
            # The conductor has not heard of it, or has not acted yet.
            self._membership.tell(
                spec.server_id, "stopped", spec.generation)
            return True
        if guest.power_state == "crashed" and self._tell_crash(spec):
            return True
        if not self._driver.has_disk(spec.server_id):
            LOG.error("Server %s should run here and has no disk",
                      spec.server_id)
            return False
        LOG.warning("Server %s is %s and should run: it is started",
                    spec.server_id, guest.power_state)
        self._notes.change(spec.server_id, generation=spec.generation,
                           waiting_for=tuple(spec.wait_for_ports))
        self._driver.start(spec, paused=bool(spec.wait_for_ports))
        return True

    def _tell_crash(self, spec: specs.ServerSpec) -> bool:
        """Tell of a crash, once; say whether there is an answer to await."""
        known = self._crashes.get(spec.server_id)
        if known == spec.generation:
            del self._crashes[spec.server_id]
            return False  # told, and it should run all the same
        self._membership.tell(spec.server_id, "crashed", spec.generation)
        self._crashes[spec.server_id] = spec.generation
        self.due_in(_AGAIN_S)
        return True

    def _mend_paused(self, spec: specs.ServerSpec) -> bool:
        if spec.wait_for_ports:
            return False
        self._notes.change(spec.server_id, waiting_for=())
        self._driver.resume(spec.server_id)
        return True

    def _remove_strays(self, strays: set[str]) -> int:
        """Remove what two full answers in a row did not want."""
        twice, self._strays = strays & self._strays, strays
        if strays - twice:
            self.due_in(_STRAY_S)
        return sum(self._safely(self._remove, server_id, server_id)
                   for server_id in sorted(twice))

    def _remove(self, server_id: str) -> bool:
        if self._locks.held(server_id):
            return False
        with self._locks.hold(server_id):
            LOG.warning("Server %s is none of the cloud's (any more): "
                        "it is removed", server_id)
            self._driver.destroy(server_id)
        return True
