"""Lists: filters, fields, order and pages, the same for every resource."""

import dataclasses
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import paging, schema, wsgi
from network import exceptions

_MAX = 1000
#: Query parameters that are no filters.
_CONTROLS = {"fields", "limit", "marker", "page_reverse", "sort_key",
             "sort_dir"}
_MAX_VALUES = 500

Clause = Callable[[list[str]], Any]


@dataclasses.dataclass(frozen=True)
class Listing:
    """How a resource is listed.

    :param name: of the collection in the answer
    :param filters: by attribute, a column, or what makes a condition of
        the values given
    :param hidden: filters that only those may use who see the attribute
    :param sort_keys: by attribute, an expression that never is NULL
    """

    name: str
    model: Any
    filters: Mapping[str, Any]
    sort_keys: Mapping[str, Any]
    hidden: frozenset[str] = frozenset()

    def answer(self, req: wsgi.Request, session: orm.Session, statement: Any,
               view: Callable[[Any], dict[str, Any]], *,
               sees_hidden: bool = True) -> dict[str, Any]:
        """Return the page of ``statement`` that the query asks for."""
        statement = self._filtered(req, statement, sees_hidden)
        page, reverse = self._page(req)
        rows = list(session.scalars(
            page.apply(session, statement, self.model.id)).unique())
        if reverse:
            rows.reverse()
        chosen = req.GET.getall("fields")
        made = {self.name: [_only(view(row), chosen) for row in rows]}
        links = _links(req, rows, page, reverse)
        if links:
            made[f"{self.name}_links"] = links
        return made

    def _filtered(self, req: wsgi.Request, statement: Any,
                  sees_hidden: bool) -> Any:
        for name in dict.fromkeys(req.GET):
            if name in _CONTROLS:
                continue
            if name not in self.filters or (
                    name in self.hidden and not sees_hidden):
                raise exceptions.InvalidInput(
                    reason=f"'{name[:64]}' is not a filter of {self.name}; "
                           f"those are: {', '.join(sorted(self.filters))}")
            values = req.GET.getall(name)
            if len(values) > _MAX_VALUES:
                raise exceptions.InvalidInput(
                    reason=f"'{name}' is given more than {_MAX_VALUES} "
                           "times")
            statement = statement.where(_clause(
                self.filters[name], name, values))
        return statement

    def _page(self, req: wsgi.Request) -> tuple[paging.Page, bool]:
        reverse = schema.is_true(req.GET.get("page_reverse", "false"))
        page = paging.parse(req, self.sort_keys, default="created_at:asc",
                            max_limit=_MAX)
        if reverse:
            page.sort = [(key, "asc" if way == "desc" else "desc")
                         for key, way in page.sort]
        return page, reverse


def _clause(rule: Any, name: str, values: list[str]) -> Any:
    if not isinstance(rule, orm.InstrumentedAttribute):
        return rule(values)
    kind = rule.type
    if isinstance(kind, sa.Boolean):
        return rule.in_([_boolean(name, value) for value in values])
    if isinstance(kind, sa.Integer):
        return rule.in_([_integer(name, value) for value in values])
    if "" in values and rule.nullable:
        return sa.or_(rule.in_(values), rule.is_(None))
    return rule.in_(values)


def _boolean(name: str, text: str) -> bool:
    try:
        schema.validate(text, schema.BOOL_STRING, name)
    except exceptions.BadRequest:
        raise exceptions.InvalidInput(
            reason=f"'{text[:64]}' of {name} is not true or false"
        ) from None
    return schema.is_true(text)


def _integer(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise exceptions.InvalidInput(
            reason=f"'{text[:64]}' of {name} is not a number")
    return int(text)


def _only(shown: dict[str, Any], chosen: list[str]) -> dict[str, Any]:
    if not chosen:
        return shown
    return {name: shown[name] for name in chosen if name in shown}


def _links(req: wsgi.Request, rows: list[Any], page: paging.Page,
           reverse: bool) -> list[dict[str, str]]:
    if "limit" not in req.GET or not rows:
        return []
    full = len(rows) >= page.limit
    links = []
    if full or reverse:
        links.append({"rel": "next", "href": _href(req, rows[-1], False)})
    if page.marker and (full or not reverse):
        links.append({"rel": "previous", "href": _href(req, rows[0], True)})
    return links


def _href(req: wsgi.Request, row: Any, reverse: bool) -> str:
    pairs = [(name, value) for name, value in req.GET.items()
             if name not in ("marker", "page_reverse")]
    pairs.append(("marker", row.id))
    if reverse:
        pairs.append(("page_reverse", "True"))
    return f"{req.public_url(req.path)}?{urllib.parse.urlencode(pairs)}"


def fields(req: wsgi.Request, shown: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes that the query chooses, all by default."""
    return _only(shown, req.GET.getall("fields"))
