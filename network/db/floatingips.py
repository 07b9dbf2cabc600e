"""Queries of floating IPs."""

import sqlalchemy as sa
from sqlalchemy import exc, orm

from network import exceptions
from network.db import changes
from network.db.models import FloatingIP, Port, Router


def get(session: orm.Session, floatingip_id: str) -> FloatingIP:
    """Return the floating IP or raise FloatingIPNotFound."""
    found = session.get(FloatingIP, floatingip_id)
    if found is None:
        raise exceptions.FloatingIPNotFound(id=floatingip_id)
    return found


def create(session: orm.Session, **values: object) -> FloatingIP:
    """Add a floating IP that leads nowhere yet."""
    made = FloatingIP(**values)
    session.add(made)
    session.flush()
    return made


def point(session: orm.Session, floatingip: FloatingIP, *,
          port_id: str | None, fixed_ip: str | None,
          router_id: str | None) -> None:
    """Let it lead to a port's address, or nowhere.

    :raises FloatingIPPortAlreadyAssociated: if another leads there
    """
    before = floatingip.fixed_port_id
    try:
        with session.begin_nested():
            floatingip.fixed_port_id = port_id
            floatingip.fixed_ip_address = fixed_ip
            floatingip.router_id = router_id
            if port_id is None:
                floatingip.status = "DOWN"
            changes.touch(floatingip)
            session.flush()
    except exc.IntegrityError:
        raise exceptions.FloatingIPPortAlreadyAssociated(
            ip=floatingip.floating_ip_address, port_id=port_id,
            fixed_ip=fixed_ip,
            network_id=floatingip.floating_network_id) from None
    session.expire(floatingip, ["fixed_port"])
    changes.add(session, "floatingip", floatingip.id)
    for each in {before, port_id} - {None}:
        changes.notify(session, "network-changed", session.get(Port, each))


def leave_port(session: orm.Session, port_id: str,
               keep: frozenset[str] = frozenset()) -> None:
    """Let those that lead to the port, but for ``keep``, lead nowhere.

    :param keep: addresses that the port still has
    """
    found = session.scalars(sa.select(FloatingIP).where(
        FloatingIP.fixed_port_id == port_id)).all()
    for each in found:
        if each.fixed_ip_address not in keep:
            point(session, each, port_id=None, fixed_ip=None,
                  router_id=None)


def router_between(session: orm.Session, router_ids: list[str],
                   network_id: str) -> Router | None:
    """Return the first router of ``router_ids`` that leads out there.

    :param router_ids: those with an interface on the subnet
    """
    return session.scalar(
        sa.select(Router).join(Port, Router.gw_port_id == Port.id)
        .where(Router.id.in_(router_ids), Port.network_id == network_id)
        .order_by(Router.created_at, Router.id).limit(1))


def set_status(session: orm.Session, floatingip_id: str,
               status: str) -> None:
    """Record whether it is in OVN."""
    session.execute(
        sa.update(FloatingIP).where(
            FloatingIP.id == floatingip_id, FloatingIP.status != status)
        .values(status=status)
        .execution_options(synchronize_session=False))
