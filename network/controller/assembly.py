"""The loops of network-controller and what they share."""

from collections.abc import Callable

from oslo_config import cfg

from common import clients, concurrency, db, exceptions, lease, loop
from network.controller.announce import Announcer
from network.controller.northbound import Northbound
from network.controller.reconcile import LEASE_S, Reconciler
from network.controller.southbound import Southbound
from network.controller.watch import PortWatcher


class Controller:
    """Connections to OVN, and the loops that use them."""

    lease_s = LEASE_S

    def __init__(self, conf: cfg.ConfigOpts, database: db.Database,
                 holder: lease.Lease, rest: clients.Clients, *,
                 applied: Callable[[], None]) -> None:
        """Connect to nothing yet.

        :param applied: called after OVN was changed
        """
        self._moved = concurrency.NativeSignal()
        self.north = Northbound(conf.ovn.nb)
        self.south = Southbound(conf.ovn.sb, self._moved.set)
        self.announcer = Announcer(database, holder, rest, interval=5)
        self.reconciler = Reconciler(
            database, holder, self.north, self.south,
            interval=conf.network.retry_interval,
            sync_interval=conf.network.sync_interval,
            dns_servers=conf.network.dns_servers, applied=applied)
        self.watcher = PortWatcher(
            database, holder, self.south,
            interval=conf.network.sync_interval,
            noticed=self.announcer.wake)
        self._stopping = False

    @property
    def loops(self) -> list[loop.Loop]:
        """The loops to run."""
        return [self.reconciler, self.watcher, self.announcer]

    def start(self) -> None:
        """Connect to OVN."""
        self.north.connection.start()
        self.south.connection.start()
        concurrency.spawn(self._relay)

    def _relay(self) -> None:
        """Wake the loops that look at nodes, when a node said something."""
        while not self._stopping:
            if self._moved.wait(60):
                self.watcher.wake()

    def stop(self) -> None:
        """Disconnect."""
        self._stopping = True
        self.north.connection.stop()
        self.south.connection.stop()
        self._moved.set()

    def check_ran(self) -> None:
        """Raise ServiceUnavailable before OVN was looked at once."""
        if self.reconciler.succeeded_at is None:
            raise exceptions.ServiceUnavailable()

    def check(self) -> None:
        """Raise ServiceUnavailable while OVN is not connected."""
        for side in (self.north, self.south):
            if not side.connection.connected:
                raise exceptions.ServiceUnavailable()
