"""Brings OVN's northbound database to what the rows say."""

import dataclasses
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from ovs.db import data, idl

from network.controller import ovsdb
from network.ovn.rows import JOINED, MARK, OWNER, Ref, Row

TABLES = ("NB_Global", "Logical_Switch", "Logical_Switch_Port", "DHCP_Options",
          "Port_Group", "ACL", "Logical_Router", "Logical_Router_Port",
          "Logical_Router_Static_Route", "NAT", "Gateway_Chassis")

#: Column of the owner's table in which each kind of row is kept.
_OWNED = {"Logical_Switch_Port": ("Logical_Switch", "ports"),
          "ACL": ("Port_Group", "acls"),
          "Logical_Router_Port": ("Logical_Router", "ports"),
          "Logical_Router_Static_Route": ("Logical_Router",
                                          "static_routes"),
          "NAT": ("Logical_Router", "nat"),
          "Gateway_Chassis": ("Logical_Router_Port", "gateway_chassis")}

Units = Mapping[str, list[Row]]

#: Key of NB_Global's external_ids; its value is who leads.
_LEADER = "pileus:leader"


class Overtaken(Exception):
    """Another controller leads by now, or OVN's database is a new one."""


@dataclasses.dataclass
class Outcome:
    """What an application came to.

    :param missing: units with a row whose owner is not there
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    missing: set[str] = dataclasses.field(default_factory=set)

    @property
    def changed(self) -> int:
        return self.inserted + self.updated + self.deleted


class Northbound:
    """Our rows in the northbound database."""

    def __init__(self, remote: str) -> None:
        self._units: dict[str, set[tuple[str, uuid.UUID]]] = {}
        self._leader = ""
        self.connection = ovsdb.Connection(
            remote, "OVN_Northbound", TABLES, listener=self._saw)

    def _saw(self, event: str, table: str, row: Any) -> None:
        """Keep the index of units; in the native thread."""
        name = row.external_ids.get(MARK)
        if name is None:
            return
        held = self._units.setdefault(name, set())
        if event == idl.ROW_DELETE:
            held.discard((table, row.uuid))
            if not held:
                del self._units[name]
        else:
            held.add((table, row.uuid))

    def take_over(self, leader: str) -> None:
        """From now on refuse what others apply that led before.

        :param leader: a name that nobody ever had
        """
        self._leader = leader
        self.connection.call(lambda replica: ovsdb.transact(
            replica, lambda txn: _common(replica, txn).setkey(
                "external_ids", _LEADER, leader)))

    def apply(self, units: Units) -> Outcome:
        """Make each unit be these rows and no others, all at once.

        :raises Overtaken: if another has taken over since we did
        """
        def change(replica: idl.Idl, txn: idl.Transaction) -> Outcome:
            self._check_leader(_common(replica, txn))
            return _Change(replica, txn, self._units).apply(units)
        return self.connection.call(lambda replica: ovsdb.transact(
            replica, lambda txn: change(replica, txn)))

    def _check_leader(self, common: Any) -> None:
        """Have the server compare it again with all else it changes."""
        common.verify("external_ids")
        if common.external_ids.get(_LEADER) != self._leader:
            raise Overtaken()

    def strangers(self, units: Iterable[str]) -> list[str]:
        """Return the units that carry our mark but are not in ``units``."""
        wanted = set(units)
        return self.connection.call(
            lambda replica: [name for name in list(self._units)
                             if name not in wanted])


def _common(replica: idl.Idl, txn: idl.Transaction) -> Any:
    """Return the one row of what concerns all of OVN."""
    table = replica.tables["NB_Global"]
    return next(iter(table.rows.values()), None) or txn.insert(table)


class _Change:
    """One transaction; made anew for each attempt."""

    def __init__(self, replica: idl.Idl, txn: idl.Transaction,
                 units: dict[str, set[tuple[str, uuid.UUID]]]) -> None:
        self._tables = replica.tables
        self._txn = txn
        self._units = units
        self._outcome = Outcome()
        #: Rows made in this transaction, and what their columns shall hold.
        self._fresh: dict[uuid.UUID, Any] = {}
        self._held: dict[tuple[uuid.UUID, str], list[uuid.UUID]] = {}
        self._members: dict[uuid.UUID, set[uuid.UUID]] = {}

    def apply(self, units: Units) -> Outcome:
        for name, rows in units.items():
            self._remove_others(name, rows)
        for name, rows in units.items():
            for row in rows:
                self._put(name, row)
        for (owner, column), members in self._held.items():
            setattr(self._fresh[owner], column, members)
        return self._outcome

    def _find(self, table: str, row_id: uuid.UUID) -> Any:
        return self._fresh.get(row_id) or self._tables[table].rows.get(
            row_id)

    def _remove_others(self, name: str, rows: list[Row]) -> None:
        wanted = {(row.table, row.ref.uuid) for row in rows}
        for table, row_id in sorted(self._units.get(name, set()) - wanted):
            row = self._tables[table].rows.get(row_id)
            if row is None:
                self._units[name].discard((table, row_id))
                continue
            self._leave_owner(table, row)
            row.delete()
            self._outcome.deleted += 1
        if not self._units.get(name):
            self._units.pop(name, None)

    def _leave_owner(self, table: str, row: Any) -> None:
        """Take the row out of the set that keeps it alive."""
        if table not in _OWNED:
            return
        owners, column = _OWNED[table]
        owner = self._find(owners, uuid.UUID(row.external_ids[OWNER]))
        if owner is not None:
            owner.delvalue(column, row.uuid)

    def _put(self, name: str, wanted: Row) -> None:
        row = self._find(wanted.table, wanted.ref.uuid)
        if row is None:
            self._insert(name, wanted)
        else:
            self._update(row, wanted)

    def _insert(self, name: str, wanted: Row) -> None:
        owner = wanted.parent and self._find(
            wanted.parent[0].table, wanted.parent[0].uuid)
        if wanted.parent and owner is None:
            self._outcome.missing.add(name)
            return
        row = self._txn.insert(
            self._tables[wanted.table], wanted.ref.uuid, persist_uuid=True)
        for column, value in wanted.columns.items():
            setattr(row, column, _plain(value))
        self._fresh[row.uuid] = row
        if wanted.parent:
            self._hold(owner, wanted.parent[1], row.uuid)
        for group in wanted.joins:
            self._join(name, group, row.uuid)
        self._outcome.inserted += 1

    def _hold(self, owner: Any, column: str, row_id: uuid.UUID) -> None:
        if owner.uuid in self._fresh:
            self._held.setdefault((owner.uuid, column), []).append(row_id)
        else:
            owner.addvalue(column, row_id)

    def _join(self, name: str, group: Ref, row_id: uuid.UUID) -> None:
        found = self._find(group.table, group.uuid)
        if found is None:
            self._outcome.missing.add(name)
        else:
            self._hold(found, "ports", row_id)

    def _update(self, row: Any, wanted: Row) -> None:
        before = set(row.external_ids.get(JOINED, "").split())
        changed = False
        for column, value in wanted.columns.items():
            datum = data.Datum.from_python(
                self._tables[wanted.table].columns[column].type,
                _plain(value), _as_uuid)
            if datum != row._data[column]:
                setattr(row, column, _plain(value))
                changed = True
        if wanted.table == "Logical_Switch_Port":
            changed |= self._rejoin(row, wanted, before)
        self._outcome.updated += changed

    def _rejoin(self, row: Any, wanted: Row, before: set[str]) -> bool:
        """Make the port's groups be those wanted."""
        after = {str(ref.uuid): ref for ref in wanted.joins}
        changed = False
        for text in before - set(after):
            group = self._tables["Port_Group"].rows.get(uuid.UUID(text))
            if group is not None:
                group.delvalue("ports", row.uuid)
                changed = True
        for ref in after.values():
            group = self._find(ref.table, ref.uuid)
            if group is None:
                self._outcome.missing.add(row.external_ids[MARK])
            elif group.uuid in self._fresh or (
                    row.uuid not in self._members_of(group)):
                self._hold(group, "ports", row.uuid)
                changed = True
        return changed

    def _members_of(self, group: Any) -> set[uuid.UUID]:
        """Return the ports of a group that is in the database already."""
        if group.uuid not in self._members:
            self._members[group.uuid] = {
                atom.value for atom in group._data["ports"].values}
        return self._members[group.uuid]


def _plain(value: Any) -> Any:
    if isinstance(value, Ref):
        return value.uuid
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _as_uuid(value: Any) -> Any:
    return value
