"""Which roles include which, kept in memory by revision."""

import dataclasses

from sqlalchemy import orm

from identity.db import roles as rows


@dataclasses.dataclass(frozen=True)
class RoleName:
    """What tokens show of a role."""

    id: str
    name: str
    domain_id: str | None


class RoleGraph:
    """All roles and implications as of one revision."""

    def __init__(self, names: dict[str, RoleName],
                 implied: dict[str, list[str]]) -> None:
        self.names = names
        self.implied = implied

    @classmethod
    def load(cls, session: orm.Session) -> "RoleGraph":
        """Read it: two queries."""
        names = {role_id: RoleName(role_id, name, domain_id)
                 for role_id, name, domain_id in rows.role_names(session)}
        implied: dict[str, list[str]] = {}
        for prior, other in rows.implications(session):
            implied.setdefault(prior, []).append(other)
        return cls(names, implied)

    def closure(self, role_ids: set[str]) -> set[str]:
        """Return the roles and all that they imply."""
        found: set[str] = set()
        pending = [r for r in role_ids if r in self.names]
        while pending:
            role_id = pending.pop()
            if role_id not in found:
                found.add(role_id)
                pending += self.implied.get(role_id, [])
        return found

    def effective(self, role_ids: set[str]) -> list[RoleName]:
        """Return what a token shows, sorted by name.

        Roles of a domain are not shown: they only imply others.
        """
        shown = (self.names[r] for r in self.closure(role_ids))
        return sorted((role for role in shown if role.domain_id is None),
                      key=lambda role: role.name)

    def would_loop(self, prior_id: str, implied_id: str) -> bool:
        """Say whether a role would come to imply itself."""
        return prior_id in self.closure({implied_id})


class Roles:
    """The graph as of the newest revision."""

    def __init__(self) -> None:
        self._revision = -1
        self._graph = RoleGraph({}, {})

    def at(self, session: orm.Session, revision: int) -> RoleGraph:
        """Return the graph, read anew if ``revision`` is another."""
        if revision != self._revision:
            self._graph = RoleGraph.load(session)
            self._revision = revision
        return self._graph
