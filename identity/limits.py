"""How the limits of projects and of their domain bind each other."""

import dataclasses

from sqlalchemy import orm

from identity.db import limits as rows
from identity.db.models import Limit
from identity.exceptions import NotAllowed

#: Stands for any amount.
UNLIMITED = -1


@dataclasses.dataclass(frozen=True)
class Model:
    """One way of binding.

    ``levels``: of projects below a domain that it can do with; None: any
    number of them.
    """

    name: str
    description: str
    levels: int | None = None

    def check(self, session: orm.Session, limit: Limit) -> None:
        """Raise NotAllowed if the limit cannot be beside the stored ones.

        ``limit`` may be new; its owner and registered limit are loaded.
        """


class StrictTwoLevel(Model):
    """No project may have more than its domain."""

    def check(self, session: orm.Session, limit: Limit) -> None:
        if limit.of_domain:
            given = rows.of_projects_in(
                session, limit.registered_limit_id, limit.owner_id)
            most = max((_amount(one) for one in given), default=0)
            if most > _amount(limit.resource_limit):
                raise NotAllowed(
                    reason="A project of the domain has a higher limit for "
                           f"{limit.registered.resource_name}.")
            return
        if limit.owner.domain_id is None:
            return
        above = rows.of_domain(
            session, limit.registered_limit_id, limit.owner.domain_id)
        if above is None:
            above = limit.registered.default_limit
        if _amount(limit.resource_limit) > _amount(above):
            raise NotAllowed(
                reason=f"The domain's limit for "
                       f"{limit.registered.resource_name} is {above}: a "
                       "project's cannot be higher.")


def _amount(limit: int) -> float:
    return float("inf") if limit == UNLIMITED else limit


MODELS = {model.name: model for model in (
    Model("flat", "Limit enforcement and validation does not take project "
          "hierarchy into consideration."),
    StrictTwoLevel(
        "strict_two_level", "No project has a higher limit than its domain; "
        "projects nest one level deep.", levels=1))}
