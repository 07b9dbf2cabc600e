"""Tokens of trustees, who act for a trustor."""

from typing import ClassVar

from sqlalchemy import orm

from identity.db import authority as queries
from identity.db import trusts
from identity.db.delegations import Trust
from identity.db.models import PROJECT
from identity.delegation import base
from identity.exceptions import NotAllowed
from identity.tokens import UNSCOPED, Scope


class Trusts(base.Kind):
    """Some roles of the trustor, on one project, for the trustee.

    In a chain of trusts all must stand, and the roles are those of the
    first trustor.
    """

    name: ClassVar[str] = "trust"
    writes: ClassVar[bool] = True

    def look(self, session: orm.Session, delegation_id: str
             ) -> base.Allowance | None:
        chain = trusts.chain(session, delegation_id)
        if not chain or not all(stands(trust) for trust in chain):
            return None
        trust, first = chain[0], chain[-1]
        actor_id = (trust.trustor_user_id if trust.impersonation
                    else trust.trustee_user_id)
        epoch = _epoch(session, chain, actor_id)
        if epoch is None:
            return None
        scope = UNSCOPED
        if trust.project_id is not None:
            scope = Scope(PROJECT, trust.project_id)
        return base.Allowance(
            actor_id, scope, first.trustor_user_id,
            frozenset(role.role_id for role in trust.roles),
            all_or_none=True, not_after=trust.expires_at, epoch=epoch,
            shown={"OS-TRUST:trust": {
                "id": trust.id, "impersonation": trust.impersonation,
                "trustor_user": {"id": trust.trustor_user_id},
                "trustee_user": {"id": trust.trustee_user_id}}})

    def take(self, session: orm.Session, delegation_id: str,
             user_id: str) -> base.Allowance:
        """Use the trust once; to others than the trustee there is none."""
        trust = session.get(Trust, delegation_id)
        if trust is None or trust.trustee_user_id != user_id:
            raise NotAllowed(reason="This trust is none of yours.")
        if trust.remaining_uses is not None:
            if not trusts.use(session, delegation_id):
                raise NotAllowed(reason="The trust is used up.")
        allowed = self.look(session, delegation_id)
        if allowed is None:
            raise NotAllowed(reason="The trust has ended.")
        return allowed


def stands(trust: Trust) -> bool:
    """Say whether it was neither deleted nor has its time come."""
    return trust.deleted_at is None and not base.is_over(trust.expires_at)


def _epoch(session: orm.Session, chain: list[Trust],
           actor_id: str) -> int | None:
    """Return the sum of the epochs of all but the actor.

    None if one of them is gone or disabled.
    """
    everybody = {user_id for trust in chain for user_id in (
        trust.trustor_user_id, trust.trustee_user_id)}
    return queries.standing(session, *(everybody - {actor_id}))
