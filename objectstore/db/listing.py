"""Lists of names, in the order of their bytes, rolled up at a delimiter."""

import dataclasses
from typing import Any

from sqlalchemy import orm

from objectstore import names

#: Rows read at a time. Only where more than so many lie behind one
#: rolled-up name does a list take another query.
_BATCH = 1000


@dataclasses.dataclass(frozen=True)
class Spec:
    """Which part of a list is asked for."""

    limit: int
    marker: str = ""
    end_marker: str = ""
    prefix: str = ""
    delimiter: str = ""
    reverse: bool = False


def find(session: orm.Session, statement: Any, name: Any,
         spec: Spec) -> list[Any]:
    """Return rows, and in place of those with a delimiter, its prefix.

    :param statement: selects all rows of the list
    :param name: the column with the names
    """
    found: list[Any] = []
    beyond = _start(name, spec)
    batch = max(1, min(spec.limit, _BATCH) if not spec.delimiter else _BATCH)
    order = name.desc() if spec.reverse else name.asc()
    while len(found) < spec.limit:
        rows = session.execute(
            statement.where(*_bounds(name, spec), *beyond)
            .order_by(order).limit(batch)).all()
        for row in rows:
            if len(found) < spec.limit:
                _take(found, row, spec)
        if len(rows) < batch:
            break
        beyond = _next(name, rows[-1].name, spec)
        if beyond is None:
            break
    return found


def _start(name: Any, spec: Spec) -> list[Any]:
    if not spec.marker:
        return []
    return [name < spec.marker if spec.reverse else name > spec.marker]


def _bounds(name: Any, spec: Spec) -> list[Any]:
    found = []
    if spec.end_marker:
        found.append(name > spec.end_marker if spec.reverse
                     else name < spec.end_marker)
    if spec.prefix:
        found.append(name >= spec.prefix)
        end = names.after(spec.prefix)
        if end is not None:
            found.append(name < end)
    return found


def _rolled_up(name: str, spec: Spec) -> str | None:
    """Return the prefix that stands for the name, if one does."""
    if not spec.delimiter:
        return None
    at = name.find(spec.delimiter, len(spec.prefix))
    return None if at < 0 else name[:at + len(spec.delimiter)]


def _take(found: list[Any], row: Any, spec: Spec) -> None:
    folder = _rolled_up(row.name, spec)
    if folder is None:
        found.append(row)
    elif folder != spec.marker and (not found or found[-1] != folder):
        found.append(folder)


def _next(name: Any, last: str, spec: Spec) -> list[Any] | None:
    """Return where to go on after ``last``; None at the end."""
    folder = _rolled_up(last, spec)
    if folder is None:
        return [name < last if spec.reverse else name > last]
    if spec.reverse:
        return [name < folder]
    end = names.after(folder)
    return None if end is None else [name >= end]
