"""What a trust may be that was made by the token of another trust."""

import datetime
from typing import Any

from common import exceptions
from identity.db.delegations import Trust
from identity.delegation.trust import stands
from identity.exceptions import NotAllowed

#: Trusts that may follow the first one, unless it allows fewer.
MAX_DEPTH = 3


def depth(body: dict[str, Any], source: Trust | None) -> int:
    """Return how many trusts may follow the one that the body asks for.

    :param source: the trust by whose token it is asked for, if any
    :raises NotAllowed: if it asks for more than there may be
    """
    most = source.redelegation_count - 1 if source else MAX_DEPTH
    if most < 0:
        raise NotAllowed(reason="The trust may not be handed on.")
    wanted = body.get("redelegation_count")
    if not body.get("allow_redelegation") or wanted == 0:
        return 0
    if body.get("remaining_uses") is not None:
        raise exceptions.BadRequest(
            reason="body.trust.remaining_uses: must not be set where "
                   "redelegation is allowed")
    if wanted is not None and wanted > most:
        raise NotAllowed(
            reason=f"body.trust.redelegation_count: {wanted} is more than "
                   f"the {most} that are allowed.")
    return most if wanted is None else wanted


def check(trust: Trust, chain: list[Trust]) -> None:
    """Raise NotAllowed unless each trust of the chain covers this one.

    An end that was not asked for becomes that of the chain.
    """
    for source in chain:
        if not stands(source) or source.remaining_uses is not None:
            raise NotAllowed(reason="The trust may not be handed on.")
        roles = {role.role_id for role in source.roles}
        if not {role.role_id for role in trust.roles} <= roles:
            raise NotAllowed(
                reason="body.trust.roles: the trust does not have them all")
        if trust.project_id != source.project_id:
            raise NotAllowed(
                reason="body.trust.project_id: is not that of the trust")
        if trust.impersonation and not source.impersonation:
            raise NotAllowed(
                reason="body.trust.impersonation: the trust has none")
        trust.expires_at = _within(trust.expires_at, source.expires_at)


def _within(wanted: datetime.datetime | None,
            most: datetime.datetime | None) -> datetime.datetime | None:
    if most is None or wanted is None:
        return wanted or most
    if wanted > most:
        raise NotAllowed(
            reason="body.trust.expires_at: is after the end of the trust")
    return wanted
