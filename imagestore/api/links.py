"""Links between the pages of a list."""

import urllib.parse
from typing import Any

from common import paging, wsgi


def add(shown: dict[str, Any], req: wsgi.Request, page: paging.Page,
        count: int, last: str | None) -> dict[str, Any]:
    """Return ``shown`` with ``first`` and, if more may follow, ``next``.

    :param count: how many the page has
    :param last: marker of the last of them
    """
    shown["first"] = _link(req)
    if count and count == page.limit:
        shown["next"] = _link(req, ("marker", str(last)))
    return shown


def _link(req: wsgi.Request, *more: tuple[str, str]) -> str:
    pairs = [(name, value) for name, value in req.GET.items()
             if name != "marker"]
    query = urllib.parse.urlencode([*pairs, *more])
    return urllib.parse.quote(req.path_info) + (f"?{query}" if query else "")
