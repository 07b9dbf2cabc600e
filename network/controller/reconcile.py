"""The loop that shows the database's rows in OVN."""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping

from common import db, failpoint, lease, loop
from network.controller import ovsdb
from network.controller.northbound import Northbound, Outcome, Overtaken
from network.controller.southbound import Southbound, State
from network.db import changes, floatingips, ports, snapshot
from network.db.models import Change
from network.ovn import plan
from network.ovn.rows import Row

LOG = logging.getLogger(__name__)

failpoint.declare("network.apply.before", "network.apply.after")

#: Seconds after which another takes over from a leader that is gone.
LEASE_S = 15.0
_BATCH = 500
_PART = 200
#: Seconds to a comparison after one that could not show everything.
_SOON_S = 5
#: Kinds of ports that work as soon as OVN knows them.
_READY_AT_ONCE = ("network:router_interface", "network:router_gateway",
                  "network:distributed")

Wanted = Mapping[str, Iterable[str]]


class Reconciler(loop.Loop):
    """Maps changed rows to OVN at once, and all rows from time to time.

    Several may run; the one with the lease works.
    """

    def __init__(self, database: db.Database, holder: lease.Lease,
                 north: Northbound, south: Southbound, *,
                 interval: float, sync_interval: float,
                 dns_servers: list[str],
                 applied: Callable[[], None] = lambda: None) -> None:
        """Look for changes every ``interval`` s, at all every longer one.

        :param applied: called after OVN was changed
        """
        super().__init__(interval)
        self._db = database
        self._lease = holder
        self._north = north
        self._south = south
        self._sync_interval = sync_interval
        self._dns_servers = dns_servers
        self._applied = applied
        self._synced_at: float | None = None
        self._renewed_at = 0.0
        #: Number of the lease that OVN knows us as the leader by.
        self._fence: int | None = None
        #: Whether OVN lacked the owner of some row.
        self._lacking = False
        self._gateways: tuple[str, ...] = ()

    @property
    def synced(self) -> bool:
        """Say whether OVN was completely right at some time."""
        return self._synced_at is not None

    def run_once(self) -> int:
        """Apply what is to be applied; return how many rows changed."""
        try:
            return self._run()
        except Overtaken:
            LOG.warning("Another controller leads, or OVN was made anew")
            self._fence, self._renewed_at = None, 0.0
            return 0

    def _run(self) -> int:
        if not self._leads():
            self._synced_at = None
            return 0
        if self._gateways_moved():
            self._synced_at = None
        if self._synced_at is None or (
                time.monotonic() - self._synced_at > self._sync_interval):
            return self.sync(self._south.read())
        return self.drain()

    def _gateways_moved(self) -> bool:
        if not self._south.chassis_moved:
            return False
        self._south.chassis_moved = False
        try:
            return self._south.read().gateways != self._gateways
        except Exception:
            self._south.chassis_moved = True
            raise

    def _leads(self) -> bool:
        """Renew the lease before a third of it is over.

        Who has it anew tells OVN, which then takes nothing from those
        before: they may have slept and know nothing of it.
        """
        now = time.monotonic()
        if not self._lease.held or now - self._renewed_at > LEASE_S / 3:
            self._lease.acquire()
            self._renewed_at = now
        if self._lease.held and self._fence != self._lease.fence:
            self._north.take_over(f"{self._lease.fence}/{uuid.uuid4()}")
            self._fence, self._synced_at = self._lease.fence, None
        return self._lease.held

    def _leads_since(self, fence: int | None) -> bool:
        """Renew the lease in long work; nobody else may have had it."""
        return self._leads() and self._fence == fence

    def drain(self) -> int:
        """Apply the units that changed."""
        changed, fence = 0, self._fence
        while self._leads_since(fence):
            with self._db.reader() as session:
                found = changes.pending(session, _BATCH)
                wanted = _by_kind(found)
                rows = snapshot.read(session, wanted) if found else None
            if rows is None:
                break
            units = self._units(rows, wanted)
            changed += self._apply(units).changed
            self._settle(rows, found)
            if self._lacking:
                # Once; the comparison sets when to look again.
                self._lacking, self._synced_at = False, None
        return changed

    def sync(self, state: State) -> int:
        """Compare everything, and mend what differs."""
        with self._db.reader() as session:
            found = changes.pending(session, 100 * _BATCH)
            rows = snapshot.read(session, None)
        self._gateways = state.gateways
        changed, fence = 0, self._fence
        self._lacking = False
        names: set[str] = set()
        for wanted in _parts(rows):
            if not self._leads_since(fence):
                return changed
            units = self._units(rows, wanted)
            names |= units.keys()
            changed += self._apply(units).changed
        changed += self._apply({name: [] for name in self._strangers(
            names, found, state, empty=not rows.rows["network"])}).changed
        self._settle(rows, found)
        self._synced_at = time.monotonic()
        if self._lacking:
            self._synced_at -= max(0, self._sync_interval - _SOON_S)
        if changed:
            LOG.info("A complete comparison changed %d rows of OVN", changed)
        return changed

    def _strangers(self, names: set[str], found: Iterable[Change],
                   state: State, *, empty: bool) -> list[str]:
        """Return the units in OVN that shall go.

        A port that is up and that nobody asked to delete stays, and what
        it needs: the database may be an old copy.
        """
        strange = self._north.strangers(names)
        asked = {f"{c.kind}/{c.resource_id}" for c in found}
        unasked = [name for name in strange if name not in asked]
        if empty and unasked:
            LOG.error("The database has no networks but OVN has: nothing "
                      "is removed from OVN")
            return [name for name in strange if name in asked]
        alive = {f"port/{port_id}" for port_id in state.up}
        kept = [name for name in unasked if name in alive]
        if not kept:
            return strange
        LOG.error("Ports that are up are not in the database and stay: %s",
                  ", ".join(kept[:10]))
        return [name for name in strange if name in asked
                or name.startswith(("port/", "floatingip/"))
                and name not in alive]

    def _units(self, rows: snapshot.Snapshot,
               wanted: Wanted) -> dict[str, list[Row]]:
        return plan.units(rows, wanted, chassis=self._gateways,
                          dns_servers=self._dns_servers)

    def _apply(self, units: dict[str, list[Row]]) -> Outcome:
        failpoint.hit("network.apply.before")
        try:
            outcome = self._north.apply(units)
        except ovsdb.Failed as error:
            outcome = self._apply_apart(units, error)
        failpoint.hit("network.apply.after")
        if outcome.missing:
            LOG.warning("OVN lacks what these need: %s",
                        ", ".join(sorted(outcome.missing)[:10]))
            self._lacking = True
        return outcome

    def _apply_apart(self, units: dict[str, list[Row]],
                     error: ovsdb.Failed) -> Outcome:
        """Apply one by one, so that a bad unit does not stop the others."""
        if len(units) == 1:
            LOG.error("OVN refuses %s: %s", next(iter(units)), error)
            return Outcome()
        total = Outcome()
        for name, rows in units.items():
            one = self._apply_one(name, rows)
            total.inserted += one.inserted
            total.updated += one.updated
            total.deleted += one.deleted
            total.missing |= one.missing
        return total

    def _apply_one(self, name: str, rows: list[Row]) -> Outcome:
        try:
            return self._north.apply({name: rows})
        except ovsdb.Failed as error:
            LOG.error("OVN refuses %s: %s", name, error)
            return Outcome()

    def _settle(self, rows: snapshot.Snapshot,
                found: Iterable[Change]) -> None:
        """Record that OVN shows the rows; forget their changes."""
        ids = [change.id for change in found]
        ready = [port.id for port in rows.rows["port"].values()
                 if port.device_owner in _READY_AT_ONCE
                 and port.status != "ACTIVE"]
        moved = [(each.id, "ACTIVE" if each.router_id else "DOWN")
                 for each in rows.rows["floatingip"].values()]
        moved = [(i, s) for i, s in moved
                 if rows.rows["floatingip"][i].status != s]
        if not ids and not ready and not moved:
            return
        with self._db.writer() as session:
            self._lease.guard(session)
            for port_id in ready:
                ports.set_status(session, port_id, "ACTIVE")
            for floatingip_id, status in moved:
                floatingips.set_status(session, floatingip_id, status)
            for start in range(0, len(ids), _BATCH):
                changes.remove(session, ids[start:start + _BATCH])
        self._applied()


def _by_kind(found: Iterable[Change]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for change in found:
        made.setdefault(change.kind, []).append(change.resource_id)
    return made


def _parts(rows: snapshot.Snapshot) -> Iterable[dict[str, list[str]]]:
    """Return ids by kind, owners first, few enough for one transaction."""
    yield {}
    for kind in plan.ORDER:
        ids = sorted(rows.rows[kind])
        for start in range(0, len(ids), _PART):
            yield {kind: ids[start:start + _PART]}
