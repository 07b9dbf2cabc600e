"""What OVN's northbound database shall hold, as plain values.

A unit is what one of our resources becomes: some rows. Each row's UUID
follows from the table and a key, so it is the same in every process and at
every time; a reference is that UUID. What is ours carries our mark.
"""

import dataclasses
import uuid
from collections.abc import Iterable
from typing import Any

_NAMESPACE = uuid.UUID("8a1c4a0e-51f0-4d4a-a9f4-3f0f3f3a1c77")

#: Key of external_ids by which we know our rows; its value is the unit.
MARK = "pileus:unit"
#: Keys that say what resource and which state of it a row shows.
REVISION = "pileus:revision"
#: UUID of the row that owns this one.
OWNER = "pileus:owner"
#: UUIDs of the groups that a port was put in.
JOINED = "pileus:joined"


@dataclasses.dataclass(frozen=True)
class Ref:
    """Names a row of ours."""

    table: str
    key: str

    @property
    def uuid(self) -> uuid.UUID:
        return uuid.uuid5(_NAMESPACE, f"{self.table}/{self.key}")


@dataclasses.dataclass
class Row:
    """A row that shall be.

    :param columns: by name; a Ref, or a list of them, refers to rows
    :param parent: row and its column that own this one; None for a table
        whose rows stand alone
    :param joins: rows whose column ``ports`` shall hold this one
    """

    table: str
    key: str
    columns: dict[str, Any]
    parent: tuple[Ref, str] | None = None
    joins: list[Ref] = dataclasses.field(default_factory=list)

    @property
    def ref(self) -> Ref:
        return Ref(self.table, self.key)


def unit(kind: str, resource_id: str) -> str:
    """Return the name of the unit that a resource becomes."""
    return f"{kind}/{resource_id}"


def marked(name: str, rows: Iterable[Row],
           revision: int | None = None) -> list[Row]:
    """Return the rows with our mark: they are of the unit ``name``."""
    made = list(rows)
    for row in made:
        ids = dict(row.columns.get("external_ids", {}))
        ids[MARK] = name
        if revision is not None:
            ids[REVISION] = str(revision)
        if row.parent:
            ids[OWNER] = str(row.parent[0].uuid)
        if row.joins:
            ids[JOINED] = " ".join(sorted(str(j.uuid) for j in row.joins))
        row.columns["external_ids"] = ids
    return made
