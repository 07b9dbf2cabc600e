"""What the nodes say: which ports are up, which chassis lead outside."""

import dataclasses
from collections.abc import Callable
from typing import Any

from ovs.db import idl

from network.controller import ovsdb

TABLES = ("Chassis", "Port_Binding")


@dataclasses.dataclass(frozen=True)
class State:
    """The southbound database, as far as it concerns us.

    :param up: logical port to the name of the chassis it is up on
    :param gateways: names of the chassis that lead to the outside
    :param chassis: names of all chassis
    """

    up: dict[str, str]
    gateways: tuple[str, ...]
    chassis: tuple[str, ...]


class Southbound:
    """Reads the southbound database."""

    def __init__(self, remote: str, on_change: Callable[[], None]) -> None:
        """Call ``on_change``, in a native thread, after changes."""
        #: Whether a chassis came, went or changed since this was reset.
        self.chassis_moved = True
        self.connection = ovsdb.Connection(
            remote, "OVN_Southbound", TABLES, listener=self._saw,
            on_change=on_change)

    def _saw(self, event: str, table: str, row: Any) -> None:
        """Called in the native thread for each row that changed."""
        if table == "Chassis":
            self.chassis_moved = True

    def read(self) -> State:
        """Return what it says now."""
        return self.connection.call(_read)


def _read(replica: idl.Idl) -> State:
    bindings = replica.tables["Port_Binding"].rows.values()
    chassis = list(replica.tables["Chassis"].rows.values())
    return State(
        up={row.logical_port: row.chassis[0].hostname or row.chassis[0].name
            for row in bindings if row.chassis and _is_up(row)},
        gateways=tuple(sorted(
            row.name for row in chassis if _leads_out(row))),
        chassis=tuple(sorted(row.name for row in chassis)))


def _is_up(row: Any) -> bool:
    return bool(row.up and row.up[0]) and row.type == ""


def _leads_out(row: Any) -> bool:
    """Say whether the chassis is marked as a gateway."""
    config = {**row.external_ids, **row.other_config}
    return "enable-chassis-as-gw" in config.get("ovn-cms-options", "")
