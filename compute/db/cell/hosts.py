"""Queries on daemons and compute hosts."""

import datetime
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from compute import exceptions
from compute.db.cell.models import Node, Service

COMPUTE = "nova-compute"


def beat(session: orm.Session, binary: str, host: str) -> Service:
    """Note that the daemon lives now."""
    found = session.scalar(sa.select(Service).where(
        Service.binary == binary, Service.host == host))
    if found is None:
        found = Service(id=db.new_id(), binary=binary, host=host)
        session.add(found)
    found.seen_at = db.utcnow()
    session.flush()
    return found


def services(session: orm.Session, *, binary: str | None = None,
             host: str | None = None) -> Sequence[Service]:
    wanted = sa.select(Service).order_by(Service.binary, Service.host)
    if binary is not None:
        wanted = wanted.where(Service.binary == binary)
    if host is not None:
        wanted = wanted.where(Service.host == host)
    return session.scalars(wanted).all()


def service(session: orm.Session, service_id: str) -> Service:
    found = session.get(Service, service_id)
    if found is None:
        raise exceptions.ServiceNotFound(service_id=service_id)
    return found


def is_up(row: Service, *, now: datetime.datetime,
          down_after_s: float) -> bool:
    """Say whether the daemon was heard of lately."""
    if row.forced_down or row.seen_at is None:
        return False
    return (now - row.seen_at).total_seconds() <= down_after_s


def register(session: orm.Session, host: str, host_uuid: str,
             facts: dict[str, Any]) -> Node:
    """Record the host, or what it says of itself now.

    :raises HostNameTaken: the name belongs to another host
    """
    node = session.scalar(sa.select(Node).where(Node.host == host))
    name = facts.get("hypervisor_hostname") or host
    if node is None:
        node = Node(id=host_uuid, host=host, host_uuid=host_uuid,
                    hypervisor_hostname=name, facts=facts)
        session.add(node)
    elif node.host_uuid != host_uuid:
        raise exceptions.HostNameTaken(host=host)
    elif node.facts != facts or node.hypervisor_hostname != name:
        node.facts = facts
        node.hypervisor_hostname = name
        node.revision += 1
    session.flush()
    return node


def nodes(session: orm.Session) -> Sequence[Node]:
    return session.scalars(sa.select(Node).order_by(Node.id)).all()


def nodes_with_services(session: orm.Session
                        ) -> list[tuple[Node, Service]]:
    """Return each host with its agent, in one query."""
    rows = session.execute(
        sa.select(Node, Service).join(Service, sa.and_(
            Service.host == Node.host, Service.binary == COMPUTE))
        .order_by(Node.host))
    return [(node, agent) for node, agent in rows]


def node(session: orm.Session, node_id: str) -> Node:
    found = session.get(Node, node_id)
    if found is None:
        raise exceptions.HypervisorNotFound(node_id=node_id)
    return found


def agent_of(session: orm.Session, host: str) -> Service | None:
    return session.scalar(sa.select(Service).where(
        Service.binary == COMPUTE, Service.host == host))
