"""From a snapshot of our rows to the units of OVN."""

from collections.abc import Iterable, Mapping, Sequence

from network.db.snapshot import Snapshot
from network.ovn import (
    floatingips,
    networks,
    ports,
    routers,
    security_groups,
    subnets,
)
from network.ovn.rows import Row, marked, unit

BASE = "base"
#: Owners come before what they own.
ORDER = ("network", "subnet", "security_group", "router", "port",
         "floatingip")


def units(snapshot: Snapshot,
          wanted: Mapping[str, Iterable[str]] | None, *,
          chassis: Sequence[str] = (),
          dns_servers: Sequence[str] = ()) -> dict[str, list[Row]]:
    """Return the rows of each unit; none for a resource that is gone.

    :param wanted: ids by kind, as the snapshot was read with; None for all
    :param chassis: names of those that lead to the outside
    """
    made = {BASE: marked(BASE, security_groups.base())}
    for kind in ORDER:
        found = snapshot.rows[kind]
        ids = found if wanted is None else wanted.get(kind, ())
        for each in sorted(set(ids)):
            name = unit(kind, each)
            made[name] = []
            if each in found:
                made[name] = marked(
                    name, _rows(kind, found[each], snapshot, chassis,
                                dns_servers),
                    found[each].revision_number)
    return made


def _rows(kind: str, row: object, snapshot: Snapshot,
          chassis: Sequence[str],
          dns_servers: Sequence[str]) -> list[Row]:
    match kind:
        case "network":
            return networks.rows(row)
        case "subnet":
            return subnets.rows(
                row, metadata_ip=snapshot.metadata.get(row.id),
                dns_servers=dns_servers)
        case "security_group":
            return security_groups.rows(row)
        case "router":
            return routers.rows(
                row, snapshot.interfaces.get(row.id, []), chassis)
        case "port":
            return ports.rows(row)
        case _:
            return floatingips.rows(row)
