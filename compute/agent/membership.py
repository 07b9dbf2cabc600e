"""This host as a member of its cell: registration and heartbeat."""

import logging
from collections.abc import Callable

from common import concurrency, exceptions, loop
from common.context import service_context
from compute.agent.notes import Notes
from compute.conductor_api import ConductorAPI
from compute.drivers import base

LOG = logging.getLogger(__name__)

_FIRST_REPORT_S = 10


class Membership:
    """The host as the conductors know it."""

    def __init__(self, conductor: ConductorAPI, driver: base.ComputeDriver,
                 *, host: str, host_uuid: str,
                 joined: Callable[[], None]) -> None:
        """:param joined: called once, when the host was first accepted"""
        self.conductor = conductor
        self.host = host
        self.report_interval: float = _FIRST_REPORT_S
        self._driver = driver
        self._host_uuid = host_uuid
        self._joined: Callable[[], None] | None = joined
        self._registered = False
        self._joining = concurrency.Semaphore(1)

    def join(self) -> None:
        """Register the host unless that is done.

        :raises Conflict: if another host has its name; then nothing may
            be changed here
        """
        with self._joining:
            if not self._registered:
                self._register()

    def _register(self) -> None:
        try:
            answer = self.conductor.register(
                service_context(), host=self.host,
                host_uuid=self._host_uuid,
                facts=self._driver.facts().to_json())
        except exceptions.Conflict as error:
            LOG.critical("Not a member of the cloud: %s", error)
            raise
        self.report_interval = answer["report_interval_s"]
        self._registered = True
        LOG.info("Host %s is registered", self.host)
        if self._joined:
            # Requests reach this host by its name: none before it is ours.
            self._joined()
            self._joined = None

    def leave(self) -> None:
        """Register anew before the next comparison."""
        self._registered = False

    def check(self) -> None:
        """Raise unless the host is registered."""
        if not self._registered:
            raise RuntimeError("the host is not registered")

    def tell(self, server_id: str, event: str, generation: int) -> None:
        """Tell what happened to a guest of that generation by itself."""
        self.conductor.lifecycle(
            service_context(), host=self.host, server_id=server_id,
            event=event, generation=generation)


class Reporter(loop.Loop):
    """The heartbeat: this host lives, and these guests are on it."""

    def __init__(self, driver: base.ComputeDriver, membership: Membership,
                 notes: Notes, wake: Callable[[], None]) -> None:
        """:param wake: makes the reconciler look now"""
        super().__init__(membership.report_interval)
        self._driver = driver
        self._membership = membership
        self._notes = notes
        self._wake = wake

    def run_once(self) -> None:
        """Report once."""
        self._membership.join()
        self.interval = self._membership.report_interval
        servers = [
            {"id": guest.server_id, "power_state": guest.power_state,
             "generation": self._notes.get(guest.server_id).generation}
            for guest in self._driver.guests().values()]
        answer = self._membership.conductor.report(
            service_context(), host=self._membership.host, servers=servers)
        if not answer["registered"]:
            self._membership.leave()
            self._wake()
