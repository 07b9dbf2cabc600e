"""Lists of images: filters, order and pages."""

import datetime
import operator
from collections.abc import Callable
from typing import Any

import cachetools
import sqlalchemy as sa
from sqlalchemy import orm

from common import exceptions, paging, schema, wsgi
from imagestore.api import views
from imagestore.db import images
from imagestore.db.models import Image
from imagestore.policies import images as policies
from imagestore.protection import Protection
from imagestore.schemas import images as schemas

_DEFAULT_LIMIT = 25
_MAX_LIMIT = 1000

#: As Core has them: no objects are made of what is listed.
_COLUMNS: Any = Image.__table__.c

_SORT_KEYS: dict[str, Any] = {
    "id": _COLUMNS.id, "created_at": _COLUMNS.created_at,
    "updated_at": _COLUMNS.updated_at, "status": _COLUMNS.status,
    "name": sa.func.coalesce(_COLUMNS.name, ""),
    "size": sa.func.coalesce(_COLUMNS.size, 0),
    "container_format": sa.func.coalesce(_COLUMNS.container_format, ""),
    "disk_format": sa.func.coalesce(_COLUMNS.disk_format, ""),
}
#: Filters that compare text; some take ``in:a,b``.
_TEXT = {
    "id": _COLUMNS.id, "name": _COLUMNS.name, "status": _COLUMNS.status,
    "owner": _COLUMNS.project_id,
    "container_format": _COLUMNS.container_format,
    "disk_format": _COLUMNS.disk_format, "checksum": _COLUMNS.checksum,
    "os_hash_value": _COLUMNS.hash_value, "os_hash_algo": _COLUMNS.hash_algo,
}
_TAKES_IN = {"id", "name", "status", "container_format", "disk_format"}
_AT_LEAST = {"size_min": _COLUMNS.size}
_AT_MOST = {"size_max": _COLUMNS.size}
_EQUAL = {"min_disk": _COLUMNS.min_disk_gib,
          "min_ram": _COLUMNS.min_ram_mib, "size": _COLUMNS.size,
          "virtual_size": _COLUMNS.virtual_size}
_TIMES = {"created_at": _COLUMNS.created_at, "updated_at": _COLUMNS.updated_at}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "gt": operator.gt, "gte": operator.ge, "eq": operator.eq,
    "neq": operator.ne, "lt": operator.lt, "lte": operator.le,
}
_OTHERS = {"limit", "marker", "sort", "sort_key", "sort_dir", "visibility",
           "member_status", "os_hidden", "protected", "tag"}


def find(req: wsgi.Request, session: orm.Session, protection: Protection
         ) -> tuple[list[dict[str, Any]], paging.Page]:
    """Return the images of the page that is asked for, as they are shown."""
    page = _page(req)
    if page.limit == 0:
        return [], page
    _check_filters(req, protection)
    rows = session.execute(_statement(req, session, page)).all()
    properties, tags = images.details(session, [row[0] for row in rows])
    roles = req.ctx.roles
    return [protection.cleaned(views.listed(
        row, properties.get(row[0], {}), tags.get(row[0], [])), roles)
        for row in rows], page


def _statement(req: wsgi.Request, session: orm.Session,
               page: paging.Page) -> Any:
    everything = req.allowed(policies.GET_ALL_PROJECTS)
    key = (None if everything else req.ctx.project_id, everything,
           req.query_string)
    # To make it takes longer than to run it.
    made = _STATEMENTS.get(key)
    if made is None:
        scopes = None if everything else _scopes(req)
        if page.marker is not None and scopes is not None and (
                not images.is_in(session, page.marker, scopes)):
            # As if it were not there: it may be of others.
            raise paging.MarkerUnknown(marker=page.marker)
        made = images.listing(
            session, page, _conditions(req.params_checked), scopes)
        if page.marker is None:
            _STATEMENTS[key] = made
    return made


#: By whose images they list, and the query string; of first pages alone.
_STATEMENTS: cachetools.LRUCache[tuple[Any, ...], Any] = (
    cachetools.LRUCache(256))


def _page(req: wsgi.Request) -> paging.Page:
    asked = req.params_checked
    if "sort" in asked and ("sort_key" in asked or "sort_dir" in asked):
        raise exceptions.BadRequest(
            reason="sort: give either it, or sort_key with sort_dir")
    page = paging.parse(req, _SORT_KEYS, default="created_at:desc",
                        max_limit=_MAX_LIMIT)
    if "limit" not in asked:
        page.limit = _DEFAULT_LIMIT
    elif int(asked["limit"]) == 0:
        page.limit = 0
    return page


def _scopes(req: wsgi.Request) -> list[images.Scope]:
    """Return what the sender may list."""
    asked, project_id = req.params_checked, req.ctx.project_id
    found = [
        images.owned(project_id), images.visible("public"),
        images.shared_with(
            project_id, asked.get("member_status", "accepted"))]
    if asked.get("visibility") in ("community", "all"):
        found.append(images.visible("community"))
    return found


def _check_filters(req: wsgi.Request, protection: Protection) -> None:
    """Raise Forbidden if an answer would tell what may not be read."""
    for name in req.params_checked:
        if name not in schemas.LIST["properties"] and name not in _TEXT:
            protection.check("read", name, req.ctx.roles)


def _conditions(asked: dict[str, Any]) -> list[Any]:
    found: list[Any] = [
        _COLUMNS.hidden == schema.is_true(asked.get("os_hidden", "false"))]
    if asked.get("visibility", "all") != "all":
        found.append(_COLUMNS.visibility == asked["visibility"])
    found += [images.has_tag(tag) for tag in asked.get("tag", ())]
    if "protected" in asked:
        found.append(
            _COLUMNS.protected == schema.is_true(asked["protected"]))
    return found + [_filter(name, value) for name, value in asked.items()
                    if name not in _OTHERS]


def _filter(name: str, value: str) -> Any:
    if name in _TEXT:
        return _text(name, value)
    if name in _AT_LEAST:
        return _AT_LEAST[name] >= int(value)
    if name in _AT_MOST:
        return _AT_MOST[name] <= int(value)
    if name in _EQUAL:
        return _EQUAL[name] == int(value)
    if name in _TIMES:
        return _time(name, value)
    return images.has_property(name, value)


def _text(name: str, value: str) -> Any:
    if name in _TAKES_IN and value.startswith("in:"):
        return _TEXT[name].in_(_words(name, value[3:]))
    return _TEXT[name] == value


def _words(name: str, text: str) -> list[str]:
    """Return comma-separated words; quotes keep a comma in one."""
    words, word, quoted = [], "", False
    for char in text:
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            words.append(word)
            word = ""
        else:
            word += char
    if quoted:
        raise exceptions.BadRequest(
            reason=f"{name}: a quotation mark is not closed")
    return [*words, word]


def _time(name: str, value: str) -> Any:
    head, colon, rest = value.partition(":")
    if colon and head in _OPERATORS:
        compare, text = _OPERATORS[head], rest
    else:
        compare, text = operator.eq, value
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise exceptions.BadRequest(
            reason=f"{name}: {text[:64]!r} is not a time such as "
                   "2026-01-02T03:04:05Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    if compare is operator.eq and not moment.microsecond:
        # Times are shown to the second.
        return sa.and_(_TIMES[name] >= moment, _TIMES[name] < moment
                       + datetime.timedelta(seconds=1))
    return compare(_TIMES[name], moment)
