"""Claims of addresses."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import exc, orm

from network.db.models import Allocation


def digits(number: int) -> str:
    """Return an address as the digits that the database sorts."""
    return f"{number:032x}"


def taken(session: orm.Session, subnet_id: str,
          numbers: Iterable[int]) -> set[int]:
    """Return which of the addresses somebody holds."""
    found = session.scalars(
        sa.select(Allocation.position).where(
            Allocation.subnet_id == subnet_id,
            Allocation.position.in_([digits(n) for n in numbers])))
    return {int(position, 16) for position in found}


def gaps(session: orm.Session, subnet_id: str,
         pools: list[tuple[int, int]], limit: int) -> list[int]:
    """Return free addresses that follow a held one, within the pools."""
    after = orm.aliased(Allocation)
    held = sa.select(after.position).where(
        after.subnet_id == subnet_id,
        after.position == Allocation.following)
    found = session.scalars(
        sa.select(Allocation.following).where(
            Allocation.subnet_id == subnet_id,
            sa.or_(*[Allocation.following.between(digits(a), digits(b))
                     for a, b in pools]),
            ~held.exists()).limit(limit))
    return [int(following, 16) for following in found]


def insert(session: orm.Session, *, subnet_id: str, port_id: str,
           number: int, ip_address: str) -> bool:
    """Claim the address; return False when another has it."""
    try:
        with session.begin_nested():
            session.execute(sa.insert(Allocation).values(
                subnet_id=subnet_id, port_id=port_id, ip_address=ip_address,
                position=digits(number), following=digits(number + 1)))
    except exc.IntegrityError:
        return False
    return True


def release(session: orm.Session, subnet_id: str, ip_address: str) -> None:
    """Give the address back."""
    session.execute(sa.delete(Allocation).where(
        Allocation.subnet_id == subnet_id,
        Allocation.ip_address == ip_address))


def holder(session: orm.Session, subnet_id: str,
            ip_address: str) -> str | None:
    """Return the id of the port that has the address."""
    return session.scalar(sa.select(Allocation.port_id).where(
        Allocation.subnet_id == subnet_id,
        Allocation.ip_address == ip_address))
