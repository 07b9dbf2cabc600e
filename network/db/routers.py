"""Queries of routers."""

import sqlalchemy as sa
from sqlalchemy import orm

from network import exceptions
from network.db import changes, ports
from network.db.models import Allocation, FloatingIP, Port, Router

INTERFACE = "network:router_interface"
GATEWAY = "network:router_gateway"


def get(session: orm.Session, router_id: str) -> Router:
    """Return the router or raise RouterNotFound."""
    found = session.get(Router, router_id)
    if found is None:
        raise exceptions.RouterNotFound(id=router_id)
    return found


def lock(session: orm.Session, router_id: str) -> Router:
    """Return the router, held until the transaction ends.

    Held while its interfaces change, so that no two of them overlap.
    """
    found = session.scalar(
        sa.select(Router).where(Router.id == router_id)
        .with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise exceptions.RouterNotFound(id=router_id)
    return found


def create(session: orm.Session, **values: object) -> Router:
    """Add a router."""
    router = Router(**values)
    session.add(router)
    session.flush()
    changes.add(session, "router", router.id)
    return router


def interfaces(session: orm.Session, router_id: str) -> list[Port]:
    """Return the ports by which the router is in its subnets."""
    return ports.of_device(session, router_id, [INTERFACE])


def on_subnets(session: orm.Session, subnet_ids: list[str]) -> list[Port]:
    """Return the interfaces of all routers on these subnets."""
    return list(session.scalars(
        sa.select(Port).join(Allocation, Allocation.port_id == Port.id)
        .where(Allocation.subnet_id.in_(subnet_ids),
               Port.device_owner == INTERFACE)
        .order_by(Port.created_at, Port.id)))


def delete(session: orm.Session, router: Router) -> None:
    """Remove the router, whose gateway must be gone."""
    changes.add(session, "router", router.id)
    session.delete(router)
    session.flush()


def floating_ips(session: orm.Session, router_id: str) -> list[FloatingIP]:
    """Return the floating IPs that reach their ports through it."""
    return list(session.scalars(sa.select(FloatingIP).where(
        FloatingIP.router_id == router_id)))
