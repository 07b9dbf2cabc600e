"""The loop that tells the database, and compute, which ports are up."""

import logging
import time
from collections.abc import Callable

import sqlalchemy as sa

from common import db, lease, loop
from network.controller.southbound import Southbound
from network.db import changes, ports
from network.db.models import Port

LOG = logging.getLogger(__name__)

_CHUNK = 500


class PortWatcher(loop.Loop):
    """Brings the status of ports to what the nodes say."""

    def __init__(self, database: db.Database, holder: lease.Lease,
                 south: Southbound, *, interval: float,
                 noticed: Callable[[], None]) -> None:
        """Compare all every ``interval`` s, and what moved when woken.

        :param noticed: called when compute is to be told something
        """
        super().__init__(interval)
        self._db = database
        self._lease = holder
        self._south = south
        self._noticed = noticed
        self._known: dict[str, str] = {}
        self._compared_at: float | None = None

    def run_once(self) -> int:
        """Return how many ports changed their status."""
        if not self._lease.held:
            self._compared_at = None
            return 0
        up = self._south.read().up
        if self._compared_at is None or (
                time.monotonic() - self._compared_at > self.interval / 2):
            suspects = self._differing(up)
            self._compared_at = time.monotonic()
        else:
            suspects = {port_id for port_id in up.keys() | self._known.keys()
                        if up.get(port_id) != self._known.get(port_id)}
        moved = sum(self._settle(port_id, up) for port_id in
                    sorted(suspects))
        self._known = up
        if moved:
            self._noticed()
        return moved

    def _differing(self, up: dict[str, str]) -> set[str]:
        """Return the guests' ports whose status is not what it should be."""
        with self._db.reader() as session:
            found = session.execute(
                sa.select(Port.id, Port.status)
                .where(~Port.device_owner.startswith("network:"))).all()
        return {row.id for row in found
                if (row.status == "ACTIVE") != (row.id in up)}

    def _settle(self, port_id: str, up: dict[str, str]) -> bool:
        with self._db.writer() as session:
            port = session.get(Port, port_id)
            if port is None or port.device_owner.startswith("network:"):
                return False
            here = up.get(port_id)
            active = bool(here) and port.binding_host_id in ("", here)
            if not ports.set_status(
                    session, port_id, "ACTIVE" if active else "DOWN"):
                return False
            name = ("network-vif-plugged" if active
                    else "network-vif-unplugged")
            changes.notify(session, name, port)
        LOG.info("Port %s is %s", port_id, "up" if active else "down")
        return True
