"""Pages of long lists, by keyset: the marker is the last id seen."""

import dataclasses
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import exceptions, wsgi

#: Members of a query schema that ``parse`` reads.
QUERY: dict[str, Any] = {
    "limit": {"type": "string", "pattern": "^[0-9]{1,9}$"},
    "marker": {"type": "string", "maxLength": 255},
    "sort_key": {"type": "array", "items": {"type": "string"},
                 "maxItems": 16},
    "sort_dir": {"type": "array", "items": {"enum": ["asc", "desc"]},
                 "maxItems": 16},
    "sort": {"type": "string", "maxLength": 255},
}


class MarkerUnknown(exceptions.BadRequest):
    message = "marker: {marker!r} is not in the list"


@dataclasses.dataclass
class Page:
    """A part of a list.

    :param sort: SQL expression and direction of each key; an expression
        never is NULL
    """

    limit: int
    marker: str | None
    sort: list[tuple[Any, str]]

    def apply(self, session: orm.Session, statement: Any,
              id_column: Any) -> Any:
        """Return ``statement`` in order, from the marker on, cut.

        :raises BadRequest: if no row has the marker as its id
        """
        keys = [*self.sort, (id_column, self._last_direction())]
        if self.marker is not None:
            statement = statement.where(
                self._after(session, keys, id_column))
        order = [key.desc() if way == "desc" else key.asc()
                 for key, way in keys]
        return statement.order_by(*order).limit(self.limit)

    def check_marker(self, session: orm.Session, column: Any,
                     seen: Any) -> None:
        """Raise MarkerUnknown if the marker is of no row that is seen.

        As if it were not there: it may be of others.

        :param column: what the marker is a value of
        :param seen: the condition of rows that may be told of
        """
        if self.marker is not None and session.execute(
                sa.select(column).where(
                    seen, column == self.marker)).first() is None:
            raise MarkerUnknown(marker=self.marker)

    def _last_direction(self) -> str:
        return self.sort[-1][1] if self.sort else "asc"

    def _after(self, session: orm.Session, keys: list[tuple[Any, str]],
               id_column: Any) -> Any:
        seen = session.execute(
            sa.select(*[key for key, _ in keys])
            .where(id_column == self.marker)).first()
        if seen is None:
            raise MarkerUnknown(marker=self.marker)
        steps = []
        for index, (key, way) in enumerate(keys):
            beyond = key < seen[index] if way == "desc" else (
                key > seen[index])
            same = [k == seen[i] for i, (k, _) in enumerate(keys[:index])]
            steps.append(sa.and_(*same, beyond))
        return sa.or_(*steps)

    def next_link(self, req: wsgi.Request,
                  rows: Sequence[Any]) -> str | None:
        """Return the address of the page after ``rows``, if one may be.

        :param rows: those of this page; each has an ``id``
        """
        if not rows or len(rows) < self.limit:
            return None
        pairs = [(name, value) for name, value in req.GET.items()
                 if name != "marker"]
        query = urllib.parse.urlencode([*pairs, ("marker", rows[-1].id)])
        return f"{req.public_url(req.path)}?{query}"


def parse(req: wsgi.Request, sort_keys: Mapping[str, Any], *,
          default: str, max_limit: int = 1000) -> Page:
    """Return the page that the query string asks for.

    Reads ``limit``, ``marker``, and ``sort_key`` with ``sort_dir`` or
    ``sort=key:direction,...``.

    :param sort_keys: the allowed keys, each with its SQL expression
    :param default: such as ``created_at:desc,name``
    :raises BadRequest: that names what is wrong and what is allowed
    """
    return Page(limit=_limit(req.GET.get("limit"), max_limit),
                marker=req.GET.get("marker") or None,
                sort=[(_expression(sort_keys, key), way)
                      for key, way in _wanted(req, default)])


def _limit(text: str | None, max_limit: int) -> int:
    if text is None or text == "":
        return max_limit
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise exceptions.BadRequest(
            reason=f"limit: {text[:32]!r} is not a number of 0 or more")
    return min(int(text), max_limit) if int(text) else max_limit


def _wanted(req: wsgi.Request, default: str) -> list[tuple[str, str]]:
    keys = req.GET.getall("sort_key")
    if not keys:
        return [_pair(part) for part in
                (req.GET.get("sort") or default).split(",")]
    ways = req.GET.getall("sort_dir")
    ways += [ways[-1] if ways else "asc"] * (len(keys) - len(ways))
    return [_pair(f"{key}:{way}")
            for key, way in zip(keys, ways, strict=False)]


def _pair(text: str) -> tuple[str, str]:
    key, _, way = text.strip().partition(":")
    way = way or "asc"
    if way not in ("asc", "desc"):
        raise exceptions.BadRequest(
            reason=f"sort direction: {way[:32]!r} is not asc or desc")
    return key, way


def _expression(sort_keys: Mapping[str, Any], key: str) -> Any:
    if key not in sort_keys:
        raise exceptions.BadRequest(
            reason=f"sort key: {key[:64]!r} is not one of "
                   f"{', '.join(sorted(sort_keys))}")
    return sort_keys[key]
