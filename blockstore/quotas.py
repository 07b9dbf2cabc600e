"""What a project may have, counted from the rows."""

import dataclasses
from typing import Any

from sqlalchemy import orm

from blockstore import exceptions
from blockstore.db import quotas as queries

#: What is counted or bounded, each with the name of its option.
RESOURCES = {
    "volumes": "quota_volumes",
    "snapshots": "quota_snapshots",
    "gigabytes": "quota_gigabytes",
    "per_volume_gigabytes": "quota_per_volume_gigabytes",
}


@dataclasses.dataclass(frozen=True)
class Quota:
    """One limit, -1 for none, and how much of it is used."""

    limit: int
    used: int

    def check(self, resource: str, more: int) -> None:
        """Raise QuotaExceeded where ``more`` do not fit."""
        if more > 0 and 0 <= self.limit < self.used + more:
            raise exceptions.QuotaExceeded(
                resource=resource, used=self.used, limit=self.limit,
                wanted=more)


class Quotas:
    """The limits of all projects.

    :param conf: the options of group ``blockstore``
    """

    def __init__(self, conf: Any) -> None:
        self._defaults = {
            resource: conf[option] for resource, option in RESOURCES.items()}

    def defaults(self) -> dict[str, int]:
        """Return the limits of projects without limits of their own."""
        return dict(self._defaults)

    def of(self, session: orm.Session,
           project_id: str) -> dict[str, Quota]:
        """Return the limits and the use of a project."""
        limits = self._defaults | queries.limits(session, project_id)
        used = queries.usage(session, project_id)
        return {resource: Quota(limits[resource], used.get(resource, 0))
                for resource in RESOURCES}

    def charge(self, session: orm.Session, project_id: str, *,
               volumes: int = 0, snapshots: int = 0, gigabytes: int,
               size_gib: int = 0) -> None:
        """Make sure that so many more fit, until the transaction ends.

        :param size_gib: size that the one volume will have, if there is one
        :raises QuotaExceeded, VolumeTooLarge: if they do not
        """
        queries.take_turn(session, project_id)
        quotas = self.of(session, project_id)
        largest = quotas["per_volume_gigabytes"].limit
        if 0 <= largest < size_gib:
            raise exceptions.VolumeTooLarge(size_gib=size_gib, limit=largest)
        for resource, more in (("volumes", volumes),
                               ("snapshots", snapshots),
                               ("gigabytes", gigabytes)):
            quotas[resource].check(resource, more)
