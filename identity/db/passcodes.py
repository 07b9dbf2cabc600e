"""Which one-time passcodes were used; the caller owns the transaction."""

import sqlalchemy as sa
from sqlalchemy import orm

from identity.db.authority import changed_rows, writes_unremembered
from identity.db.models import Passcodes, User


def use(session: orm.Session, user_id: str, shown_in: int | None, *,
        window: int, tries: int) -> bool:
    """Count a try, and say whether the passcode is good: once only.

    One UPDATE each compares and sets: of two who send the same passcode at
    a time, one comes in. The transaction must do nothing else: what is
    remembered elsewhere stays so.

    :param shown_in: number of the 30 seconds in which a device shows what
        was sent, None if none does
    :param window: the number now
    :param tries: those allowed within each window
    """
    writes_unremembered(session)
    _ensure(session, user_id)
    same = Passcodes.window == window
    counted = changed_rows(
        session, sa.update(Passcodes)
        .where(Passcodes.user_id == user_id,
               sa.or_(~same, Passcodes.tries < tries))
        # In this order: MariaDB assigns one after the other.
        .ordered_values(
            (Passcodes.tries, sa.case((same, Passcodes.tries + 1), else_=1)),
            (Passcodes.window, window))
        .execution_options(synchronize_session=False))
    if not counted or shown_in is None:
        return False
    return changed_rows(
        session, sa.update(Passcodes)
        .where(Passcodes.user_id == user_id, Passcodes.used < shown_in)
        .values(used=shown_in)
        .execution_options(synchronize_session=False)) == 1


def _ensure(session: orm.Session, user_id: str) -> None:
    # Nobody, and who is gone meanwhile, gets no row. Locked, so that two
    # who are the first at a time do not both insert it.
    known = session.scalar(
        sa.select(User.id).where(User.id == user_id).with_for_update())
    if known and session.get(Passcodes, user_id) is None:
        session.add(Passcodes(user_id=user_id, used=-1, window=-1, tries=0))
        session.flush()
