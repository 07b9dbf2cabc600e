"""Queries of subnets."""

import sqlalchemy as sa
from sqlalchemy import orm

from network import exceptions
from network.db import changes
from network.db.models import Allocation, Port, Subnet
from network.db.networks import AUTOMATIC


def get(session: orm.Session, subnet_id: str) -> Subnet:
    """Return the subnet or raise SubnetNotFound."""
    found = session.get(Subnet, subnet_id)
    if found is None:
        raise exceptions.SubnetNotFound(id=subnet_id)
    return found


def create(session: orm.Session, **values: object) -> Subnet:
    """Add a subnet; its network must be locked."""
    subnet = Subnet(**values)
    session.add(subnet)
    session.flush()
    changes.add(session, "subnet", subnet.id)
    return subnet


def user_of(session: orm.Session, subnet_id: str) -> str | None:
    """Return the id of a port that a user put on the subnet, if any."""
    return session.scalar(
        sa.select(Port.id).join(Allocation, Allocation.port_id == Port.id)
        .where(Allocation.subnet_id == subnet_id,
               Port.device_owner.not_in(AUTOMATIC)).limit(1))


def delete(session: orm.Session, subnet: Subnet) -> None:
    """Remove the subnet and the addresses of automatic ports on it.

    :raises SubnetInUse: while other ports have addresses of it
    """
    if user_of(session, subnet.id):
        raise exceptions.SubnetInUse(id=subnet.id)
    changes.ports_of_subnet(session, subnet.id)
    session.execute(sa.delete(Allocation).where(
        Allocation.subnet_id == subnet.id))
    session.delete(subnet)
    session.flush()
    changes.add(session, "subnet", subnet.id)
