"""From the assignments that were made to those that have an effect."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from identity.db.models import GROUP, PROJECT, USER
from identity.roles import RoleGraph


class Entry(NamedTuple):
    """One line of a listing: an assignment, and how it came about."""

    role_id: str
    actor_kind: str
    actor_id: str
    target_kind: str
    target_id: str
    #: It works below the target only.
    inherited: bool = False
    #: The group through which a user has it.
    group_id: str | None = None
    #: The project or domain on which it was made.
    source_kind: str | None = None
    source_id: str | None = None
    #: The role that implies it, and the one that was given.
    prior_id: str | None = None
    given_id: str | None = None


def plain(row: Any) -> Entry:
    """Return an assignment, or what has its attributes, as it was made."""
    return Entry(row.role_id, row.actor_kind, row.actor_id,
                 row.target_kind, row.target_id, row.inherited)


class World:
    """What the effect of assignments depends on."""

    def __init__(self, graph: RoleGraph, members: Mapping[str, list[str]],
                 parents: Mapping[str, str | None]) -> None:
        self._graph = graph
        self._members = members
        self._children: dict[str, list[str]] = {}
        for child, parent in parents.items():
            if parent is not None:
                self._children.setdefault(parent, []).append(child)
        self._chains: dict[str, list[tuple[str, str | None]]] = {}

    def effects(self, rows: Iterable[Any]) -> Iterator[Entry]:
        """Return what users may really do, and where, once each.

        Groups become their members, inheritance the projects below,
        implication further roles.
        """
        seen: set[Entry] = set()
        for row in rows:
            for entry in self._implied(self._placed(self._peopled(row))):
                if entry not in seen:
                    seen.add(entry)
                    yield entry

    def _peopled(self, row: Any) -> Iterator[Entry]:
        entry = plain(row)
        if row.actor_kind != GROUP:
            yield entry
            return
        for user_id in self._members.get(row.actor_id, []):
            yield entry._replace(
                actor_kind=USER, actor_id=user_id, group_id=row.actor_id)

    def _placed(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if not entry.inherited:
                yield entry
                continue
            for project_id in self._below(entry.target_id):
                yield entry._replace(
                    inherited=False, target_kind=PROJECT,
                    target_id=project_id, source_kind=entry.target_kind,
                    source_id=entry.target_id)

    def _below(self, target_id: str) -> Iterator[str]:
        """Return the ids of all projects below."""
        pending = list(self._children.get(target_id, []))
        while pending:
            project_id = pending.pop(0)
            yield project_id
            pending += self._children.get(project_id, [])

    def _implied(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            for role_id, prior_id in self._chain(entry.role_id):
                if prior_id is None:
                    yield entry
                else:
                    yield entry._replace(role_id=role_id, prior_id=prior_id,
                                         given_id=entry.role_id)

    def _chain(self, role_id: str) -> list[tuple[str, str | None]]:
        """Return the roles that come with one, each with what implies it.

        Roles of a domain are left out: they only imply others.
        """
        if role_id not in self._chains:
            reached: dict[str, str | None] = {role_id: None}
            pending = [role_id]
            while pending:
                prior_id = pending.pop(0)
                for other in self._graph.implied.get(prior_id, []):
                    if other not in reached:
                        reached[other] = prior_id
                        pending.append(other)
            self._chains[role_id] = [
                (other, prior_id) for other, prior_id in reached.items()
                if self._shown(other)]
        return self._chains[role_id]

    def _shown(self, role_id: str) -> bool:
        role = self._graph.names.get(role_id)
        return role is not None and role.domain_id is None
