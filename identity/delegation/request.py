"""What bodies say of roles and times, for all that delegates."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from common import db, exceptions
from identity.exceptions import Missing
from identity.roles import RoleGraph, RoleName


def chosen(graph: RoleGraph, wanted: Iterable[Mapping[str, Any]]
           ) -> list[RoleName]:
    """Return the roles that a body names by id or by name.

    Roles of domains are none of those that tokens have.

    :raises Missing: for one that there is not
    """
    by_name = {role.name: role for role in graph.names.values()
               if role.domain_id is None}
    found: dict[str, RoleName] = {}
    for item in wanted:
        role = (graph.names.get(item["id"]) if "id" in item
                else by_name.get(item["name"]))
        if role is None or role.domain_id or item.get("domain_id"):
            raise Missing(kind="role", id=item.get("id", item.get("name")))
        found[role.id] = role
    return list(found.values())


def future(text: str | None, place: str) -> datetime.datetime | None:
    """Read an end that was asked for; without a zone it is UTC.

    :raises BadRequest: if it is no time, or over already
    """
    if text is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise exceptions.BadRequest(
            reason=f"{place}: is no time such as 2027-01-31T12:00:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    if moment <= db.utcnow():
        raise exceptions.BadRequest(reason=f"{place}: is in the past")
    return moment
