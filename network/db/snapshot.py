"""Reads what the rows of OVN are made of: a fixed number of queries."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import concurrency
from network.db.models import (
    Allocation,
    FloatingIP,
    Network,
    Port,
    Router,
    SecurityGroup,
    Subnet,
)

_PART = 100

KINDS: dict[str, Any] = {
    "network": Network, "subnet": Subnet, "security_group": SecurityGroup,
    "router": Router, "port": Port, "floatingip": FloatingIP}


@dataclasses.dataclass
class Snapshot:
    """Rows of one moment.

    :param rows: by kind, then by id; those wanted that exist
    :param interfaces: by router, its ports
    :param metadata: by subnet, the address that metadata is reached by
    """

    rows: dict[str, dict[str, Any]]
    interfaces: dict[str, list[Port]]
    metadata: dict[str, str]


def read(session: orm.Session,
         wanted: Mapping[str, Iterable[str]] | None) -> Snapshot:
    """Return the rows wanted, by kind; all rows for None."""
    rows: dict[str, dict[str, Any]] = {}
    for kind, model in KINDS.items():
        if wanted is None:
            query = sa.select(model)
        elif wanted.get(kind):
            query = sa.select(model).where(
                model.id.in_(sorted(set(wanted[kind]))))
        else:
            rows[kind] = {}
            continue
        rows[kind] = _load(session, query)
    return Snapshot(
        rows, _interfaces(session, list(rows["router"])),
        _metadata(session, list(rows["subnet"])))


def _load(session: orm.Session, query: Any) -> dict[str, Any]:
    """Return the rows by id; others run while there are many."""
    found: dict[str, Any] = {}
    parts = session.scalars(
        query.execution_options(yield_per=_PART)).partitions()
    for part in parts:
        found |= {row.id: row for row in part}
        if len(part) == _PART:
            concurrency.sleep()
    return found


def _interfaces(session: orm.Session,
                router_ids: list[str]) -> dict[str, list[Port]]:
    found: dict[str, list[Port]] = {}
    for some in _chunks(router_ids):
        for port in session.scalars(
                sa.select(Port).where(
                    Port.device_id.in_(some),
                    Port.device_owner == "network:router_interface")
                .order_by(Port.id)):
            found.setdefault(port.device_id, []).append(port)
    return found


def _metadata(session: orm.Session,
              subnet_ids: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in _chunks(subnet_ids):
        found |= dict(session.execute(
            sa.select(Allocation.subnet_id, Allocation.ip_address)
            .join(Port, Port.id == Allocation.port_id)
            .where(Allocation.subnet_id.in_(some),
                   Port.device_owner == "network:distributed")
        ).all())
    return found


def _chunks(ids: list[str], size: int = 500) -> Iterable[list[str]]:
    for start in range(0, len(ids), size):
        yield ids[start:start + size]
