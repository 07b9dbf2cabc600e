"""Which one-time passcodes were used; the caller owns the transaction."""

import sqlalchemy as sa
from sqlalchemy import orm

from identity.db.authority import changed_rows, writes_unremembered
from identity.db.models import Passcodes, User


def use(session: orm.Session, user_id: str, shown_in: int) -> bool:
    """Say whether the passcode is newer than those that came in before.

    One UPDATE compares and sets: of two who send the same passcode at a
    time, one comes in. The transaction must do nothing else: what is
    remembered elsewhere stays so.

    :param shown_in: number of the 30 seconds in which a device shows it
    """
    writes_unremembered(session)
    _ensure(session, user_id)
    return changed_rows(
        session, sa.update(Passcodes)
        .where(Passcodes.user_id == user_id, Passcodes.used < shown_in)
        .values(used=shown_in)
        .execution_options(synchronize_session=False)) == 1


def _ensure(session: orm.Session, user_id: str) -> None:
    # Who is gone meanwhile gets no row. Locked, so that two who are the
    # first at a time do not both insert it.
    known = session.scalar(
        sa.select(User.id).where(User.id == user_id).with_for_update())
    if known and session.get(Passcodes, user_id) is None:
        session.add(Passcodes(user_id=user_id, used=-1))
        session.flush()
