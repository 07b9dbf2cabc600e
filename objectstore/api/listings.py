"""Lists as text, JSON or XML."""

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree  # noqa: S405  # it writes only

from common import exceptions, jsontext, schema, wsgi
from objectstore.db.listing import Spec

_MOST = 10000
_TEXT, _JSON = "text/plain", "application/json"
_XML = ("application/xml", "text/xml")
_BY_NAME = {"json": _JSON, "xml": _XML[0], "plain": _TEXT, "text": _TEXT}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NAME = {"type": "string", "maxLength": 1024}
QUERY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "limit": schema.INT_STRING, "marker": _NAME, "end_marker": _NAME,
        "prefix": _NAME, "delimiter": {"type": "string", "maxLength": 64},
        "path": _NAME, "reverse": {"type": "string", "maxLength": 8},
        "format": {"type": "string", "maxLength": 16},
    },
}


def spec(req: wsgi.Request) -> Spec:
    """Return which part of the list is asked for.

    :raises PreconditionFailed: for more than 10,000 at once
    """
    asked = req.params_checked
    limit = int(asked.get("limit") or _MOST)
    if limit > _MOST:
        raise exceptions.PreconditionFailed()
    if "limit" in asked and int(asked["limit"]) == 0:
        limit = 0
    prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
    if "path" in asked:
        path = asked["path"]
        prefix = f"{path.rstrip('/')}/" if path else ""
        delimiter = "/"
    return Spec(
        limit=limit, marker=asked.get("marker", ""), prefix=prefix,
        end_marker=asked.get("end_marker", ""), delimiter=delimiter,
        reverse=schema.is_true(asked.get("reverse", "")))


def respond(req: wsgi.Request, kind: str, name: str, items: list[Any],
            view: Callable[[Any], dict[str, Any]],
            item_kind: str) -> wsgi.Response:
    """Return the list in the form that is asked for.

    :param items: rows, and texts for what was rolled up
    :param view: turns a row into the members it is shown with
    """
    form = _form(req)
    shown = [{"subdir": item} if isinstance(item, str) else view(item)
             for item in items]
    if form == _JSON:
        body = jsontext.dumps(shown)
    elif form in _XML:
        body = _xml(kind, name, shown, item_kind)
    else:
        body = "".join(f"{item.get('name', item.get('subdir'))}\n"
                       for item in shown).encode()
    response = wsgi.Response(body=body)
    response.headers["Content-Type"] = f"{form}; charset=utf-8"
    if not body:
        response.status = 204
    return response


def facts(shown: Mapping[str, Any], form: str) -> wsgi.Response:
    """Return what became of many things, as text or JSON.

    :param form: type of the content
    """
    if form == _JSON:
        body = jsontext.dumps(shown)
    else:
        lines = [f"{name}: {value}" for name, value in shown.items()
                 if not isinstance(value, list)]
        body = "\n".join([*lines, "Errors:", *(
            ", ".join(each) for each in shown["Errors"]), ""]).encode()
    response = wsgi.Response(body=body)
    response.headers["Content-Type"] = f"{form}; charset=utf-8"
    return response


def text_or_json(req: wsgi.Request) -> str:
    """Return the type of content that is asked for; text by default."""
    offers = req.accept.acceptable_offers([_TEXT, _JSON])
    return str(offers[0][0]) if offers else _TEXT


def _form(req: wsgi.Request) -> str:
    asked = req.params_checked.get("format", "").lower()
    if asked in _BY_NAME:
        return _BY_NAME[asked]
    if "Accept" not in req.headers:
        return _TEXT
    offers = req.accept.acceptable_offers([_TEXT, _JSON, *_XML])
    if not offers:
        raise exceptions.NotAcceptable(
            reason="Lists are given as text/plain, application/json, "
                   "application/xml or text/xml.")
    best: str = offers[0][0]
    return best


def _xml(kind: str, name: str, shown: list[dict[str, Any]],
         item_kind: str) -> bytes:
    root = ElementTree.Element(kind, name=_clean(name))
    for item in shown:
        if "subdir" in item:
            child = ElementTree.SubElement(
                root, "subdir", name=_clean(item["subdir"]))
            item = {"name": item["subdir"]}
        else:
            child = ElementTree.SubElement(root, item_kind)
        for key, value in item.items():
            ElementTree.SubElement(child, key).text = _clean(str(value))
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + (
        ElementTree.tostring(root, encoding="utf-8"))


def _clean(text: str) -> str:
    """Return text with what XML cannot hold replaced."""
    return _NOT_XML.sub("\ufffd", text)


def moment(value: datetime.datetime) -> str:
    """Return a time as lists show it."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
