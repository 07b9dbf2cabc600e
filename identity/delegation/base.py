"""What a delegation is: somebody acts with a part of another's rights.

Kinds are a trust, an application credential, an access token of OAuth1. A
token that was made through one names it and nothing else about it: what it
allows is asked anew at each validation, so that its end, or a change of
its grantor, ends the token. A kind is made known in ``env.py``.
"""

import abc
import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import orm

from common import db, exceptions
from identity.tokens import Scope


@dataclasses.dataclass(frozen=True)
class Allowance:
    """What a delegation allows now.

    The kind answers for all users but ``user_id``, such as the trustee of
    a trust with impersonation: that they are enabled, by refusing, and
    that none of their tokens was ended since, by ``epoch``.
    """

    #: Who acts: the user that the token shows.
    user_id: str
    #: What the token is good for; a request cannot ask for another.
    scope: Scope
    #: Whose roles on the scope are handed on, as far as they hold them.
    grantor_id: str
    #: What is handed on; the token has what these imply, too, and never
    #: more than what the grantor's own roles imply.
    role_ids: frozenset[str]
    #: Once the grantor has lost one of these roles, none is handed on.
    all_or_none: bool = False
    #: A token must end by then.
    not_after: datetime.datetime | None = None
    #: Sum of ``queries.standing`` of the users other than ``user_id``.
    epoch: int = 0
    #: Members that the ``token`` object has beside the usual ones.
    shown: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def is_over(end: datetime.datetime | None) -> bool:
    """Say whether the end has come, which None never does."""
    return end is not None and end <= db.utcnow()


class Kind(abc.ABC):
    """One kind of delegation."""

    #: As it is sealed in tokens: short, and never changed.
    name: ClassVar[str]
    #: ``take`` changes something.
    writes: ClassVar[bool] = False

    @abc.abstractmethod
    def look(self, session: orm.Session, delegation_id: str
             ) -> Allowance | None:
        """Return what it allows now, None if it has ended.

        Runs at each validation of a token: a query or two, always as many.
        """

    def take(self, session: orm.Session, delegation_id: str,
             user_id: str) -> Allowance:
        """Return what it allows to the user, who has proven to be that.

        Runs once for each new token. Where ``writes`` is set, the session
        is a writer's, and what was written is undone if there is no token
        in the end.

        :raises ServiceError: if it is not theirs, has ended or is used up
        """
        allowed = self.look(session, delegation_id)
        if allowed is None or allowed.user_id != user_id:
            raise exceptions.Unauthorized()
        return allowed
