"""From the assignments that were made to those that have an effect."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from identity.db.models import GROUP, PROJECT, USER, Assignment
from identity.roles import RoleGraph


@dataclasses.dataclass(frozen=True)
class Entry:
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
    #: The role that implies it.
    prior_id: str | None = None


def plain(row: Assignment) -> Entry:
    """Return an assignment as it was made."""
    return Entry(row.role_id, row.actor_kind, row.actor_id,
                 row.target_kind, row.target_id, row.inherited)


@dataclasses.dataclass
class World:
    """What the effect of assignments depends on."""

    graph: RoleGraph
    members: Mapping[str, list[str]]
    parents: Mapping[str, str | None]

    def __post_init__(self) -> None:
        self._children: dict[str, list[str]] = {}
        for child, parent in self.parents.items():
            if parent is not None:
                self._children.setdefault(parent, []).append(child)

    def effects(self, rows: Iterable[Assignment]) -> Iterator[Entry]:
        """Return what users may really do, and where, once each.

        Groups become their members, inheritance the projects below,
        implication further roles.
        """
        seen = set()
        for row in rows:
            for entry in self._implied(self._placed(self._peopled(row))):
                what = (entry.role_id, entry.actor_id, entry.target_kind,
                        entry.target_id, entry.group_id, entry.source_id,
                        entry.prior_id)
                if what not in seen:
                    seen.add(what)
                    yield entry

    def _peopled(self, row: Assignment) -> Iterator[Entry]:
        entry = plain(row)
        if row.actor_kind != GROUP:
            yield entry
            return
        for user_id in self.members.get(row.actor_id, []):
            yield dataclasses.replace(
                entry, actor_kind=USER, actor_id=user_id,
                group_id=row.actor_id)

    def _placed(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if not entry.inherited:
                yield entry
                continue
            for project_id in self.below(entry.target_id):
                yield dataclasses.replace(
                    entry, inherited=False, target_kind=PROJECT,
                    target_id=project_id, source_kind=entry.target_kind,
                    source_id=entry.target_id)

    def below(self, target_id: str) -> Iterator[str]:
        """Return the ids of all projects below."""
        pending = list(self._children.get(target_id, []))
        while pending:
            project_id = pending.pop(0)
            yield project_id
            pending += self._children.get(project_id, [])

    def _implied(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if self._shown(entry.role_id):
                yield entry
            done = {entry.role_id}
            pending = [entry.role_id]
            while pending:
                prior_id = pending.pop(0)
                for role_id in self.graph.implied.get(prior_id, []):
                    if role_id in done:
                        continue
                    done.add(role_id)
                    pending.append(role_id)
                    if self._shown(role_id):
                        yield dataclasses.replace(
                            entry, role_id=role_id, prior_id=prior_id)

    def _shown(self, role_id: str) -> bool:
        role = self.graph.names.get(role_id)
        return role is not None and role.domain_id is None
