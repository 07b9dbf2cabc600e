"""What is said of accounts, containers and objects: limits and changes."""

import re
from collections.abc import Mapping

from common import exceptions

MOST_NAME = 128
MOST_VALUE = 256
MOST_COUNT = 90
MOST_TOTAL = 4096

_ITEM = re.compile("X-(?:Account|Container|Object)-Meta-(.+)", re.DOTALL)


def merged(old: Mapping[str, str],
           change: Mapping[str, str]) -> dict[str, str]:
    """Return headers after a change in which nothing means removal.

    :raises BadRequest: if there is too much metadata then
    """
    both = {**old, **change}
    kept = {name: both[name] for name in sorted(both) if both[name]}
    check_size(kept)
    return kept


def check_size(headers: Mapping[str, str]) -> None:
    """Raise BadRequest if there is too much metadata in all."""
    items = {found[1]: value for name, value in headers.items()
             if (found := _ITEM.fullmatch(name))}
    if len(items) > MOST_COUNT:
        raise exceptions.BadRequest(
            reason=f"Too many metadata items; the limit is {MOST_COUNT}")
    total = sum(len(name) + len(value.encode())
                for name, value in items.items())
    if total > MOST_TOTAL:
        raise exceptions.BadRequest(
            reason=f"The metadata have {total} bytes; the limit is "
                   f"{MOST_TOTAL}")
